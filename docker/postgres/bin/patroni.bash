# shellcheck shell=bash
# What a node knows that Patroni runs. Patroni keeps a lock in etcd: whoever holds it is primary, and only a replica
# that has every acknowledged commit may take it. Read after common.bash, whose variables hold here too, and these:
#
#   PHR_ETCD_NODES           the members of etcd for clients, as NAME=HOST:PORT, comma separated. Required.
#   PHR_ETCD_TLS_DIR         folder with server.crt, server.key, root.crt, which etcd and the other nodes' REST API are
#                            spoken to with. Default: $PHR_PG_TLS_DIR. Required: etcd serves nobody without a certificate.
#   PHR_ETCD_PROXIED         1: only the addresses above are used, never those that etcd tells (proxies in between)
#   PHR_PATRONI_ADDRESS      HOST:PORT that the others reach this node's REST API by. Default: its host, port 8008
#   PHR_PATRONI_LISTEN       HOST:PORT to listen on. Default: PHR_PATRONI_ADDRESS
#   PHR_PATRONI_BIN          folder of the python3 that has Patroni. Default: /opt/patroni/bin
#   PATRONI_PASSWORD         password that changes through the REST API want besides a certificate; or PATRONI_PASSWORD_FILE
#   PHR_HA_TTL, PHR_HA_LOOP, PHR_HA_RETRY
#                            seconds: how long the primary's lock holds without renewal, between two looks, and until a
#                            question to etcd or PostgreSQL is given up. They stand in etcd from the first start on;
#                            `patroni-ctl edit-config` changes them afterwards.

# The scripts use what seems unused here.
# shellcheck disable=SC2034
readonly patroni_bin=${PHR_PATRONI_BIN:-/opt/patroni/bin}
# The shortest that Patroni allows: 20 for the lock, 3 for a question.
readonly DEFAULT_TTL=20 DEFAULT_LOOP=1 DEFAULT_RETRY=3
readonly patroni_config=$PHR_PG_DATA.patroni.yml

# Patroni hands these to PostgreSQL on the command line, the same on every node, so they stand in etcd.
readonly SHARED='^(wal_level|hot_standby|max_connections|max_wal_senders|max_replication_slots|max_worker_processes|max_locks_per_transaction|max_prepared_transactions|wal_keep_size|track_commit_timestamp|wal_log_hints)$'
readonly OWN='^(listen_addresses|port|cluster_name)$'

# yaml_settings shared|local INDENT: lines of postgresql.conf as YAML. Both quote with ' and double it.
yaml_settings() {
    settings | awk -v which="$1" -v indent="$2" -v shared="$SHARED" -v own="$OWN" '
        /^[[:space:]]*(#|$)/ { next }
        {
            at = index($0, "="); name = substr($0, 1, at - 1); value = substr($0, at + 1)
            gsub(/[[:space:]]/, "", name); gsub(/^[[:space:]]+|[[:space:]]+$/, "", value)
            if (name ~ own || (name ~ shared) != (which == "shared")) next
            if (substr(value, 1, 1) != "\047") value = "\047" value "\047"
            # The last one counts, as in postgresql.conf.
            if (!(name in found)) order[++count] = name
            found[name] = value
        }
        END { for (i = 1; i <= count; i++) printf "%s%s: %s\n", indent, order[i], found[order[i]] }'
}

yaml_list() { sed "s/'/''/g; s/^\(.*\)$/$1- '\1'/"; }

yaml_text() { printf "'%s'" "${1//\'/\'\'}"; }

etcd_addresses() { tr ',' '\n' <<<"$PHR_ETCD_NODES" | sed 's/[[:space:]]//g; /^$/d; s/.*=//'; }

etcd_endpoints() { etcd_addresses | sed 's/^/https:\/\//' | paste -sd ,; }

tls_dir() { printf '%s' "${PHR_ETCD_TLS_DIR:-${PHR_PG_TLS_DIR:?etcd wants certificates}}"; }

patroni_address() { printf '%s' "${PHR_PATRONI_ADDRESS:-$(host_of "$PHR_PG_NODE"):8008}"; }

# login INDENT USER SECRET: how this node signs in at the others.
login() {
    printf '%susername: %s\n%spassword: %s\n' "$1" "$(yaml_text "$2")" "$1" "$(yaml_text "$3")"
    [[ -z ${PHR_PG_TLS_DIR:-} ]] ||
        printf '%ssslmode: verify-full\n%ssslrootcert: %s\n' "$1" "$1" "$(yaml_text "$PHR_PG_TLS_DIR/root.crt")"
}

write_patroni_config() {
    local tls replication rewind password
    tls=$(tls_dir)
    replication=$(required_secret REPLICATION_PASSWORD)
    rewind=$(required_secret REWIND_PASSWORD)
    password=$(required_secret PATRONI_PASSWORD)
    cat >"$patroni_config.$$" <<END
# Written at every start from the environment; changes made here are lost.
scope: phr
name: $(yaml_text "$PHR_PG_NODE")
log: { level: ${PHR_HA_LOG_LEVEL:-INFO} }
restapi:
  listen: $(yaml_text "${PHR_PATRONI_LISTEN:-$(patroni_address)}")
  connect_address: $(yaml_text "$(patroni_address)")
  certfile: $(yaml_text "$tls/server.crt")
  keyfile: $(yaml_text "$tls/server.key")
  cafile: $(yaml_text "$tls/root.crt")
  # Whoever changes something must show a certificate of ours, and the password.
  verify_client: optional
  authentication: { username: patroni, password: $(yaml_text "$password") }
ctl:
  certfile: $(yaml_text "$tls/server.crt")
  keyfile: $(yaml_text "$tls/server.key")
  cacert: $(yaml_text "$tls/root.crt")
etcd3:
  protocol: https
  use_proxies: $([[ ${PHR_ETCD_PROXIED:-} == 1 ]] && echo true || echo false)
  cacert: $(yaml_text "$tls/root.crt")
  cert: $(yaml_text "$tls/server.crt")
  key: $(yaml_text "$tls/server.key")
  hosts:
$(etcd_addresses | yaml_list '    ')
bootstrap:
  method: phr
  phr: { command: $(yaml_text "$PHR_SCRIPTS/setup-primary"), no_params: true, keep_existing_recovery_conf: false }
  dcs:
    ttl: ${PHR_HA_TTL:-$DEFAULT_TTL}
    loop_wait: ${PHR_HA_LOOP:-$DEFAULT_LOOP}
    retry_timeout: ${PHR_HA_RETRY:-$DEFAULT_RETRY}
    # A primary whose PostgreSQL died gives the lock away at once: another one is sooner there than its recovery ends.
    primary_start_timeout: 0
    synchronous_mode: true
    # Without a replica that has it on disk no write is acknowledged.
    synchronous_mode_strict: true
    # While etcd cannot be reached, the primary goes on as long as every other node tells it that it may.
    failsafe_mode: true
    check_timeline: true
    postgresql:
      use_pg_rewind: true
      use_slots: true
      # What only such a node has was never acknowledged: it is copied anew.
      remove_data_directory_on_rewind_failure: true
      remove_data_directory_on_diverged_timelines: true
      parameters:
$(yaml_settings shared '        ')
postgresql:
  listen: $(yaml_text "${PHR_PG_LISTEN:-127.0.0.1}:$PHR_PG_PORT")
  connect_address: $(yaml_text "$(address_of "$PHR_PG_NODE")")
  data_dir: $(yaml_text "$PHR_PG_DATA")
  bin_dir: $(yaml_text "$PHR_PG_BIN")
  pgpass: $(yaml_text "$PHR_PG_DATA.patroni.pgpass")
  use_unix_socket: true
  use_unix_socket_repl: true
  authentication:
    superuser: { username: $superuser }
    replication:
$(login '      ' "$replication_user" "$replication")
    rewind:
$(login '      ' "$rewind_user" "$rewind")
  basebackup:
    - checkpoint: fast
$([[ ${PHR_PG_FAST:-} != 1 ]] || echo '    - no-sync')
  parameters:
$(yaml_settings local '    ')
  pg_hba:
$(access "$PHR_PG_DATA" | yaml_list '    ')
  pg_ident:
$(identities | yaml_list '    ')
END
    mv "$patroni_config.$$" "$patroni_config"
}
