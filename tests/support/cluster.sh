#!/usr/bin/env bash
#
# Watches over the PostgreSQL nodes of one test, in FOLDER.
#
#   cluster.sh FOLDER   waits until its input ends, which it does when the test ends in whatever way; then kills every
#                       process that works in FOLDER, or was told of it, and removes FOLDER

set -uo pipefail
shopt -s nullglob

readonly folder=$1
cd /
trap '' INT TERM HUP

read -r

left() {
    local process
    for process in /proc/[0-9]*; do
        [[ $(readlink "$process/cwd" 2>/dev/null) != "$folder"* ]] || echo "${process#/proc/}"
    done
    # Set-up scripts work elsewhere, and would go on to start a server.
    for process in $(grep --files-with-matches --text --fixed-strings "=$folder/" /proc/[0-9]*/environ 2>/dev/null); do
        echo "${process//[^0-9]/}"
    done
}

# A process may have started another one meanwhile.
while mapfile -t found < <(left) && [[ ${#found[@]} -gt 0 ]]; do
    kill -KILL "${found[@]}" 2>/dev/null
    sleep 0.05
done
rm -rf "$folder"
