#!/usr/bin/env bash
# Runs the named tests, or all: lot by lot, as many lots at a time as there are lanes. A lane that is free takes the next lot.
set -uo pipefail
cd "$(dirname "$0")/.."
# A cache of compiled modules, for mocha and for the programs that it starts.
export NODE_COMPILE_CACHE=$PWD/.tools/compile-cache

[ $# -eq 0 ] || exec mocha "$@"

# On two cores, so that one lot computes where another waits for frozen stores and killed processes.
LANES=3

# What each lot runs, with `!` before what it leaves to another one. The longest come first, because what begins last should be
# short; the specs of a lot share stores, a mesh or scenes. Patterns are mocha's to expand.
LOTS='
cli/**/*.spec.ts
services/compute-agent/src/engines/**/*.spec.ts
test/mesh/dependencies.spec.ts test/mesh/killed.spec.ts test/chaos/*.spec.ts
test/mesh/*.spec.ts !test/mesh/dependencies.spec.ts !test/mesh/killed.spec.ts
services/session-supervisor/**/*.spec.ts
services/port-broker/**/*.spec.ts
services/user-manager/**/*.spec.ts
services/compute-agent/**/*.spec.ts !services/compute-agent/src/engines/**/*.spec.ts
libs/**/*.spec.ts tools/*.spec.ts
services/blob/**/*.spec.ts
test/simulation/*.spec.ts test/mutants/*.spec.ts
'

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

# lot SPECS: runs the specs of a lot, and then prints all that they said at once.
lot() {
  set -f
  local began=$SECONDS log code
  log=$(mktemp -p "$logs")
  # shellcheck disable=SC2086 # words
  mocha ${1//!/--ignore=} >"$log" 2>&1
  code=$?
  cat "$log"
  echo "  ($((SECONDS - began)) s: $1)"
  return "$code"
}
export -f lot
export logs

# Ends with 123 if a lot failed.
grep . <<<"$LOTS" | xargs -P "$LANES" -I '{}' bash -c 'lot "$1"' lot '{}'
