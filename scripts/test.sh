#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test.sh STEP...: runs the named steps (fmt vet arch pure model dpdk race asan
# e2e, or all), each to its end, says at the end which failed, and fails if any did.
# Whatever happens, namespaces of killed tests and reserved hugepages go away.
set -u
cd "$(dirname "$0")/.."
GO=${GO:-go}
MODULE=$($GO list -m) || exit 1
HUGE=/proc/sys/vm/nr_hugepages
huge_before=$(cat $HUGE 2>/dev/null || echo 0)

restore() {
	scripts/sweep.sh
	if [ -w $HUGE ] && [ "$(cat $HUGE)" != "$huge_before" ]; then
		echo "$huge_before" >$HUGE
		echo "put nr_hugepages back to $huge_before"
	fi
}
trap restore EXIT
trap 'exit 130' INT TERM HUP

# packages CLASS: pure (no DPDK below them), dpdk (the others), c (the two that
# hold C code), e2e (test/...).
packages() {
	set -o pipefail
	$GO list -f '{{.ImportPath}} {{join .Deps " "}} {{join .TestImports " "}} {{join .XTestImports " "}}' ./... |
		awk -v m="$MODULE" -v class="$1" '
			BEGIN {
				split("dpdk cgo forwarder arpbuf internal/app", rooms)
				for (i in rooms) needs_dpdk[m "/" rooms[i]] = 1
			}
			{
				if (class == "c") {
					if (index($1 "/", m "/dpdk/") == 1 || index($1 "/", m "/cgo/") == 1) print $1
					next
				}
				kind = index($1 "/", m "/test/") == 1 ? "e2e" : "pure"
				for (i = 1; i <= NF && kind == "pure"; i++) if ($i in needs_dpdk) kind = "dpdk"
				if (kind == class) print $1
			}'
}

# gotest CLASS FLAG...: go test on the packages of the classes in CLASS. A class
# without a package fails: it would be a silent hole in "every test".
gotest() {
	local class list=() found
	for class in $1; do
		found=$(packages "$class") || return 1
		[ -n "$found" ] || { echo "no package of class $class" >&2; return 1; }
		mapfile -t -O ${#list[@]} list <<<"$found"
	done
	shift
	$GO test -count=1 "$@" "${list[@]}"
}

need_root() {
	[ "$(id -u)" -eq 0 ] && return 0
	echo "this step makes network namespaces and needs root; 'make test-unit' does not" >&2
	return 1
}

unformatted() {
	local files
	files=$(gofmt -l $(git ls-files -co --exclude-standard '*.go')) || return 1
	[ -z "$files" ] && return 0
	printf 'not formatted (make fmt):\n%s\n' "$files" >&2
	return 1
}

step() {
	case $1 in
	fmt) unformatted ;;
	vet) $GO vet ./... ;;
	arch) $GO test -count=1 ./internal/repotest ;;
	pure) gotest pure -race -timeout 5m ;;
	model) scripts/model.sh ;;
	dpdk) gotest dpdk -p 1 -timeout 10m ;;
	race) gotest "pure dpdk" -race -p 1 -timeout 15m ;;
	asan) gotest c -asan -p 1 -timeout 15m ;;
	e2e) need_root && gotest e2e -p 1 -timeout 20m ;;
	*)
		echo "test.sh: no step '$1'" >&2
		return 2
		;;
	esac
}

[ "$*" = all ] && set -- fmt vet pure model dpdk asan e2e && { need_root || exit 1; }
failed=()
for name in "$@"; do
	echo "== $name"
	start=$SECONDS
	step "$name" || failed+=("$name")
	echo "== $name took $((SECONDS - start)) s"
done
if [ ${#failed[@]} -gt 0 ]; then
	echo "FAILED: ${failed[*]}"
	exit 1
fi
echo "all steps passed: $*"
