# shellcheck shell=bash disable=SC2154
# What those share who read a repository of backups. Read after common.bash.

readonly WRONG_KEY="BACKUP_KEY is not the key that it was made with, or its files were altered"

# information CONFIG FOLDER: what pgBackRest knows of the repositories, as JSON. Why that in FOLDER cannot be read, it says.
information() {
    local config=$1 folder=$2 found code
    [[ -d $folder ]] || fail "there is no folder $folder: is it mounted?"
    [[ -r $folder && -x $folder ]] || fail "$folder cannot be read: it belongs to $(stat -c %U:%G "$folder"), this is $(id -un)"
    found=$(pgbackrest --config="$config" --stanza=phr --log-level-console=off --log-level-stderr=error info --output=json 2>&1 |
        LC_ALL=C tr -cd '[:print:]\n') || fail "$folder cannot be read: $found"
    # A file that is decrypted wrongly is quoted in the answer, which need not be JSON then.
    case $found in
    *CryptoError* | *FormatError* | *ChecksumError*) fail "$folder cannot be decrypted: $WRONG_KEY. Nothing was changed" ;;
    esac
    code=$(jq -r '[.[0].repo[]?.status.code] | max // 0' <<<"$found" 2>/dev/null) || fail "$folder cannot be read: $found"
    # 99 stands for whatever pgBackRest could not read; the others for what is not there yet.
    [[ $code != 99 ]] || fail "$folder cannot be read: $(jq -r '[.[0].repo[].status.message] | join("; ")' <<<"$found")"
    printf '%s' "$found"
}

# check_feed: refuses where the repository that this node is fed from is another cluster's. One that cannot be read now may
# be back later.
check_feed() {
    local found
    found=$(information "$feed_config" "$PHR_BACKUP_FROM") || return 0
    # jq would round the number.
    [[ $(grep -o '"system-id":[0-9]*' <<<"$found" | tail -n 1 | cut -d : -f 2) == "$(control "$PHR_PG_DATA" 'Database system identifier')" ]] ||
        fail "$PHR_PG_DATA belongs to another cluster than the backups in $PHR_BACKUP_FROM: left as it is"
}

# number SEGMENT: its place in the log, whatever its timeline.
number() { echo $((16#${1:8:8} * 256 + 16#${1:16:8})); }

# number_at LSN
number_at() { echo $((16#${1%/*} * 256 + (16#${1#*/} >> 24))); }

# restore_files SET ARGUMENT..: a backup's files into DATA.new, each checked by its checksum; the figures as they grow.
restore_files() {
    local set=$1 size log=$PHR_PG_DATA.restore.log pid
    shift
    size=$(information "$feed_config" "$PHR_BACKUP_FROM" | jq -r --arg set "$set" '.[0].backup[] | select(.label == $set).info.size')
    clear_data
    mkdir -p "$new_data"
    pgbackrest --config="$feed_config" --stanza=phr --pg1-path="$new_data" --set="$set" --log-level-console=warn "$@" restore \
        >"$log" 2>&1 &
    pid=$!
    while sleep 1 && kill -0 "$pid" 2>/dev/null; do
        ((SECONDS % 5)) || say "$(du -sm "$new_data" 2>/dev/null | cut -f 1) of $((size / 1048576)) MB are there"
    done
    if ! wait "$pid"; then
        rm -rf "$new_data"
        ! grep -q -i -e checksum -e CryptoError -e FormatError "$log" ||
            say "backup $set was altered since it was made, or its disk has forgotten it: choose a moment that an earlier one reaches, or another repository"
        fail "nothing was restored: $(LC_ALL=C tr -cd '[:print:]\n' <"$log" | grep -v '^ *HINT' | head -n 3)"
    fi
    rm -f "$log"
    forget_copied_settings "$new_data"
}
