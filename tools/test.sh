#!/usr/bin/env bash
# Runs the named tests, or all. All tests run in three lanes side by side: the parts of the mesh in two, and in the third the lots
# that mostly wait, for stores that stand still and processes that are killed.
set -uo pipefail
cd "$(dirname "$0")/.."
# A cache of compiled modules, for mocha and for the programs that it starts.
export NODE_COMPILE_CACHE=$PWD/.tools/compile-cache

[ $# -eq 0 ] || exec mocha "$@"

# Patterns are mocha's to expand.
set -f
SERVICES="libs/**/*.spec.ts services/session-supervisor/**/*.spec.ts services/user-manager/**/*.spec.ts \
  services/port-broker/src/compute/*.spec.ts services/port-broker/src/hosts/*.spec.ts services/port-broker/src/vnc/*.spec.ts"
PARTS='services/**/*.spec.ts cli/**/*.spec.ts test/simulation/*.spec.ts test/mutants/*.spec.ts'
WAITING='test/mesh/dependencies.spec.ts test/mesh/killed.spec.ts test/chaos/*.spec.ts'
MESH='test/mesh/*.spec.ts'

# lot SPECS [OTHERS]: runs specs, without those that another lot has.
lot() {
  local specs=() others=()
  read -rd '' -a specs <<<"$1" || true
  read -rd '' -a others <<<"${2:-}" || true
  mocha "${specs[@]}" "${others[@]/#/--ignore=}"
}
second_lane() {
  local failed=0
  lot "$SERVICES" || failed=1
  lot "$MESH" "$WAITING" || failed=1
  return "$failed"
}

logs=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$logs"' EXIT
second_lane >"$logs/2" 2>&1 &
second=$!
lot "$WAITING" >"$logs/3" 2>&1 &
third=$!
failed=0
lot "$PARTS" "$SERVICES" || failed=1
wait "$second" || failed=1
wait "$third" || failed=1
cat "$logs/2" "$logs/3"
exit "$failed"
