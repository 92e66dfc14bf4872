#!/usr/bin/env bash
# Generates libs/contracts/gen from proto/: typed messages and services, and the descriptor image that
# reflection, the access table and the generic calls of the command line read.
set -euo pipefail
cd "$(dirname "$0")/.."
rm -rf libs/contracts/gen
mkdir -p libs/contracts/gen
export PATH="$PWD/node_modules/.bin:$PATH"
buf generate
buf build --as-file-descriptor-set -o libs/contracts/gen/image.binpb
