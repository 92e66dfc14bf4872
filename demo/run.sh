#!/usr/bin/env bash
# Renders an animation over three agents on this machine, kills one of them in the middle, and shows the outcome.
# Its files are in demo-out/ (or $DEMO_OUT). The mesh runs in a temporary directory, which is removed at the end.
set -euo pipefail
cd "$(dirname "$0")/.."

FRAMES=24
KILL_AFTER=8
VICTIM=agent-2
OUT=${DEMO_OUT:-$PWD/demo-out}
. demo/mesh.sh

landed() { find "$OUT/frames" -name 'frame_????.png' 2>/dev/null | wc -l; }

# Kills one machine as soon as enough frames have landed.
kill_in_the_middle() {
  while [ "$(landed)" -lt "$KILL_AFTER" ]; do sleep 0.05; done
  local pid
  pid=$(pid_of "$VICTIM")
  kill -KILL "$pid"
  printf '\r\033[K==> kill -9 %s (process %s) after %s frames: its frames go to the others\n' "$VICTIM" "$pid" "$(landed)"
}

mkdir -p "$OUT"
rm -rf "$OUT/frames" "$OUT/animation.mp4" "$OUT/contact-sheet.png" "$OUT/logs"

say "Blender builds the scene: $FRAMES frames, 480×270"
blender --background --factory-startup --python-exit-code 1 --python demo/make-scene.py -- "$OUT/scene.blend" >"$OUT/make-scene.log" 2>&1 ||
  { tail -n 20 "$OUT/make-scene.log" >&2; exit 1; }
ls -l "$OUT/scene.blend" | awk '{print $9 ", " $5 " bytes"}'

say 'A mesh of its own: stores, four services, three agents'
"$MUSTER" up --data "$DATA" --agents 3 --engines CYCLES --detach
"$MUSTER" users

say "Render, and kill $VICTIM on the way"
kill_in_the_middle &
watcher=$!
"$MUSTER" render "$OUT/scene.blend" --out "$OUT/frames"
wait "$watcher"
watcher=

say 'The outcome'
count=$(landed)
[ "$count" -eq "$FRAMES" ] || { echo "only $count of $FRAMES frames landed" >&2; exit 1; }
mv "$OUT/frames/contact-sheet.png" "$OUT/contact-sheet.png"
ffmpeg -v error -y -framerate 12 -i "$OUT/frames/frame_%04d.png" -c:v libx264 -pix_fmt yuv420p -movflags +faststart "$OUT/animation.mp4"
for file in frames/ contact-sheet.png animation.mp4; do [ -s "$OUT/$file" ] && echo "$OUT/$file"; done

finish
