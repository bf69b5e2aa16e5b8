# What docker/try asks of the server, through its published port. It is read by that, and uses its functions.
# shellcheck shell=bash

# What the requests are signed in with; empty for nobody.
token=

# take_token: from the server's container, as an operator would.
take_token() { token=$(docker exec "$(container server)" phr token --ttl 2h 2>>"$log"); }

# http METHOD PATH [BODY] [PORT]: the status and the body, without any program but bash.
http() {
    local body=${3:-} authorization=
    [[ -z $token ]] || printf -v authorization 'Authorization: Bearer %s\r\n' "$token"
    exec 3<>"/dev/tcp/127.0.0.1/${4:-$PHR_SERVER_PORT}" || return
    printf '%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s' \
        "$1" "$2" "${#body}" "$authorization" "$body" >&3
    timeout 5 cat <&3 | tr -d '\r' | sed '1s/.* \([0-9]\{3\}\) .*/\1/; 2,/^$/d'
    exec 3>&-
} 2>/dev/null

graphql() { http POST /graphql "$1" | tail -n 1; }

# What a program in another container is told that asks without a token: the answer's status.
status_from_another_container() {
    docker exec -i "$(container db-replica-01)" bash 2>>"$log" <<'END'
body='{"query":"{viewer{role}}"}'
exec 3<>/dev/tcp/server/8000
printf 'POST /graphql HTTP/1.1\r\nHost: server:8000\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s' "${#body}" "$body" >&3
read -r -t 5 _ status _ <&3
echo "$status"
END
}

# 0, or what came instead.
create_patient() {
    local answer
    answer=$(graphql '{"query":"mutation{createPatientRegister(input:{firstName:\"Ada\",lastName:\"Try\",dateOfBirth:\"1980-01-19\",email:\"ada@example.com\",phoneNumber:\"5551234567\",address:\"1 Main Street\",emergencyContact:\"Bo Try\"}){patientRegister{uuid}}}"}')
    if [[ $answer == *'"uuid"'* && $answer != *'"errors"'* ]]; then echo 0; else echo "${answer:-nothing}"; fi
}

# How many patients the server sees, or nothing.
patients_read() {
    graphql '{"query":"{patientRegisters(first:1){totalCount}}"}' | sed -n 's/.*"totalCount":\([0-9]*\).*/\1/p'
}

reads=
reader=

# Reads through the server, one after another, until end_reads.
begin_reads() {
    has_server || return 0
    reads=$(mktemp)
    while sleep 0.05; do
        if [[ $(patients_read) -ge 1 ]]; then echo ok; else echo failed; fi
    done >"$reads" &
    reader=$!
}

# may_fail SERVICE: which reads, while it is away. There is one server, so nobody answers for it.
may_fail() { if [[ $1 == server ]]; then echo all; else echo no; fi; }

# end_reads WHICH WHAT: counts them; WHICH of them may have failed: no, or all.
end_reads() {
    local sent unanswered wanted
    [[ -n $reader ]] || return 0
    kill "$reader"
    wait "$reader" 2>/dev/null
    reader=
    sent=$(wc -l <"$reads")
    unanswered=$(grep -c failed "$reads")
    rm -f "$reads"
    wanted="$sent sent, 0 failed"
    [[ $1 == no ]] || wanted="$sent sent, $unanswered failed"
    check "$2" "$wanted" "$sent sent, $unanswered failed"
    if [[ $sent -eq 0 ]]; then check "  .. some were sent" yes no; fi
}
