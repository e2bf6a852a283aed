#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# deps.sh GROUP...: installs the Debian packages that the groups (build, demo,
# test, package, model, bench) need and this machine lacks. Asks for the thing, not for the package, so
# that a machine with its own DPDK is left alone. Quiet when nothing is missing.
set -eu
PATH=$PATH:/usr/sbin:/sbin

need() { # need PACKAGE TEST...: PACKAGE is wanted unless TEST succeeds
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || missing+=("$package")
}
has() { command -v "$1"; }

missing=()
for group in "$@"; do
	case $group in
	build)
		need gcc has gcc
		need libc6-dev test -e /usr/include/stdio.h
		need pkg-config has pkg-config
		need libdpdk-dev pkg-config --exists 'libdpdk >= 22.11'
		;;
	demo)
		need iproute2 has ip
		need iputils-ping has ping
		need tcpdump has tcpdump
		;;
	test)
		need curl has curl
		need iperf3 has iperf3
		need ethtool has ethtool
		need traceroute has traceroute
		need mtr-tiny has mtr
		need iputils-tracepath has tracepath
		need iputils-arping has arping
		need ndisc6 has ndisc6
		need nmap has nmap
		need ovn-common has ovn-nbctl # not ovn-central: that one starts services
		need openvswitch-common has ovsdb-server
		need man-db has man
		;;
	package)
		need dpkg-dev has dpkg-shlibdeps
		need binutils has strip
		;;
	model)
		need gcc has gcc
		need libc6-dev test -e /usr/include/stdio.h
		need spin has spin
		;;
	bench)
		need dpdk has dpdk-testpmd
		;;
	*)
		echo "deps.sh: no group '$group'; there are build, demo, test, package, model and bench" >&2
		exit 2
		;;
	esac
done

if ! has "${GO:-go}" >/dev/null; then
	echo "parkway: Go is missing; install it (go.mod says which version) and put it in PATH" >&2
	exit 1
fi
[ ${#missing[@]} -gt 0 ] || exit 0

if ! has apt-get >/dev/null; then
	echo "parkway: missing here, by Debian's names: ${missing[*]}; install what your system calls them" >&2
	exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "parkway: packages are missing; as root: apt-get install --no-install-recommends ${missing[*]}" >&2
	exit 1
fi

echo "installing ${missing[*]} ..."
log=$(mktemp)
trap 'rm -f "$log"' EXIT
export DEBIAN_FRONTEND=noninteractive
apt() { apt-get -qq -o DPkg::Lock::Timeout=300 "$@" >>"$log" 2>&1; }
if ! { apt update && apt install -y --no-install-recommends "${missing[@]}"; }; then
	tail -n 20 "$log" >&2
	echo "parkway: apt-get could not install ${missing[*]}; its last words are above" >&2
	exit 1
fi
