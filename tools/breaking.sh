#!/usr/bin/env bash
# Fails if a change of proto/ breaks clients of the latest tagged version.
set -euo pipefail
cd "$(dirname "$0")/.."

tag=$(git describe --tags --abbrev=0 2>/dev/null || true)
if [ -z "$tag" ]; then
  echo 'buf breaking: skipped, there is no tag to compare with yet'
  exit 0
fi
# A checkout of the tag, together with the protos that it imports from node_modules.
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
git archive "$tag" proto buf.yaml | tar -x -C "$before"
cp -a --parents node_modules/google-gax/build/protos node_modules/grpc-health-check/proto \
  node_modules/@grpc/reflection/build/proto "$before"
PATH="$PWD/node_modules/.bin:$PATH"
buf build "$before/proto" -o "$before/image.binpb"
buf breaking proto --against "$before/image.binpb"
echo "buf breaking: proto/ is compatible with $tag"
