#!/usr/bin/env bash
# Runs the tests: those named, or all. All of them take two turns: first what tests one part of the mesh, in two lots at a time
# that share nothing but the cores; then, alone, what tests the whole mesh against its deadlines.
set -uo pipefail
cd "$(dirname "$0")/.."

[ $# -eq 0 ] || exec mocha "$@"

PARTS=('libs/**/*.spec.ts' 'services/**/*.spec.ts' 'cli/**/*.spec.ts' 'test/simulation/*.spec.ts' 'test/mutants/*.spec.ts')
MESH=('test/mesh/**/*.spec.ts' 'test/chaos/*.spec.ts')
# Of the parts: about half of the time.
LOT=('libs/**/*.spec.ts' 'services/session-supervisor/**/*.spec.ts' 'services/user-manager/**/*.spec.ts')

failed=0
log=$(mktemp)
mocha "${LOT[@]}" >"$log" 2>&1 &
lot=$!
trap 'kill "$lot" 2>/dev/null; rm -f "$log"' EXIT

mocha "${PARTS[@]}" "${LOT[@]/#/--ignore=}" || failed=1
wait "$lot" || failed=1
trap 'rm -f "$log"' EXIT
cat "$log"
mocha "${MESH[@]}" || failed=1
exit "$failed"
