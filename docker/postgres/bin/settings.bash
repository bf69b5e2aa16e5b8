# shellcheck shell=bash disable=SC2154
# What a node writes down before it starts: postgresql.conf's part, who may connect, and what pgBackRest is told. Read by
# common.bash, which lists the variables.

# --- backups ----------------------------------------------------------------------------------------------------------

pgbackrest_command() { printf 'pgbackrest --config=%s --stanza=phr' "$1"; }

# repository NUMBER FOLDER: its lines, of whatever is archived to or read.
repository() {
    local key
    key=$(required_secret BACKUP_KEY)
    echo "repo$1-path=$2"
    echo "repo$1-cipher-type=aes-256-cbc"
    echo "repo$1-cipher-pass=$key"
    echo "repo$1-retention-full-type=time"
    echo "repo$1-retention-full=${PHR_BACKUP_DAYS:-30}"
    echo "repo$1-bundle=y"
}

# server NUMBER DATA PORT: the lines of a PostgreSQL server that files are taken from.
server() {
    printf "pg$1-%s\n" "path=$2" "port=$3" "socket-path=$2.socket" "user=$superuser"
}

# write_config FILE SERVERS FOLDER..: what pgBackRest is told of these servers, and of the repositories in these folders.
write_config() {
    local file=$1 servers=$2 number=0 folder lines
    shift 2
    mkdir -p "$backrest_folder/lock"
    lines=$(
        echo "[global]"
        for folder in "$@"; do repository $((number += 1)) "$folder"; done
        printf '%s\n' compress-type=zst start-fast=y archive-timeout=60 log-level-file=off log-level-console=warn \
            log-timestamp=n "process-max=${PHR_BACKUP_PROCESSES:-2}" "lock-path=$backrest_folder/lock" "[phr]" "$servers"
    ) || exit
    printf '%s\n' "$lines" >"$file.$$"
    mv "$file.$$" "$file"
}

# The repositories that are archived to.
repositories() {
    printf '%s\n' "${PHR_BACKUP_REPO:-}"
    [[ -z ${PHR_BACKUP_REPO_2:-} ]] || printf '%s\n' "$PHR_BACKUP_REPO_2"
}

# write_backup_configs: for archive_command and restore_command, at every start.
write_backup_configs() {
    local folders second
    mapfile -t folders < <(repositories)
    [[ -z ${PHR_BACKUP_REPO:-} ]] || write_config "$backup_config" "$(server 1 "$PHR_PG_DATA" "$PHR_PG_PORT")" "${folders[@]}"
    second=()
    [[ -z ${PHR_BACKUP_FROM_2:-} ]] || second=("$PHR_BACKUP_FROM_2")
    ! is_fed || write_config "$feed_config" "$(server 1 "$PHR_PG_DATA" "$PHR_PG_PORT")" "$PHR_BACKUP_FROM" "${second[@]}"
}

# --- settings ---------------------------------------------------------------------------------------------------------

# One value of postgresql.conf, or of a connection string.
quoted() { printf "'%s'" "${1//\'/\'\'}"; }

tls_parameters() {
    [[ -z ${PHR_PG_TLS_DIR:-} ]] || printf ' sslmode=verify-full sslrootcert=%s' "$PHR_PG_TLS_DIR/root.crt"
}

# replication_connection NODE..: several may be named; whichever is primary is followed, so that a promotion needs no
# change here. A peer that vanished without a word is given up after some ten seconds.
replication_connection() {
    local node hosts=() ports=() IFS=,
    for node in "$@"; do
        hosts+=("$(host_of "$node")")
        ports+=("$(port_of "$node")")
    done
    printf 'host=%s port=%s user=%s passfile=%s application_name=%s target_session_attrs=primary' \
        "${hosts[*]}" "${ports[*]}" "$replication_user" "$passfile" "$PHR_PG_NODE"
    printf ' connect_timeout=3 keepalives_idle=5 keepalives_interval=2 keepalives_count=3 tcp_user_timeout=10000%s' \
        "$(tls_parameters)"
}

# has_patroni: Patroni decides who is primary, whom to follow, and whom to wait for. See patroni.bash.
has_patroni() { [[ -n ${PHR_ETCD_NODES:-} ]]; }

# is_fed: this node takes everything from a repository of backups, and streams from nobody.
is_fed() { [[ -n ${PHR_BACKUP_FROM:-} ]]; }

sockets() {
    printf '%s' "$socket_dir"
    [[ $socket_dir == "$PHR_PG_DATA.socket" ]] || printf ', %s' "$PHR_PG_DATA.socket"
}

archive_settings() {
    local command=${PHR_PG_ARCHIVE_COMMAND:-}
    [[ -n $command || -z ${PHR_BACKUP_REPO:-} ]] || command="$PHR_SCRIPTS/archive-wal $backup_config %p"
    if [[ -z $command ]]; then
        echo "archive_mode = off"
        return
    fi
    echo "archive_mode = on"
    echo "archive_command = $(quoted "$command")"
    echo "# What was written since the last archived segment is lost with a site: half a minute, and the time to archive it."
    echo "archive_timeout = ${PHR_PG_ARCHIVE_TIMEOUT:-30s}"
}

feed_settings() {
    echo "restore_command = $(quoted "$(pgbackrest_command "$feed_config") archive-get %f \"%p\"")"
    echo "recovery_target_timeline = 'latest'"
    echo "# There is a new segment every half a minute at most; asking costs a process."
    echo "wal_retrieve_retry_interval = 5s"
    [[ -z ${PHR_PG_APPLY_DELAY:-} ]] || echo "recovery_min_apply_delay = $(quoted "$PHR_PG_APPLY_DELAY")"
}

# megabytes TEXT: of a size as PostgreSQL writes it, such as 2GB.
megabytes() {
    case $1 in
    *[0-9]GB) echo $((${1%GB} * 1024)) ;;
    *[0-9]MB) echo "${1%MB}" ;;
    *) fail "PHR_PG_MEMORY is $1; write it like 512MB or 4GB, or auto" ;;
    esac
}

# memory: megabytes that there are for this node: the container's limit, where it has one below the machine's memory.
memory() {
    local machine limit file
    [[ $PHR_PG_MEMORY == auto ]] || { megabytes "$PHR_PG_MEMORY" && return; }
    machine=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)
    for file in /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes; do
        limit=$(cat "$file" 2>/dev/null) || continue
        [[ $limit =~ ^[0-9]{1,15}$ ]] || continue
        ((limit / 1048576 >= machine)) || machine=$((limit / 1048576))
    done
    echo "$machine"
}

least() { if (($1 < $2)); then echo "$1"; else echo "$2"; fi; }

# What the sources of this project want, as far as the memory allows: a quarter for shared buffers, three for the cache.
memory_settings() {
    local memory
    [[ -n ${PHR_PG_MEMORY:-} ]] || return 0
    memory=$(memory)
    echo "shared_buffers = $(least 512 $((memory / 4)))MB"
    echo "effective_cache_size = $(least 4096 $((memory * 3 / 4)))MB"
    echo "work_mem = $(least 8192 $((memory * 4)))kB"
    echo "maintenance_work_mem = $(least 256 $((memory / 16)))MB"
    echo "# The same on every node, whatever its memory: a replica that allows fewer than its primary does not follow it."
    echo "max_connections = ${PHR_PG_MAX_CONNECTIONS:-500}"
}

# settings: the lines of phr.conf. With Patroni, which writes postgresql.conf itself, they are handed to it.
settings() {
    local others
    mapfile -t others < <(others)
    echo "listen_addresses = $(quoted "${PHR_PG_LISTEN:-127.0.0.1}")"
    echo "port = $PHR_PG_PORT"
    # Beside the data too, where those who make backups reach it by the node's volume.
    echo "unix_socket_directories = $(quoted "$(sockets)")"
    echo "unix_socket_permissions = 0700"
    echo "timezone = 'UTC'"
    echo "log_timezone = 'UTC'"
    echo "password_encryption = 'scram-sha-256'"
    echo
    echo "wal_level = replica"
    echo "hot_standby = on"
    echo "max_wal_senders = 10"
    echo "max_replication_slots = 10"
    echo "# A replica that is gone for good cannot fill the primary's disk: its slot is given up instead."
    echo "max_slot_wal_keep_size = ${PHR_PG_SLOT_WAL_KEEP:-4GB}"
    echo "# For the moment after a promotion, when the other replicas' slots on the new primary hold nothing yet."
    echo "wal_keep_size = 256MB"
    echo "wal_sender_timeout = 10s"
    echo "wal_receiver_timeout = 10s"
    echo "wal_retrieve_retry_interval = 1s"
    has_patroni || echo "synchronous_standby_names = $(quoted "${PHR_PG_SYNCHRONOUS_STANDBY_NAMES:-}")"
    if is_fed; then
        feed_settings
    elif [[ ${#others[@]} -gt 0 ]] && ! has_patroni; then
        echo "primary_conninfo = $(quoted "$(replication_connection "${others[@]}")")"
        echo "primary_slot_name = $(quoted "$(slot_of "$PHR_PG_NODE")")"
    fi
    archive_settings
    memory_settings
    echo
    echo "# A refused row stands in an error's DETAIL, and a patient's data in a statement: neither is for a log."
    echo "log_error_verbosity = terse"
    echo "log_min_error_statement = panic"
    echo "log_parameter_max_length_on_error = 0"
    echo "log_line_prefix = '%m [%p] %q%u@%d '"
    if [[ -n ${PHR_PG_TLS_DIR:-} ]]; then
        echo "ssl = on"
        echo "ssl_cert_file = $(quoted "$PHR_PG_TLS_DIR/server.crt")"
        echo "ssl_key_file = $(quoted "$PHR_PG_TLS_DIR/server.key")"
        echo "ssl_ca_file = $(quoted "$PHR_PG_TLS_DIR/root.crt")"
    fi
    if [[ ${PHR_PG_FAST:-} == 1 ]]; then
        echo "fsync = off"
    fi
    printf '%s\n' "${PHR_PG_SETTINGS:-}"
}

# write_settings DATA: phr.conf and pg_hba.conf, from the environment, at every start.
write_settings() {
    local data=$1
    write_backup_configs
    if ! has_patroni; then
        {
            echo "# Written at every start from the environment; changes made here are lost. See PHR_PG_SETTINGS."
            settings
        } >"$data/phr.conf"
        grep -qxF "include 'phr.conf'" "$data/postgresql.conf" || echo "include 'phr.conf'" >>"$data/postgresql.conf"
    fi
    write_access "$data"
}

# The superuser has no password: only whoever runs this node may act as it, through the socket.
identities() { echo "operator $(id -un) $superuser"; }

# access DATA: the lines of pg_hba.conf.
access() {
    local host=host network
    [[ -z ${PHR_PG_TLS_DIR:-} ]] || host=hostssl
    echo "local all $superuser peer map=operator"
    echo "local replication $replication_user scram-sha-256"
    echo "local all all scram-sha-256"
    tr ',' '\n' <<<"${PHR_PG_NETWORKS:-127.0.0.1/32,::1/128}" | while read -r network; do
        [[ -n $network ]] || continue
        echo "$host replication $replication_user $network scram-sha-256"
        echo "$host postgres $rewind_user $network scram-sha-256"
        echo "$host all $replication_user,$rewind_user $network reject"
        echo "$host all all $network scram-sha-256"
    done
    if [[ -f $1/phr_listeners ]]; then
        while read -r network; do
            echo "$host replication $replication_user $network scram-sha-256"
        done <"$1/phr_listeners"
    fi
}

write_access() {
    identities >"$1/pg_ident.conf"
    {
        echo "# Written at every start from the environment. See PHR_PG_NETWORKS, and add-listener."
        access "$1"
    } >"$1/pg_hba.conf"
}

# Settings that belong to another node, or to an earlier time, and would override ours.
forget_copied_settings() {
    # Patroni names its node's files in a postgresql.conf of its own, and keeps ours beside it.
    has_patroni || [[ ! -f $1/postgresql.base.conf ]] || mv "$1/postgresql.base.conf" "$1/postgresql.conf"
    [[ ! -f $1/postgresql.auto.conf ]] || sed -i '/^primary_conninfo/d; /^primary_slot_name/d' "$1/postgresql.auto.conf"
}
