# shellcheck shell=bash disable=SC2034
# What docker/restore, docker/drill and docker/fetch-table share: which installation is meant, and how Compose is called.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

# use_profile plain|ha: sets compose_file, image and nodes, and the project's name where the caller has not.
use_profile() {
    if [[ $1 == ha ]]; then
        compose_file=compose.ha.yaml image=phr-ha nodes=(db-01 db-02 db-03)
        export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-phr-ha}
    else
        compose_file=compose.yaml image=phr-postgres nodes=(db-main db-replica-01 db-replica-02)
        export COMPOSE_PROJECT_NAME=${COMPOSE_PROJECT_NAME:-phr}
    fi
    compose=(docker compose)
    "${compose[@]}" version >/dev/null 2>&1 || compose=(docker-compose)
}

dc() { "${compose[@]}" -f "$here/$compose_file" "$@"; }

# The container's name differs between Compose's versions; its id is found by label. One-off containers have oneoff=True.
container() {
    docker ps -aq --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME" \
        --filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False
}

runs() { [[ -n $(container "$1") && $(docker inspect -f '{{.State.Running}}' "$(container "$1")" 2>/dev/null) == true ]]; }

sql_at() { docker exec -i "$(container "$1")" psql -X -q -A -t -v ON_ERROR_STOP=1 -h /run/postgresql -d "${3:-postgres}" -c "$2"; }

# primary: the first of the nodes that is one.
primary() {
    local node
    for node in "${nodes[@]}"; do
        [[ $(sql_at "$node" 'SELECT pg_is_in_recovery()' 2>/dev/null) != f ]] || { echo "$node" && return; }
    done
    return 1
}
