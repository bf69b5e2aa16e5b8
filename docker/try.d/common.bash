# What docker/try and docker/try-ha share. They set COMPOSE_PROJECT_NAME, folder, compose_file and everything, which names
# the services to look after.
# shellcheck shell=bash disable=SC2034,SC2154
compose=(docker compose)
"${compose[@]}" version >/dev/null 2>&1 || compose=(docker-compose)

log=$(mktemp)
failed=0

dc() { "${compose[@]}" -f "$folder/$compose_file" "$@" </dev/null 2>>"$log"; }

quietly() { "$@" >>"$log" 2>&1; }

# The container's name differs between Compose's versions; its id is found by label. One-off containers have oneoff=True.
container() {
    docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" \
        --filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False
}

state() { docker inspect -f "{{.State.$1}}" "$(container "$2")" 2>/dev/null; }

health() { state Health.Status "$1"; }

sql() { docker exec -i "$(container "$1")" psql -X -q -A -t -h /run/postgresql -d postgres -c "$2" 2>>"$log"; }

now() { date +%s%N; }

since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f", (to - from) / 1e9 }'; }

# within SECONDS COMMAND..: until it succeeds.
within() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        [[ $SECONDS -lt $deadline ]] || return 1
        sleep 0.1
    done
}

is() { [[ $("${@:2}") == "$1" ]]; }

# check WHAT WANTED SEEN [SECONDS]
check() {
    local mark=ok
    [[ $3 == "$2" ]] || { mark=FAILED && failed=$((failed + 1)); }
    printf '%-7s %-66s %-22s %6s\n' "$mark" "$1" "$3" "${4:-}"
}

streaming() { sql "$1" "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"; }

has_server() { [[ ${everything[*]} == *server* ]]; }

all_healthy() {
    local service
    for service in "${everything[@]}"; do [[ $(health "$service") == healthy ]] || return; done
}

answers() {
    if [[ $1 == server ]]; then is 200 first_line http GET /healthz/ready; else is 1 sql "$1" 'SELECT 1'; fi
}

first_line() { "$@" | head -n 1; }
