#!/usr/bin/env bash
# Runs the named tests, or all. All tests run in two turns of two lots that share only the cores. The first turn tests the parts of the
# mesh, the second tests the whole mesh against its deadlines.
set -uo pipefail
cd "$(dirname "$0")/.."
# A cache of compiled modules, for mocha and for the programs that it starts.
export NODE_COMPILE_CACHE=$PWD/.tools/compile-cache

[ $# -eq 0 ] || exec mocha "$@"

failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# turn LOT LOT: runs two lots of specs side by side and prints the output of the second after the first. A spec that both lots name
# belongs to the second.
turn() {
  local first second
  read -rd '' -a first <<<"$1" || true
  read -rd '' -a second <<<"$2" || true
  mocha "${second[@]}" >"$log" 2>&1 &
  local beside=$!
  trap 'kill "$beside" 2>/dev/null; rm -f "$log"' EXIT
  mocha "${first[@]}" "${second[@]/#/--ignore=}" || failed=1
  wait "$beside" || failed=1
  trap 'rm -f "$log"' EXIT
  cat "$log"
}

set -f
turn 'libs/**/*.spec.ts services/**/*.spec.ts cli/**/*.spec.ts test/simulation/*.spec.ts test/mutants/*.spec.ts' \
  "libs/**/*.spec.ts services/session-supervisor/**/*.spec.ts services/user-manager/**/*.spec.ts \
   services/port-broker/src/compute/*.spec.ts services/port-broker/src/hosts/*.spec.ts services/port-broker/src/vnc/*.spec.ts"
turn 'test/mesh/*.spec.ts' 'test/mesh/dependencies.spec.ts test/mesh/killed.spec.ts test/chaos/*.spec.ts'
exit "$failed"
