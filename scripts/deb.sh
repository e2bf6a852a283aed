#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# deb.sh BINARY VERSION [FOLDER]: makes FOLDER/parkway_VERSION_ARCH.deb (FOLDER: bin) from
# a built binary and what lies in deploy/, configs/ and docs/man. The same commit makes
# the same package. Needs dpkg-dev, no root, and writes to FOLDER only. DEB_LEVEL is
# how hard xz tries, 0 to 9 (6).
# deb.sh --version VERSION: prints only what Debian calls the version.
set -eu
cd "$(dirname "$0")/.."
# A Debian version begins with a digit and has no dash of its own: v1.2-3-gabc is
# 1.2+3+gabc, and a commit without a tag before it is older than every release.
version=$(tr - + <<<"${2#v}" | tr -cd 'A-Za-z0-9.+~')
[[ $version =~ ^[0-9]+\.[0-9] ]] || version=0.0~git$(git log -1 --format=%cd --date=format:%Y%m%d).$version
if [ "$1" = --version ]; then
	echo "$version"
	exit 0
fi
binary=$(realpath "$1")
folder=${3:-bin}
for tool in dpkg-deb dpkg-shlibdeps strip gzip; do
	command -v $tool >/dev/null || { echo "make deb: $tool is missing; install dpkg-dev and binutils" >&2; exit 1; }
done
arch=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
root=$work/root
put() { # put MODE FILE TARGET
	install -D -m "$1" "$2" "$root$3"
}
squeeze() { # squeeze FILE TARGET: gzip without time and name
	mkdir -p "$(dirname "$root$2")"
	gzip -9n <"$1" >"$root$2"
}

put 755 "$binary" /usr/bin/parkway
strip "$root/usr/bin/parkway"
put 644 deploy/systemd/parkway.service /lib/systemd/system/parkway.service
put 644 deploy/debian/parkway.yaml /etc/parkway/parkway.yaml
put 644 deploy/schema/parkway.schema.json /usr/share/parkway/parkway.schema.json
put 644 deploy/debian/lintian-overrides /usr/share/lintian/overrides/parkway
for f in configs/*.yaml; do put 644 "$f" "/usr/share/doc/parkway/examples/$(basename "$f")"; done
put 644 deploy/udev/60-parkway-vfio.rules /usr/share/doc/parkway/examples/60-parkway-vfio.rules
put 644 deploy/prometheus/alerts.yaml /usr/share/doc/parkway/examples/prometheus-alerts.yaml
put 644 deploy/grafana/parkway.json /usr/share/doc/parkway/examples/grafana-dashboard.json
put 644 deploy/debian/copyright /usr/share/doc/parkway/copyright
squeeze docs/man/parkway.8 /usr/share/man/man8/parkway.8.gz
squeeze docs/man/parkway.yaml.5 /usr/share/man/man5/parkway.yaml.5.gz
printf 'parkway (%s) unstable; urgency=medium\n\n  * Built from the repository; see its log.\n\n -- The Parkway authors <parkway@localhost>  %s\n' \
	"$version" "$(date -u -R -d "@$SOURCE_DATE_EPOCH")" >"$work/changelog"
squeeze "$work/changelog" /usr/share/doc/parkway/changelog.gz
complete() { # complete SHELL TARGET
	mkdir -p "$(dirname "$root$2")"
	"$binary" completion "$1" >"$root$2"
}
complete bash /usr/share/bash-completion/completions/parkway
complete zsh /usr/share/zsh/vendor-completions/_parkway
complete fish /usr/share/fish/vendor_completions.d/parkway.fish

# What the binary is linked with, and the drivers that it loads when it runs: those of
# the pool and of the ports that the examples have. Their names carry DPDK's ABI.
mkdir "$work/debian"
printf 'Source: parkway\n\nPackage: parkway\nArchitecture: any\n' >"$work/debian/control"
linked=$(cd "$work" && dpkg-shlibdeps -O "$root/usr/bin/parkway" 2>"$work/warnings" | sed -n 's/^shlibs:Depends=//p')
abi=$(objdump -p "$root/usr/bin/parkway" | sed -n 's/.*NEEDED.*librte_eal\.so\.//p')
[ -n "$linked" ] && [ -n "$abi" ] || { echo "make deb: the binary is not linked with Debian's DPDK" >&2; exit 1; }
drivers=
for d in bus-pci bus-vdev mempool-ring net-tap net-null net-pcap net-af-packet; do drivers+=", librte-$d$abi"; done

mkdir "$root/DEBIAN"
cat >"$root/DEBIAN/control" <<END
Package: parkway
Version: $version
Architecture: $arch
Maintainer: The Parkway authors <parkway@localhost>
Installed-Size: $(du -sk --apparent-size --exclude=DEBIAN "$root" | cut -f1)
Depends: $linked$drivers, adduser
Recommends: librte-meta-net
Suggests: dpdk, prometheus
Section: net
Priority: optional
Description: logical-router gateway that never loses the first packet
 Parkway forwards IPv4 and IPv6 between logical switches and an external
 network on DPDK ports, in OVN's terms and from one YAML file. Packets whose
 next hop is not resolved yet wait in a ring and leave, in order, when the
 answer to the ARP request or neighbor solicitation comes.
 .
 The service is neither enabled nor started by the installation, and an
 upgrade does not restart it.
END
echo /etc/parkway/parkway.yaml >"$root/DEBIAN/conffiles"
for script in postinst prerm postrm; do install -m 755 deploy/debian/$script "$root/DEBIAN/$script"; done
(cd "$root" && find . -type f ! -path './DEBIAN/*' -printf '%P\n' | LC_ALL=C sort | xargs md5sum) >"$root/DEBIAN/md5sums"
chmod 644 "$root"/DEBIAN/{control,conffiles,md5sums}

mkdir -p "$folder"
package=$folder/parkway_${version}_$arch.deb
dpkg-deb --root-owner-group -Zxz -z"${DEB_LEVEL:-6}" --build "$root" "$package" >/dev/null
echo "$package"
