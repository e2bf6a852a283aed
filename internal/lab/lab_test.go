// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

var (
	macA = topology.MAC{2, 0, 0, 0, 0, 0xa}
	macB = topology.MAC{2, 0, 0, 0, 0, 0xb}
	ip4A = netip.MustParseAddr("192.0.2.1")
	ip4B = netip.MustParseAddr("192.0.2.2")
	ip6A = netip.MustParseAddr("2001:db8::1")
	ip6B = netip.MustParseAddr("2001:db8::2")
)

// pair is two namespaces on a cable, the first set up as a host.
func pair(t *testing.T) (context.Context, *Lab, *NS, *NS) {
	t.Helper()
	l := ForTest(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	a, b := l.NS(t, "a"), l.NS(t, "b")
	check(t, Veth(ctx, a, "eth0", b, "eth0"))
	return ctx, l, a, b
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func hostA() Host {
	return Host{MAC: macA, Addrs: []netip.Prefix{netip.PrefixFrom(ip4A, 24), netip.PrefixFrom(ip6A, 64)}, Gateways: []netip.Addr{ip4B, ip6B}, MTU: 1400}
}

func TestTwoHostsPing(t *testing.T) {
	ctx, _, a, b := pair(t)
	_, err := b.Run(ctx, "ip", "link", "set", "eth0", "up")
	check(t, err)
	check(t, a.Setup(ctx, "eth0", hostA()))
	check(t, b.Setup(ctx, "eth0", Host{MAC: macB, Addrs: []netip.Prefix{netip.PrefixFrom(ip4B, 24), netip.PrefixFrom(ip6B, 64)}}))

	file := filepath.Join(t.TempDir(), "b.pcap")
	capture, err := b.Capture(ctx, "eth0", file)
	check(t, err)
	for _, ip := range []netip.Addr{ip4B, ip6B} {
		out, err := a.Run(ctx, "ping", "-n", "-c", "1", "-W", "2", ip.String())
		check(t, err)
		if !strings.Contains(out, " 1 received") {
			t.Errorf("ping %s:\n%s", ip, out)
		}
	}
	frames, err := capture.Stop(ctx)
	check(t, err)
	asked := map[netip.Addr]int{}
	requests := 0
	for _, f := range frames {
		p := ParsePacket(f.Data)
		if ip, ok := p.Asks(); ok && p.Src == macA {
			asked[ip]++
		}
		if p.IsEchoRequest() && p.EchoSeq == 1 {
			requests++
		}
		if since := time.Since(f.Time); since < 0 || since > 20*time.Second {
			t.Errorf("a frame of %v", f.Time)
		}
	}
	if asked[ip4B] != 1 || asked[ip6B] != 1 || requests != 2 {
		t.Errorf("the capture has requests for %v and %d echo requests, want one each and 2", asked, requests)
	}

	out, err := a.Run(ctx, "ip", "route", "get", "203.0.113.1")
	check(t, err)
	if !strings.Contains(out, "via 192.0.2.2") {
		t.Errorf("no default route: %s", out)
	}
	check(t, a.FlushNeighbors(ctx, "eth0"))
	if Root.HasLink("eth0") != rootHasEth0(t) {
		t.Error("HasLink looks in the wrong namespace")
	}
}

func rootHasEth0(t *testing.T) bool {
	t.Helper()
	_, err := os.Stat("/sys/class/net/eth0")
	return err == nil
}

// A kernel's first ping waits for an answer that comes late, and the record tells
// how late it was.
func TestNeighborAnswersLate(t *testing.T) {
	for _, tc := range []struct {
		name   string
		asks   netip.Addr
		script Script
		probes int // until the ping gets through
		atMost time.Duration
	}{
		{"arp, at once", ip4B, nil, 1, 300 * time.Millisecond},
		{"nd, at once", ip6B, nil, 1, 300 * time.Millisecond},
		{"arp, 300 ms late", ip4B, After(300 * time.Millisecond), 1, 900 * time.Millisecond},
		{"nd, 300 ms late", ip6B, After(300 * time.Millisecond), 1, 900 * time.Millisecond},
		{"arp, to the second probe", ip4B, OnlyProbe(2), 2, 3 * time.Second},
		{"nd, twice", ip6B, Twice, 1, 300 * time.Millisecond},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ctx, l, a, b := pair(t)
			nb, err := l.StartNeighbor(ctx, b, "eth0", NeighborConfig{MAC: macB, Echo: true, IPs: map[netip.Addr]Script{tc.asks: tc.script}})
			check(t, err)
			check(t, a.Setup(ctx, "eth0", hostA()))
			start := time.Now()
			out, err := a.Run(ctx, "ping", "-n", "-c", "1", "-W", "4", tc.asks.String())
			check(t, err)
			if took := time.Since(start); took > tc.atMost {
				t.Errorf("took %v, want at most %v\n%s", took, tc.atMost, out)
			}
			probes := nb.Probes(tc.asks)
			if len(probes) != tc.probes {
				t.Fatalf("%d probes, want %d", len(probes), tc.probes)
			}
			pings := nb.Seen(func(r Recorded) bool { return r.IsEchoRequest() })
			if len(pings) != 1 {
				t.Fatalf("%d echo requests, want 1", len(pings))
			}
			if late := pings[0].Time.Sub(probes[0].Time); tc.name[len(tc.name)-4:] == "late" && late < 300*time.Millisecond {
				t.Errorf("the ping came %v after the probe, before the answer", late)
			}
			if got := nb.Seen(func(r Recorded) bool { return r.Outgoing }); len(got) != 0 {
				t.Errorf("the kernel behind the neighbor spoke: %v", got[0].Packet)
			}
		})
	}
}

func TestNeighborNeverAnswersAndChangesItsMAC(t *testing.T) {
	ctx, l, a, b := pair(t)
	other := topology.MAC{2, 0, 0, 0, 0, 0xc}
	never := netip.MustParseAddr("192.0.2.3")
	nb, err := l.StartNeighbor(ctx, b, "eth0", NeighborConfig{MAC: macB, IPs: map[netip.Addr]Script{ip4B: WithMAC(other), never: Never}})
	check(t, err)
	check(t, a.Setup(ctx, "eth0", hostA()))
	for _, ip := range []netip.Addr{ip4B, never} {
		if out, err := a.Run(ctx, "ping", "-n", "-c", "1", "-W", "1", ip.String()); err == nil {
			t.Errorf("%s answered a ping:\n%s", ip, out)
		}
	}
	macOf := func(ip netip.Addr) string {
		out, err := a.Run(ctx, "ip", "neigh", "show", ip.String(), "dev", "eth0")
		check(t, err)
		return out
	}
	if out := macOf(ip4B); !strings.Contains(out, other.String()) {
		t.Errorf("the kernel believes %s", out)
	}
	if out := macOf(never); strings.Contains(out, "lladdr") {
		t.Errorf("the kernel believes %s", out)
	}
	check(t, nb.Announce(ip4B, macB))
	check(t, Wait(ctx, "the announcement to be believed", func() error {
		if out := macOf(ip4B); !strings.Contains(out, macB.String()) {
			return os.ErrNotExist
		}
		return nil
	}))
	if _, err := nb.WaitSeen(ctx, "a probe", 1, func(r Recorded) bool { return r.EtherType == EtherARP }); err != nil {
		t.Error(err)
	}
	nb.Forget()
	if got := nb.Probes(ip4B); len(got) != 0 {
		t.Errorf("remembers %d probes", len(got))
	}
}

// The kernel takes VLAN tags out of frames; the record has them. Both ends are
// neighbors here, for not every kernel has VLAN interfaces.
func TestNeighborInAVLAN(t *testing.T) {
	ctx, l, a, b := pair(t)
	nb, err := l.StartNeighbor(ctx, b, "eth0", NeighborConfig{MAC: macB, VLAN: 100, IPs: map[netip.Addr]Script{ip4B: nil}})
	check(t, err)
	asker, err := l.StartNeighbor(ctx, a, "eth0", NeighborConfig{MAC: macA, VLAN: 100})
	check(t, err)
	check(t, a.WaitRunning(ctx, "eth0"))
	check(t, b.WaitRunning(ctx, "eth0"))
	for _, vlan := range []uint16{0, 99, 100} {
		check(t, asker.Send(NewARP(topology.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, vlan, ARPRequest, macA, ip4A, topology.MAC{}, ip4B)))
	}
	answers, err := asker.WaitSeen(ctx, "an answer", 1, func(r Recorded) bool { _, ok := r.Answers(); return ok })
	check(t, err)
	if r := answers[0]; len(answers) != 1 || r.VLAN != 100 || r.SHA != macB || r.Src != macB {
		t.Errorf("answers %v", answers)
	}
	if p := nb.Probes(ip4B); len(p) != 3 || p[0].VLAN != 0 || p[2].VLAN != 100 {
		t.Errorf("probes %v", p)
	}
}

// Whatever the lab holds is gone after Close, in whatever state it is, and a
// second Close has nothing to do.
func TestCloseLeavesNothing(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("network namespaces need root")
	}
	ctx := t.Context()
	l := New()
	n, err := l.Add(ctx, "x")
	check(t, err)
	_, err = n.Run(ctx, "ip", "tuntap", "add", "tap9", "mode", "tap")
	check(t, err)
	polite, err := l.Start(n, "sleep", "1000")
	check(t, err)
	stray, err := n.Start("sleep", "1000") // nobody stops this one
	check(t, err)
	order := ""
	l.Defer(func(context.Context) error { order += "2"; return nil })
	l.Defer(func(context.Context) error { order += "1"; return os.ErrInvalid })
	if err := l.Close(); err == nil || !strings.Contains(err.Error(), os.ErrInvalid.Error()) {
		t.Errorf("the failure is not told: %v", err)
	}
	check(t, l.Close())
	if order != "12" {
		t.Errorf("undone in the order %s, want 12", order)
	}
	if Exists(n.Name) {
		t.Errorf("namespace %s still exists", n.Name)
	}
	for _, p := range []*Proc{polite, stray} {
		wait, cancel := context.WithTimeout(ctx, 5*time.Second)
		_ = p.Wait(wait)
		cancel()
		if ended, _ := p.Exited(); !ended {
			t.Errorf("pid %d still runs", p.Pid())
			_ = p.Signal(syscall.SIGKILL)
		}
	}
	late := false
	l.Defer(func(context.Context) error { late = true; return nil })
	if !late {
		t.Error("Defer on a closed lab did nothing")
	}
}

func TestRunTellsWhatFailed(t *testing.T) {
	l := ForTest(t)
	n := l.NS(t, "x")
	_, err := n.Run(t.Context(), "ip", "link", "set", "nosuch", "up")
	if err == nil || !strings.Contains(err.Error(), n.Name+": ip link set nosuch up") || !strings.Contains(err.Error(), "nosuch\"") {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := n.Run(ctx, "sleep", "10"); err == nil || !strings.Contains(err.Error(), "deadline") {
		t.Errorf("error %v", err)
	}
	if _, err := AddNS(t.Context(), n.Name); err == nil {
		t.Error("made the same namespace twice")
	}
	if err := Root.Delete(t.Context()); err == nil {
		t.Error("would delete the program's own namespace")
	}
}

// A second Close returns when the first has undone everything, not before.
func TestSecondCloseWaits(t *testing.T) {
	l := New()
	var undone atomic.Bool
	entered, proceed := make(chan struct{}), make(chan struct{})
	l.Defer(func(context.Context) error {
		close(entered)
		<-proceed
		undone.Store(true)
		return nil
	})
	go l.Close()
	<-entered
	second := make(chan bool)
	go func() { _ = l.Close(); second <- undone.Load() }()
	select {
	case <-second:
		t.Error("the second did not wait")
	case <-time.After(20 * time.Millisecond):
		close(proceed)
		if !<-second {
			t.Error("the second returned too early")
		}
	}
}
