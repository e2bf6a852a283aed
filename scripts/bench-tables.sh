#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench-tables.sh: loads and changes a million routes and prints what it takes.
set -eu
cd "$(dirname "$0")/.."
echo "$(git describe --tags --always --dirty 2>/dev/null || echo unknown), $(uname -sr), $(nproc) CPUs: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), load $(cut -d' ' -f1-3 /proc/loadavg)"
PARKWAY_BENCH=full ${GO:-go} test -count=1 -timeout 20m -v ./bench/tables
