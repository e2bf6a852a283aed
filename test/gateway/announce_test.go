// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

var toAll = mustMAC("ff:ff:ff:ff:ff:ff")

// announces returns the address that a gratuitous ARP or an unsolicited NA from the
// router's external port announces.
func announces(p lab.Packet) (netip.Addr, bool) {
	switch {
	case p.Src != extMAC:
		return netip.Addr{}, false
	case p.EtherType == lab.EtherARP:
		return p.SPA, p.ARPOp == lab.ARPRequest && p.SPA == p.TPA && p.Dst == toAll && p.SHA == extMAC
	default: // R and O without S
		return p.Target, p.Proto == lab.ProtoICMPv6 && p.ICMPType == lab.ICMPv6NA && p.L4[4] == 0xa0 && p.LLA == extMAC &&
			p.DstIP == netip.MustParseAddr("ff02::1")
	}
}

// TestAnnouncesItself: a host that has just been plugged in hears the router's addresses
// without asking, three times at most, and whoever claims one of them is contradicted
// once and counted every time.
func TestAnnouncesItself(t *testing.T) {
	g := start(t, seed(t))
	g.plug(pcExt)
	g.must(g.hosts[pcExt.name].Mute(g.ctx, pcExt.iface))
	c := g.capture(pcExt.name)
	seen := func() (out []timed) {
		frames, err := lab.ReadPcap(c.Path)
		if err != nil {
			return nil
		}
		return packets(frames, func(p lab.Packet) bool { _, ok := announces(p); return ok })
	}
	of := func(list []timed, ip netip.Addr) (out []timed) {
		for _, p := range list {
			if a, _ := announces(p.Packet); a == ip {
				out = append(out, p)
			}
		}
		return out
	}
	own := append(slices.Clone(extIPs), extLink)
	g.must(lab.Wait(g.ctx, "the announcements", func() error {
		for _, ip := range own {
			if len(of(seen(), ip)) == 0 {
				return fmt.Errorf("%s is not announced", ip)
			}
		}
		return nil
	}))
	// The series is over when nothing came for longer than its interval.
	last, since := -1, time.Now()
	g.must(lab.Wait(g.ctx, "the end of the series", func() error {
		if n := len(seen()); n != last {
			last, since = n, time.Now()
		}
		if quiet := time.Since(since); quiet < 1500*time.Millisecond {
			return fmt.Errorf("quiet for %v", quiet)
		}
		return nil
	}))
	before := seen()
	for _, ip := range own {
		if n := len(of(before, ip)); n > 6 { // of the start, and of the move
			t.Errorf("%s was announced %d times", ip, n)
		}
	}

	const claims = 5
	for range claims {
		g.send(pcExt, lab.NewARP(toAll, 0, lab.ARPRequest, otherMAC, extIPs[0], topology.MAC{}, extIPs[0]))
		g.send(pcExt, lab.NewNA(mustMAC("33:33:00:00:00:01"), 0, otherMAC, extIPs[1], netip.MustParseAddr("ff02::1"), lab.NAOverride))
	}
	g.must(lab.Wait(g.ctx, "the conflicts to be counted", func() error {
		r, err := g.client.Resolutions(g.ctx)
		if err != nil {
			return err
		}
		for _, c := range r.Conflicts {
			if c.RouterPort == "lr0-ext" && c.Count == 2*claims {
				return nil
			}
		}
		return fmt.Errorf("%+v, want %d", r.Conflicts, 2*claims)
	}))
	after := packets(g.frames(c), func(p lab.Packet) bool { _, ok := announces(p); return ok })
	for _, ip := range extIPs {
		if n := len(of(after, ip)) - len(of(before, ip)); n != 1 {
			t.Errorf("%s was defended %d times against %d claims, want once", ip, n, claims)
		}
	}
	if n := strings.Count(g.proc.Log(), "another station uses an address of this router"); n != 2 {
		t.Errorf("the log has %d lines on conflicts, want one per address", n)
	}
	if !strings.Contains(g.proc.Log(), otherMAC.String()) {
		t.Errorf("the log does not say who it was")
	}
}

// lan is a host that configures itself.
var lan = newEnd("lan", "lan0", "02:00:00:00:0a:05", "", "")

// TestSLAAC: a Linux host with nothing typed in gets an address, a default route, the
// MTU and the routes from the router's advertisement, and reaches what is behind it;
// when the gateway goes, it says so.
func TestSLAAC(t *testing.T) {
	dir := t.TempDir() // outlives the gateway's
	path := filepath.Join(dir, "lan.pcap")
	t.Cleanup(func() { // after the gateway has ended
		frames, err := lab.ReadPcap(path)
		if err != nil {
			t.Error(err)
			return
		}
		ras := packets(frames, func(p lab.Packet) bool { return p.Proto == lab.ProtoICMPv6 && p.ICMPType == 134 })
		if len(ras) < 2 {
			t.Errorf("%d router advertisements", len(ras))
			return
		}
		for i, p := range ras {
			want := uint16(1800)
			if i == len(ras)-1 {
				want = 0
			}
			if lifetime := binary.BigEndian.Uint16(p.L4[6:]); lifetime != want || p.TTL != 255 {
				t.Errorf("advertisement %d of %d has the lifetime %d, hop limit %d; want %d, 255", i+1, len(ras), lifetime, p.TTL, want)
			}
		}
	})
	control, worker := cpus()
	g := start(t, readConfig(t, "router-advertisements.yaml")+fmt.Sprintf(`
dpdk: {memory: {mode: no-huge, size: 256MiB}, mbufs: 16384}
cpu: {control: %q, workers: %q}
api: {socket: @SOCKET@}
`, control, worker))
	g.plug(lan)
	host := g.hosts[lan.name]
	for _, kv := range [][2]string{{"accept_ra", "1"}, {"autoconf", "1"}, {"router_solicitations", "3"}} {
		g.must(host.Sysctl("net/ipv6/conf/"+lan.iface+"/"+kv[0], kv[1]))
	}
	_, err := host.RunInput(g.ctx, fmt.Sprintf("link set dev %[1]s address %[2]s\nlink set dev %[1]s up\n", lan.iface, lan.MAC), "ip", "-batch", "-")
	g.must(err)
	_, err = host.Capture(g.ctx, lan.iface, path)
	g.must(err)
	has := func(what, text string, args ...string) {
		t.Helper()
		g.must(lab.Wait(g.ctx, what, func() error {
			out, err := host.Run(g.ctx, "ip", args...)
			if err == nil && !strings.Contains(out, text) {
				err = errors.New(out)
			}
			return err
		}))
	}
	has("an address", "inet6 2001:db8:a::ff:fe00:a05/64 ", "-6", "addr", "show", "dev", lan.iface, "scope", "global")
	has("a default route", "via fe80::ff:feff:1 dev lan0 proto ra", "-6", "route", "show", "default")
	g.ping(lan, netip.MustParseAddr("2001:db8:f::2"), 3).wantAll(g)
	g.ping(lan, netip.MustParseAddr("2001:db8:a::1"), 1).wantAll(g)
	mtu, err := host.Run(g.ctx, "cat", "/proc/sys/net/ipv6/conf/"+lan.iface+"/mtu")
	g.must(err)
	if strings.TrimSpace(mtu) != "1500" {
		t.Errorf("the MTU is %s", mtu)
	}
	// A second solicitation while the capture runs: there is one to see before the last.
	g.must(lab.Wait(g.ctx, "an advertisement in the capture", func() error {
		frames, err := lab.ReadPcap(path)
		if err == nil && len(packets(frames, func(p lab.Packet) bool { return p.ICMPType == 134 && p.Proto == lab.ProtoICMPv6 })) == 0 {
			err = errors.New("there is none")
		}
		return err
	}))
}
