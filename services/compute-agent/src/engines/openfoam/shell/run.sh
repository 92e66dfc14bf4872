#!/bin/bash
# Runs one program of a step, or a script of the case, in the box: run.sh DONE LOG PROGRAM ARGUMENT…,
# run.sh - - SCRIPT. What is noted as DONE is not done again.
#
# Its standard input takes lines: `write` makes the solver write its present time, `stop` makes it write and end, `forget TIME`
# removes a time. Its output is that of the program.
MUSTER_STATE=$(mktemp -d)
export MUSTER_STATE
log=$2
key=$1
shift 2
. "$WM_PROJECT_DIR/bin/tools/RunFunctions"

# A signal that a program does not handle would end it. USR1 and USR2 are bits 9 and 11.
tell() {
    local pid caught
    pid=$(cat "$MUSTER_STATE/pid") || return
    caught=$(sed -n 's/^SigCgt:[[:space:]]*//p' "/proc/$pid/status")
    (((16#${caught:-0} & 1 << ($2 - 1)) != 0)) && kill -s "$1" "$pid"
}

listen() {
    local word name
    while read -r word name <&4; do
        case $word in
            write) tell USR1 10 ;;
            stop) : > "$MUSTER_STATE/stopping" && tell USR2 12 ;;
            forget)
                case $name in
                    '' | .* | *[!0-9.e+-]*) ;;
                    *) rm -rf -- "./$name" processor*/"$name" ;;
                esac
                ;;
        esac
    done
}

exec 4<&0 3>&1 < /dev/null
listen 2> /dev/null &
listener=$!
if [ "$log" = - ]; then
    bash "./$1" 2>&1 4<&-
else
    (muster_once "$key" "$log" "$@")
fi
code=$?
kill "$listener" 2> /dev/null
# A script goes on after a program in it failed, and ends with the code of its last one.
if [ -s "$MUSTER_STATE/failed" ]; then
    read -r code _ < "$MUSTER_STATE/failed"
fi
rm -rf "$MUSTER_STATE"
exit "$code"
