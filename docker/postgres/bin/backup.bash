# shellcheck shell=bash disable=SC2034,SC2154
# What those share who make backups and look after them. They run beside the nodes, on the same machine, and see their
# data directories. Read after common.bash, whose variables hold here too, and these:
#
#   PHR_PG_NODE, PHR_PG_PORT   a name that is none of the nodes', such as backup, and any port
#   PHR_PG_DATA                DATA with .pgbackrest appended is the working folder; DATA itself is not made
#   PHR_BACKUP_NODE_DATA       where each node's data directory is seen, with %s for its name. Default: DATA with this node's
#                              name replaced by %s
#   PHR_BACKUP_REPO            folder of the repository
#   PHR_BACKUP_REPO_2          folder of a second one, elsewhere: what is archived goes to both, or counts as not archived
#   PHR_BACKUP_DAYS            how long backups are kept, and any moment since can be restored. Default: 30
#   PHR_BACKUP_HOUR            the hour, UTC, after which the day's backup is made. Default: 2
#   PHR_BACKUP_PROCESSES       processes that compress and copy at once. Default: 2
#   PHR_BACKUP_MAX_AGE         hours after which backup-status finds the newest backup too old. Default: 26

: "${PHR_BACKUP_REPO:?the folder of the repository of backups}"
readonly node_data_pattern=${PHR_BACKUP_NODE_DATA:-${PHR_PG_DATA//"/$PHR_PG_NODE/"/"/%s/"}}
readonly DAY=86400

# node_data NODE: where its data directory is seen from here.
node_data() { printf '%s' "${node_data_pattern//%s/$1}"; }

# A server says in its lock file where it listens.
node_port() { sed -n 4p "$(node_data "$1")/postmaster.pid" 2>/dev/null; }

# at_node NODE ARGUMENT..: psql there, as superuser, through the socket beside the data.
at_node() {
    local node=$1 port
    shift
    port=$(node_port "$node") && [[ -n $port ]] || return
    psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$(node_data "$node").socket" -p "$port" -U "$superuser" -d postgres "$@"
}

# look: finds out which node is primary, on which timeline, and which replica follows it.
look() {
    local node answer
    primary='' timeline='' standby=''
    for node in $(others); do
        answer=$(at_node "$node" 2>/dev/null -c "SELECT CASE
            WHEN NOT pg_is_in_recovery() THEN 'primary ' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
            WHEN EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') THEN 'standby' END") || continue
        case $answer in
        primary*) [[ ${answer#* } < $timeline ]] || { primary=$node && timeline=${answer#* }; } ;;
        standby) standby=${standby:-$node} ;;
        esac
    done
    [[ -n $primary ]]
}

# write_cluster_config: for the primary that look has found, and the replica that files are read from.
write_cluster_config() {
    local servers folders
    mapfile -t folders < <(repositories)
    servers=$(server 1 "$(node_data "$primary")" "$(node_port "$primary")")
    [[ -z $standby ]] || servers+=$'\n'$(server 2 "$(node_data "$standby")" "$(node_port "$standby")")$'\nbackup-standby=y'
    write_config "$backup_config" "$servers" "${folders[@]}"
}

# write_repository_config: to read the repositories only, with no node about.
write_repository_config() {
    local folders
    mapfile -t folders < <(repositories)
    write_config "$backup_config" "$(server 1 "$PHR_PG_DATA" "$PHR_PG_PORT")" "${folders[@]}"
}

# shellcheck source-path=SCRIPTDIR source=repository.bash
. "$PHR_SCRIPTS/repository.bash"

backrest() { pgbackrest --config="$backup_config" --stanza=phr "$@"; }

# --- what the archive holds -------------------------------------------------------------------------------------------

# start_in_first INDEX: of what `information` says, the segment that a backup in the first repository begins with.
start_in_first() { jq -r --argjson index "$1" '[.[0].backup[]? | select(.database."repo-key" == 1)][$index].archive.start // empty'; }

# archived: the names of all segments in the first repository, and of the histories of timelines.
archived() {
    backrest --repo=1 --log-level-console=error repo-ls --recurse "archive/phr" | sed -n 's/.*\/\([0-9A-F]\{24\}\)-.*/\1/p; s/.*\/\([0-9A-F]\{8\}\.history\).*/\1/p' | sort
}

# lineage TIMELINE: the timelines that led to it, each with the number of the segment where it was left; itself last.
lineage() {
    local file history='' parent position
    if [[ $1 != 00000001 ]]; then
        # A repository that was made anew lacks those of earlier timelines, and has nothing of them either.
        file=$(backrest --repo=1 repo-ls --recurse "archive/phr" | grep -F "$1.history" | head -n 1) || true
        [[ -z $file ]] || history=$(backrest --repo=1 repo-get "archive/phr/$file") || return
        while read -r parent position _; do
            [[ -z $parent || $parent == \#* ]] || printf '%08X %s\n' "$parent" "$(number_at "$position")"
        done <<<"$history"
    fi
    echo "$1 end"
}

# gaps SINCE: numbers of segments that the archive lacks of those that lead from segment SINCE to its newest.
gaps() {
    local list ancestors newest last here until name
    local -A have=()
    list=$(archived)
    while read -r name; do have[$name]=1; done <<<"$list"
    newest=$(cut -c 1-8 <<<"$list" | sort | tail -n 1)
    [[ -n $newest ]] || return 0
    ancestors=$(lineage "$newest") || return
    last=$(grep -E "^${newest}[0-9A-F]{16}$" <<<"$list" | tail -n 1) || true
    here=$(number "$1")
    while read -r name until; do
        if [[ $until == end ]]; then
            [[ -n $last ]] || return 0
            until=$(($(number "$last") + 1))
        fi
        while ((here < until)); do
            [[ -n ${have[$(printf '%s%08X%08X' "$name" $((here / 256)) $((here % 256)))]:-} ]] || echo "$here"
            here=$((here + 1))
        done
    done <<<"$ancestors"
}

# ago SECONDS: for people.
ago() {
    local s=$(($(date +%s) - $1))
    if ((s < 120)); then
        echo "$s s ago"
    elif ((s < 7200)); then
        echo "$((s / 60)) min ago"
    else
        echo "$((s / 3600)) h ago"
    fi
}
