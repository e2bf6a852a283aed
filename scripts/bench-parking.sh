#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench-parking.sh [TEST]: runs the cases of bench/parking (or those that the regular
# expression TEST matches) at full size and prints their figures as one table. It fails
# when a case does.
set -u
cd "$(dirname "$0")/.."
GO=${GO:-go}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

PARKWAY_BENCH=full PARKWAY_BENCH_TABLE=$dir/table \
	$GO test -count=1 -timeout 20m -run "${1:-TestCase}" ./bench/parking >"$dir/log" 2>&1
status=$?

[ $status -eq 0 ] || grep -v 'level=' "$dir/log"
echo
echo "$(git describe --tags --always --dirty 2>/dev/null || echo unknown), $(uname -sr), $(nproc) CPUs: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), load $(cut -d' ' -f1-3 /proc/loadavg)"
echo
# One figure a line, under its case.
sort -s -t'|' -k1,1 "$dir/table" | awk -F'|' '{
	n = split($2, part, /; /)
	printf "%-26s %s\n", $1, part[1]
	for (i = 2; i <= n; i++) printf "%-26s %s\n", "", part[i]
}'
exit $status
