# The mesh of a demo, for scripts that name OUT and source this from the folder of the project: DATA, its temporary directory, and
# `muster` as $MUSTER. At the end, whatever it is, the mesh ends and its directory is removed; its logs are kept if something failed.
MUSTER=$PWD/bin/muster
DATA=$(mktemp -d "${TMPDIR:-/tmp}/muster-demo.XXXXXX")
export MUSTER_CONTEXT=$DATA/context.json
unset MUSTER_TOKEN
watcher=
started=$SECONDS

say() { printf '\n==> %s\n' "$*"; }
pid_of() { sed -nE "s/^ *\"$1\": ([0-9]+),?\$/\1/p" "$DATA/processes.json"; }

cleanup() {
  local code=$?
  trap - EXIT INT TERM
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
  "$MUSTER" down --data "$DATA" >"$OUT/down.log" 2>&1 || { cat "$OUT/down.log" >&2; code=1; }
  if [ "$code" -ne 0 ]; then
    rm -rf "$OUT/logs"
    cp -r "$DATA/logs" "$OUT/logs" 2>/dev/null && echo "the logs of every part are in $OUT/logs" >&2
  fi
  rm -rf "$DATA"
  exit "$code"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

finish() {
  say 'Everything is stopped'
  "$MUSTER" down --data "$DATA"
  echo "done in $((SECONDS - started)) s"
}
