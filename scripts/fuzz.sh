#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh TIME: runs every fuzz target of the module for TIME, one after another.
set -eu
cd "$(dirname "$0")/.."
GO=${GO:-go}
found=0
for package in $($GO list ./...); do
	for target in $($GO test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		found=1
		echo "== $package $target for $1"
		$GO test -run '^$' -fuzz "^$target\$" -fuzztime "$1" "$package"
	done
done
[ $found -eq 1 ] || echo "no fuzz target yet"
