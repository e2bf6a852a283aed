#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench-compare.sh BASE [THRESHOLD] [CASE...]: builds this tree and the revision BASE, the
# latter in a worktree of its own that goes away again, and has the two take turns in one
# run. With a THRESHOLD in percent it fails when this tree is slower by more; without
# one, or with 0, it only tells.
set -eu
cd "$(dirname "$0")/.."
base=${1:-}
threshold=${2:-0}
shift $(($# < 2 ? $# : 2))
if [ -z "$base" ]; then
	echo "bench-compare.sh: which revision is the base? make bench-compare BASE=main" >&2
	exit 2
fi
if ! commit=$(git rev-parse --quiet --verify "$base^{commit}"); then
	echo "bench-compare.sh: git knows no revision '$base'" >&2
	exit 2
fi
[ $# -gt 0 ] || set -- forward-ipv4 forward-ipv6 routes-ipv4
GO=${GO:-go}

dir=$(mktemp -d "${TMPDIR:-/tmp}/parkway-compare-XXXXXX")
cleanup() {
	git worktree remove --force "$dir/tree" 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM HUP

git worktree add --quiet --detach "$dir/tree" "$commit"
(cd "$dir/tree" && "$GO" build -trimpath -o "$dir/base" ./cmd/parkway)
"$GO" build -trimpath -o "$dir/parkway" ./cmd/parkway
echo "this tree ($(git describe --always --dirty)) against $base ($(git describe --always "$commit"))"
"$dir/parkway" bench "$@" --against "$dir/base" --threshold "$threshold" ${BENCH_FLAGS:-}
