#!/usr/bin/env bash
# Runs all benchmarks on this machine. Each prints the machine, versions, n, median and spread.
set -euo pipefail
cd "$(dirname "$0")/.."
node bench/dispatch.ts
echo
node bench/frames.ts
echo
node bench/idle-agents.ts
echo
node bench/leases.ts
