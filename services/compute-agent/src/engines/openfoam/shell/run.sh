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

# A program that does not listen, or no longer as it is about to end, would be ended by these signals. Handlers that it sets count,
# and what it puts back in their place is this.
trap '' USR1 USR2

tell() {
    kill -s "$1" "$(cat "$MUSTER_STATE/pid")"
}

listen() {
    local word name
    while read -r word name <&4; do
        case $word in
            write) tell USR1 ;;
            stop) : > "$MUSTER_STATE/stopping" && tell USR2 ;;
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
