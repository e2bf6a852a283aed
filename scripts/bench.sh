#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh BINARY [CASE...]: runs the cases, all without names, at full size and records
# the results in bench/results. It takes hugepages and gives them back; minutes.
set -eu
cd "$(dirname "$0")/.."
binary=$1
shift
[ "$(id -u)" -eq 0 ] || echo "not root: without hugepages, large tables and many flows are slower" >&2
exec "$binary" bench "$@" --record bench/results
