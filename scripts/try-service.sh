#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# try-service.sh PACKAGE.deb: installs the package into a Debian of its own, boots that
# with systemd-nspawn, and lives through what an operator does: start, taps, a bad file,
# a process that hangs, an upgrade, a purge. Nothing of it stays. Needs root, the network,
# mmdebstrap and systemd-container; a few minutes.
set -eu
deb=$(realpath "$1")
[ "$(id -u)" -eq 0 ] || { echo "try-service.sh needs root" >&2; exit 1; }
for tool in mmdebstrap systemd-nspawn; do
	command -v $tool >/dev/null || { echo "try-service.sh: $tool is missing; install mmdebstrap and systemd-container" >&2; exit 1; }
done
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
root=$work/root
mmdebstrap --quiet --variant=minbase --include=adduser,systemd-sysv,udev,dbus \
	--customize-hook="copy-in '$deb' /root" \
	--customize-hook="chroot \"\$1\" sh -c 'apt-get install -qq -y --no-install-recommends /root/$(basename "$deb") >/dev/null'" \
	bookworm "$root"

cat >"$root/root/trial.sh" <<'END'
#!/bin/sh
# ok WHAT COMMAND...: the command must succeed.
ok() {
	what=$1
	shift
	if "$@"; then echo "ok: $what"; else echo "FAILED: $what"; fi
}
pid() { systemctl show -P MainPID parkway; }
is() { [ "$1" = "$2" ]; }
ports() { parkway show ports | grep -q "$1"; }
has() { grep -q "$1" "/proc/$(pid)/status"; }

ok "not enabled by the installation" is "$(systemctl is-enabled parkway)" disabled
ok "not started by the installation" is "$(systemctl is-active parkway)" inactive
ok "starts as it comes" systemctl enable --now parkway
ok "answers" ports p-none
ok "is not root" is "$(systemctl show -P User parkway)" parkway
ok "has three capabilities" has 'CapEff:.*0000000000007000'
ok "has a system call filter" has 'Seccomp:.*2'
cp /usr/share/doc/parkway/examples/seed.yaml /etc/parkway/parkway.yaml
ok "restarts with taps" systemctl restart parkway
ok "answers with taps" ports p-ext
echo 'bad: [' >>/etc/parkway/parkway.yaml
before=$(pid)
ok "a bad file is refused by reload" sh -c '! systemctl reload parkway 2>/dev/null'
ok "and what runs goes on" is "$(pid) $(systemctl is-active parkway)" "$before active"
cp /usr/share/doc/parkway/examples/seed.yaml /etc/parkway/parkway.yaml
kill -STOP "$before"
for i in $(seq 40); do
	sleep 1
	[ "$(pid)" != "$before" ] && [ "$(systemctl is-active parkway)" = active ] && break
done
ok "the watchdog replaced a process that hung" ports p-ext
ok "once" is "$(systemctl show -P NRestarts parkway)" 1
before=$(pid)
ok "the same version installs over it" sh -c 'dpkg -i /root/*.deb >/dev/null 2>&1'
ok "without a restart" is "$(pid)" "$before"
ok "purge" sh -c 'dpkg --purge parkway >/dev/null 2>&1'
ok "ends it" is "$(systemctl is-active parkway)" inactive
ok "and leaves no folder" sh -c '! ls -d /etc/parkway /var/lib/parkway /run/parkway 2>/dev/null'
echo end
systemctl poweroff
END
cat >"$root/etc/systemd/system/trial.service" <<'END'
[Service]
ExecStart=/bin/sh /root/trial.sh
StandardOutput=file:/root/trial.log
StandardError=null
END
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../trial.service "$root/etc/systemd/system/multi-user.target.wants/"

# nspawn hides /sys/module, without which DPDK says "Cannot init VFIO".
timeout 180 systemd-nspawn --quiet -D "$root" --register=no --keep-unit --private-network --bind=/dev/net/tun \
	--bind-ro=/sys/module --capability=CAP_NET_ADMIN,CAP_NET_RAW,CAP_IPC_LOCK -b >"$work/console" 2>&1 </dev/null || true
cat "$root/root/trial.log"
if ! grep -q '^end$' "$root/root/trial.log" || grep -q '^FAILED' "$root/root/trial.log"; then
	tail -n 20 "$work/console" >&2
	echo "try-service.sh: the trial failed" >&2
	exit 1
fi
