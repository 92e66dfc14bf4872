#!/usr/bin/env bash
# Measures this machine against the aims. Each figure comes with machine, versions, n, median and spread.
set -euo pipefail
cd "$(dirname "$0")/.."
node bench/dispatch.ts
echo
node bench/idle-agents.ts
echo
node bench/leases.ts
