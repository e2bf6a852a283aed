#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# promtool.sh: prints the path of a promtool, fetching it into bin/tools if there is
# none. Debian has it in the package prometheus only, which would start a server when
# installed, so the one program is taken out of it. Tests of alerts skip without it.
set -eu
cd "$(dirname "$0")/.."
tool=$PWD/bin/tools/promtool
if command -v promtool || { [ -x "$tool" ] && echo "$tool"; }; then
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if ! (cd "$work" && apt-get -qq download prometheus && dpkg-deb -x prometheus_*.deb .) >"$work/log" 2>&1; then
	tail -n 5 "$work/log" >&2
	echo "promtool.sh: the package prometheus could not be fetched (apt-get update?); put a promtool into PATH" >&2
	exit 1
fi
install -D -m 755 "$work/usr/bin/promtool" "$tool"
echo "$tool"
