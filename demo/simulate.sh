#!/usr/bin/env bash
# Computes the flow in a driven cavity over two agents on this machine: mesh, approval, solve. One agent is killed in the middle of the
# solve, and the other goes on from its checkpoint. Files are in demo-out/simulation (or $DEMO_OUT).
set -euo pipefail
cd "$(dirname "$0")/.."

CASE=${CASE:-/usr/share/doc/openfoam-examples/examples/incompressible/icoFoam/cavity/cavity}
OUT=${DEMO_OUT:-$PWD/demo-out/simulation}
. demo/mesh.sh

# One field of the workload, or of a task of it.
field() { "$MUSTER" show "$1" --json | node -e 'let t="";process.stdin.on("data",(d)=>t+=d).on("end",()=>{const w=JSON.parse(t).workload;console.log(w[process.argv[1]]??"")})' "$2"; }
task() { "$MUSTER" call WorkloadService/ListTasks "{\"workloadId\":\"$1\"}" | node -e 'let t="";process.stdin.on("data",(d)=>t+=d).on("end",()=>{const f=JSON.parse(t).tasks.find((x)=>x.task===process.argv[1]);console.log(f?.[process.argv[2]]??"")})' "$2" "$3"; }
until_is() { local want=$1; shift; for _ in $(seq 600); do [ "$("$@")" = "$want" ] && return; sleep 0.2; done; echo "not $want in time: $*" >&2; return 1; }
until_said() { for _ in $(seq 600); do [ -n "$("$@")" ] && return; sleep 0.2; done; echo "nothing in time: $*" >&2; return 1; }

rm -rf "$OUT/results" "$OUT/logs" "$OUT/case.tar.gz" "$OUT/server.json" "$OUT/flow.png"
mkdir -p "$OUT"

say 'A mesh of its own: stores, four services, two agents with OpenFOAM'
"$MUSTER" up --data "$DATA" --agents 2 --engines OPENFOAM_COM --detach
"$MUSTER" users

say 'The cavity, in smaller steps and for longer, waits for approval of its mesh'
id=$("$MUSTER" simulate "$CASE" --approve ask --checkpoint-every 10s --no-wait --json \
  --set 'system/controlDict:deltaT=0.001' --set 'system/controlDict:endTime=60' \
  --set 'system/controlDict:writeInterval=20000' --set 'system/controlDict:writeFormat=binary' |
  sed -nE 's/.*"workload":"([^"]+)".*/\1/p' | head -1)
until_is WORKLOAD_STATE_AWAITING_APPROVAL field "$id" state
"$MUSTER" show "$id"
"$MUSTER" approve "$id" --reason 'looks right'

say 'The solver runs, makes a checkpoint, and its agent is killed'
until_said task "$id" solve/0 checkpoint
victim=$(task "$id" solve/0 userName)
point=$(task "$id" solve/0 checkpoint)
pid=$(pid_of "$victim")
kill -KILL "$pid"
echo "kill -9 $victim (process $pid) after its checkpoint at $point s of flow"
"$MUSTER" watch "$id"

say 'The outcome'
"$MUSTER" show "$id" --ledger
"$MUSTER" results "$id" --out "$OUT/results"

say 'A ParaView server of the mesh reads the result, and pvpython draws it'
tar -C "$OUT/results" -czf "$OUT/case.tar.gz" .
"$MUSTER" visualize "$OUT/case.tar.gz" --json >"$OUT/server.json"
server() { node -e 'console.log(JSON.parse(require("fs").readFileSync(process.argv[1],"utf8"))[process.argv[2]])' "$OUT/server.json" "$1"; }
pvpython --connect-id="$(server connectId)" demo/flow.py "$(server host)" "$(server port)" "$(server foamPath)" "$OUT/flow.png"
ls -l "$OUT/flow.png" | awk '{print $9 ", " $5 " bytes"}'

finish
