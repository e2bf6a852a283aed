#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# demo.sh BINARY: the demo from up to down. It goes down however this script ends.
set -eu
parkway=$1
if [ "$(id -u)" -ne 0 ]; then
	echo "the demo makes network namespaces and needs root: sudo make demo" >&2
	exit 1
fi
socket=/run/parkway-demo/parkway.sock
if "$parkway" --socket $socket show >/dev/null 2>&1; then
	echo "the demo is up already; '$parkway demo down' ends it" >&2
	exit 1
fi
down() {
	trap '' INT TERM HUP # a second Ctrl-C must not stop the cleaning up
	"$parkway" demo down
}
trap down EXIT
trap 'exit 130' INT TERM HUP

"$parkway" demo up
"$parkway" demo ping
echo
"$parkway" --socket $socket show
