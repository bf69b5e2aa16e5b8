# shellcheck shell=bash
# What the scripts of a database node share. They need bash and PostgreSQL's own programs, and run in a container or
# outside of one: everything is told by environment variables.
#
#   PHR_PG_NODE              this node's name, such as db-main. Required. Replicas show it as application_name; the
#                            node's replication slot is the name with _ for -.
#   PHR_PG_NODES             every node as NAME=HOST:PORT, comma separated. Required. It is how this node reaches the
#                            others, so each node may have a list of its own (proxies in between).
#   PHR_PG_PRIMARY           the node that is made primary when nothing exists yet; otherwise every role is asked for
#   PHR_PG_DATA              data directory, absolute. Default: $PGDATA. Beside it stand DATA with .new, .pgpass, .lock,
#                            .log and .socket appended
#   PHR_PG_PORT              port to listen on. Default: the port of this node in PHR_PG_NODES; required where that does
#                            not name it
#   PHR_PG_LISTEN            listen_addresses. Default: 127.0.0.1
#   PHR_PG_SOCKET_DIR        folder of the Unix socket. Default: DATA.socket
#   PHR_PG_NETWORKS          from where others may connect, comma separated: CIDR, or samenet. Default: 127.0.0.1/32,::1/128
#   PHR_PG_TLS_DIR           folder with server.crt, server.key, root.crt: then nobody connects over the network without TLS
#   PHR_PG_BIN               folder of PostgreSQL's programs. Default: the newest /usr/lib/postgresql/*/bin
#   PHR_PG_OS_USER           who carries on when root calls, since PostgreSQL refuses to run as root. Default: postgres.
#                            The folder above DATA is made for that user where it is missing, and else must let it write;
#                            all folders above must let it pass.
#   PHR_PG_ROLES_SQL         the roles that migrations rely on. Default: roles.postgres.sql beside the scripts' folder,
#                            or migration/roles.postgres.sql of the checkout
#   PHR_PG_INIT_SQL          SQL to run as superuser in the new database, at its making only
#   PHR_PG_SETTINGS          further lines for postgresql.conf, applied at every start; they override ours
#   PHR_PG_SYNCHRONOUS_STANDBY_NAMES
#                            synchronous_standby_names, applied at every start. Default: none (asynchronous)
#   PHR_PG_SLOT_WAL_KEEP     WAL kept for a replica that is gone, at most (max_slot_wal_keep_size). Default: 4GB
#   PHR_PG_MEMORY            what PostgreSQL may size itself for, such as 2GB, or auto: the container's limit, or the machine's
#                            memory. Without it PostgreSQL's own defaults hold.
#   PHR_PG_MAX_CONNECTIONS   max_connections then. Default: 500
#   PHR_BACKUP_REPO          folder of the repository of backups that the primary archives to, see backup.bash. Without one
#                            archive_mode is off: nothing pretends to archive.
#   PHR_BACKUP_FROM          folder of a repository that this node is fed from, and from nothing else: it streams from
#                            nobody, so that nobody waits for it. It may be read-only. PHR_BACKUP_FROM_2 is where it finds
#                            what that one has lost.
#   PHR_PG_APPLY_DELAY       how far such a node stays behind on purpose (recovery_min_apply_delay). Default: not at all
#   PHR_PG_ARCHIVE_COMMAND   an archive_command of your own, instead of the one that PHR_BACKUP_REPO stands for
#   PHR_PG_FENCED            what a node does that was primary when another has taken over: wait (default) until it is
#                            rebuilt, exit (status 3), rebuild (drops what only it has), or ignore
#   PHR_PG_WAIT_INTERVAL     seconds between two looks for the primary. Default: 3
#   PHR_PG_WAIT_LIMIT        seconds after which a replica gives up waiting for one. Default: 300
#   PHR_ETCD_NODES           with it Patroni runs this node, see patroni.bash
#   PHR_PG_FAST              1: fsync off and no syncing, for tests. A killed process loses nothing, a killed machine may.
#
#   POSTGRES_DB              database. Default: db_patient_health_record
#   POSTGRES_USER            login that owns it and runs migrations. Default: admin
#   PHR_SERVER_USER          login of the server, a member of phr_server and of nothing else. Default: phr
#   REPLICATION_USER         login of replicas, REPLICATION and nothing else. Default: replicator
#   REWIND_USER              login of pg_rewind, four functions that read files and nothing else. Default: rewinder
#   POSTGRES_PASSWORD, PHR_SERVER_PASSWORD, REPLICATION_PASSWORD, REWIND_PASSWORD, BACKUP_KEY
#                            their passwords, and what backups are encrypted with; or, with _FILE appended, the files they stand in. No defaults.
#                            Without a REWIND_PASSWORD there is no such login, and nodes are rebuilt by copying.

# The scripts use what seems unused here.
# shellcheck disable=SC2034
set -euo pipefail

PHR_SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { printf '%s %s: %s\n' "${PHR_PG_NODE:-}" "${0##*/}" "$*" >&2; }

fail() {
    say "$*"
    exit 1
}

: "${PHR_PG_NODE:?the name of this node}" "${PHR_PG_NODES:?every node as NAME=HOST:PORT, comma separated}"
PHR_PG_DATA=${PHR_PG_DATA:-${PGDATA:-}}
[[ $PHR_PG_DATA == /* ]] || fail "PHR_PG_DATA must be an absolute path"
PHR_PG_DATA=${PHR_PG_DATA%/}

if [[ $EUID -eq 0 ]]; then
    os_user=${PHR_PG_OS_USER:-postgres}
    # A folder that is there stays as it is; it must let that user write.
    [[ -d ${PHR_PG_DATA%/*} ]] || install -d -m 700 -o "$os_user" "${PHR_PG_DATA%/*}"
    exec setpriv --reuid="$os_user" --regid="$(id -g "$os_user")" --init-groups "$(realpath "$0")" "$@"
fi
cd /

# The newest version stands last.
newest_bin() {
    local found=(/usr/lib/postgresql/*/bin)
    printf '%s\n' "${found[@]}" | sort -V | tail -n 1
}

PHR_PG_BIN=${PHR_PG_BIN:-$(newest_bin)}
[[ -x $PHR_PG_BIN/postgres ]] || fail "no PostgreSQL in $PHR_PG_BIN; set PHR_PG_BIN"
PATH=$PHR_PG_BIN:$PATH
unset PGDATA PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD PGSERVICE PGOPTIONS
# Nor do the caller's certificates matter, which root's would make libpq fail on.
export HOME=${PHR_PG_DATA%/*}

database=${POSTGRES_DB:-db_patient_health_record}
admin_user=${POSTGRES_USER:-admin}
server_user=${PHR_SERVER_USER:-phr}
replication_user=${REPLICATION_USER:-replicator}
rewind_user=${REWIND_USER:-rewinder}
readonly database admin_user server_user replication_user rewind_user
readonly superuser=postgres
readonly new_data=$PHR_PG_DATA.new
readonly passfile=$PHR_PG_DATA.pgpass
export PGPASSFILE=$passfile PGCONNECT_TIMEOUT=3 PGAPPNAME=$PHR_PG_NODE
umask 077
mkdir -p "${PHR_PG_DATA%/*}"

# --- names and addresses ----------------------------------------------------------------------------------------------

nodes() { tr ',' '\n' <<<"$PHR_PG_NODES" | sed 's/[[:space:]]//g; /^$/d; s/=.*//'; }

others() { nodes | grep -vxF -- "$PHR_PG_NODE" || true; }

# address_of NODE: HOST:PORT
address_of() { tr ',' '\n' <<<"$PHR_PG_NODES" | sed 's/[[:space:]]//g' | awk -v name="$1" -F= '$1 == name { print $2; exit }'; }

host_of() {
    local address
    address=$(address_of "$1")
    printf '%s' "${address%:*}"
}

port_of() {
    local address
    address=$(address_of "$1")
    printf '%s' "${address##*:}"
}

slot_of() { printf '%s' "${1//-/_}"; }

PHR_PG_PORT=${PHR_PG_PORT:-$(port_of "$PHR_PG_NODE")}
[[ -n $PHR_PG_PORT ]] || fail "PHR_PG_NODES does not name $PHR_PG_NODE, and there is no PHR_PG_PORT"
socket_dir=${PHR_PG_SOCKET_DIR:-$PHR_PG_DATA.socket}
readonly socket_dir
mkdir -p "$socket_dir" "$PHR_PG_DATA.socket"
# What pgBackRest knows: of the repository that is archived to, and of the one that this node is fed from.
readonly backrest_folder=$PHR_PG_DATA.pgbackrest
readonly backup_config=$backrest_folder/backup.conf feed_config=$backrest_folder/feed.conf

# --- secrets ----------------------------------------------------------------------------------------------------------

# secret NAME: the value of the variable, or what stands in the file that NAME_FILE names; else nothing.
secret() {
    local file_variable=$1_FILE
    if [[ -n ${!1:-} ]]; then
        printf '%s' "${!1}"
    elif [[ -n ${!file_variable:-} ]]; then
        [[ -r ${!file_variable} ]] || fail "cannot read $file_variable, ${!file_variable}"
        printf '%s' "$(<"${!file_variable}")"
    fi
}

required_secret() {
    local value
    value=$(secret "$1")
    [[ -n $value ]] || fail "$1 or $1_FILE is missing: nothing starts without a password, and none is built in"
    printf '%s' "$value"
}

passfile_field() {
    local text=${1//\\/\\\\}
    printf '%s' "${text//:/\\:}"
}

# What this node knows itself by at the others, where libpq looks for it.
write_passfile() {
    local replication rewind
    replication=$(required_secret REPLICATION_PASSWORD)
    rewind=$(secret REWIND_PASSWORD)
    {
        printf '*:*:*:%s:%s\n' "$replication_user" "$(passfile_field "$replication")"
        [[ -z $rewind ]] || printf '*:*:*:%s:%s\n' "$rewind_user" "$(passfile_field "$rewind")"
    } >"$passfile.$$"
    mv "$passfile.$$" "$passfile"
}

# shellcheck source-path=SCRIPTDIR source=settings.bash
. "$PHR_SCRIPTS/settings.bash"

# --- this node --------------------------------------------------------------------------------------------------------

# Held by every running server and by everything that changes its files, across containers too.
lock() {
    # Patroni holds it for what it starts.
    [[ -z ${PHR_PG_LOCKED:-} ]] || return 0
    exec 9>>"$PHR_PG_DATA.lock"
    flock --exclusive --wait "${lock_wait:-10}" 9 || fail "$PHR_PG_DATA is in use: stop this node first"
}

# A server's working directory is its data directory; a process id alone says nothing in another container.
is_running() {
    local pid
    pid=$(head -n 1 "$PHR_PG_DATA/postmaster.pid" 2>/dev/null) || return 1
    [[ $(readlink "/proc/$pid/cwd" 2>/dev/null) == "$PHR_PG_DATA" ]]
}

is_cluster() { [[ -f $PHR_PG_DATA/PG_VERSION ]]; }

is_standby_data() { [[ -f $PHR_PG_DATA/standby.signal ]]; }

# control DATA LABEL: one line of the control file.
control() { LC_ALL=C pg_controldata -D "$1" | sed -n "s/^$2: *//p"; }

as_superuser() { psql -X -q -v ON_ERROR_STOP=1 -h "$socket_dir" -p "$PHR_PG_PORT" -U "$superuser" -d postgres "$@"; }

# start_server: in the background, until it answers. The log goes beside the data.
start_server() {
    pg_ctl start --wait --silent -D "$PHR_PG_DATA" -l "$PHR_PG_DATA.log" </dev/null >/dev/null ||
        fail "PostgreSQL did not start; see $PHR_PG_DATA.log"
}

# Puts a finished data directory in its place.
install_data() {
    rm -rf "$PHR_PG_DATA"
    mv "$new_data" "$PHR_PG_DATA"
}

clear_data() {
    # A mount point cannot be replaced, and its folder may not be ours to rename.
    if mountpoint -q "$PHR_PG_DATA" 2>/dev/null; then
        fail "mount the folder above $PHR_PG_DATA instead: a data directory is replaced as a whole"
    fi
    rm -rf "$new_data"
}

# --- the other nodes --------------------------------------------------------------------------------------------------

# identify NODE: "SYSTEM TIMELINE primary|replica", or fails. Needs no more than the right to replicate.
identify() {
    local answer
    answer=$(psql -X -q -A -t -F ' ' -v ON_ERROR_STOP=1 \
        "host=$(host_of "$1") port=$(port_of "$1") user=$replication_user replication=true$(tls_parameters)" \
        -c 'IDENTIFY_SYSTEM' -c 'SHOW in_hot_standby' 2>/dev/null) || return 1
    awk 'NR == 1 { system_id = $1; timeline = $2 } NR == 2 { print system_id, timeline, ($1 == "on" ? "replica" : "primary") }' \
        <<<"$answer"
}

# The primary among the other nodes: the one on the highest timeline, should there be two.
find_primary() {
    local node answer
    for node in $(others); do
        pg_isready -q -t 2 -h "$(host_of "$node")" -p "$(port_of "$node")" || continue
        answer=$(identify "$node") || continue
        [[ $answer != *primary ]] || echo "$(cut -d ' ' -f 2 <<<"$answer") $node"
    done | sort -rn | head -n 1 | cut -d ' ' -f 2
}

# wait_for_primary: its name, as soon as there is one.
wait_for_primary() {
    local primary deadline=$((SECONDS + ${PHR_PG_WAIT_LIMIT:-300})) told=
    until primary=$(find_primary) && [[ -n $primary ]]; do
        [[ $SECONDS -lt $deadline ]] || fail "no primary among $(others | paste -sd ' ') in ${PHR_PG_WAIT_LIMIT:-300} s"
        [[ -n $told ]] || say "waiting for a primary among $(others | paste -sd ' ')"
        told=yes
        sleep "${PHR_PG_WAIT_INTERVAL:-3}"
    done
    printf '%s' "$primary"
}

# copy_from NODE: the primary's files, and the WAL of the meantime, into DATA.new; then in place of what there was.
copy_from() {
    local sync=() slot
    [[ ${PHR_PG_FAST:-} != 1 ]] || sync=(--no-sync)
    clear_data
    # A slot that was given up serves nobody again, so an idle one makes room for a new one.
    slot=$(slot_of "$PHR_PG_NODE")
    psql -X -q "host=$(host_of "$1") port=$(port_of "$1") user=$replication_user replication=true$(tls_parameters)" \
        -c "DROP_REPLICATION_SLOT $slot" -c "CREATE_REPLICATION_SLOT $slot PHYSICAL" >/dev/null 2>&1 || true
    pg_basebackup -D "$new_data" -X stream -R -S "$slot" --checkpoint=fast "${sync[@]}" \
        -d "host=$(host_of "$1") port=$(port_of "$1") user=$replication_user$(tls_parameters)" || fail "cannot copy from $1"
    chmod 700 "$new_data"
    # -R has made it a standby; whom to follow is told by phr.conf at every start.
    forget_copied_settings "$new_data"
    write_settings "$new_data"
    install_data
}

# slots_for_others: on the node's own server. Nothing is kept for a replica until it has first connected.
slots_for_others() {
    local node
    for node in $(others); do
        echo "SELECT pg_create_physical_replication_slot('$(slot_of "$node")')
               WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$(slot_of "$node")');"
    done
}
