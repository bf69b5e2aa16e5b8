#!/usr/bin/env bash
#
# The PostgreSQL server of the tests, which need not be the machine's own and never touches that.
#
#   postgres.sh serve FOLDER PORT   runs it until no test has used it for a minute, or until it is told to stop
#   postgres.sh stop FOLDER         tells it to, and waits
#
# Every test that uses the server holds a shared lock on FOLDER/users. support/postgres.rs starts it.

set -euo pipefail

readonly verb=$1 folder=$2
readonly IDLE_SECONDS=60

newest_bin() {
    printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1
}

# PostgreSQL refuses to run as root.
as=()
if [[ $EUID -eq 0 ]]; then
    user=nobody
    ! id postgres >/dev/null 2>&1 || user=postgres
    as=(setpriv "--reuid=$user" "--regid=$(id -g "$user")" --clear-groups)
fi
readonly as bin=${PHR_TEST_PG_BIN:-$(newest_bin)}

serve() {
    local port=$1 home data used
    exec 9>"$folder/supervisor"
    flock -n 9 || exit 0
    # What a killed predecessor left running.
    if [[ -e $folder/home ]]; then
        home=$(cat "$folder/home")
        "${as[@]}" "$bin/pg_ctl" stop --pgdata "$home/data" --mode immediate --silent >/dev/null 2>&1 9>&- || true
        rm -rf "$home"
    fi
    rm -f "$folder/ready"
    home=$folder/postgres
    mkdir -p "$home"
    [[ ${#as[@]} -eq 0 ]] || chown "$user" "$home"
    if ! (cd / && "${as[@]}" test -w "$home"); then
        # The sources stand where that user may not go.
        rm -rf "$home"
        home=$(mktemp -d)
        [[ ${#as[@]} -eq 0 ]] || chown "$user" "$home"
    fi
    echo "$home" >"$folder/home"
    data=$home/data
    cd "$home"
    "${as[@]}" "$bin/initdb" --pgdata "$data" --username postgres --auth trust --encoding UTF8 --locale C.UTF-8 \
        --no-sync --no-instructions >/dev/null 9>&-
    # A time zone far from UTC, so that whoever relies on the server's own is found out; or the one that the tests see.
    "${as[@]}" "$bin/postgres" -D "$data" -p "$port" -k "$home" -c listen_addresses=127.0.0.1 -c max_connections=300 \
        -c fsync=off -c synchronous_commit=off -c full_page_writes=off -c timezone="${TZ:-Asia/Kolkata}" \
        -c log_line_prefix='%d|%p|%a ' -c log_timezone=UTC 2>"$folder/log" 9>&- &
    server=$!
    trap 'kill -INT "$server" 2>/dev/null || true' TERM INT HUP
    echo "$$" >"$folder/pid"
    until "$bin/pg_isready" --quiet --host 127.0.0.1 --port "$port" 9>&-; do
        kill -0 "$server" || exit 1
        sleep 0.05
    done
    echo "$port" >"$folder/ready.new"
    mv "$folder/ready.new" "$folder/ready"
    (watch) 9>&- &
    watcher=$!
    # A signal ends the first wait; the second sees the server go.
    wait "$server" || true
    wait "$server" || true
    kill "$watcher" 2>/dev/null || true
    rm -rf "$home" "$folder/ready" "$folder/pid" "$folder/home"
}

# Ends the server when nobody has used it for a while. Holds the lock meanwhile, so that nobody begins to.
watch() {
    exec 8<>"$folder/users"
    while true; do
        flock -x 8
        used=$(stat -c %Y "$folder/users")
        flock -u 8
        sleep "$IDLE_SECONDS"
        if flock -n -x 8 && [[ $(stat -c %Y "$folder/users") == "$used" ]]; then
            rm -f "$folder/ready"
            kill -INT "$server"
            while kill -0 "$server" 2>/dev/null; do sleep 0.05; done
            return
        fi
        flock -u 8
    done
}

stop() {
    [[ -e $folder/pid ]] || return 0
    kill "$(cat "$folder/pid")" 2>/dev/null || true
    flock "$folder/supervisor" true
}

"$verb" "${@:3}"
