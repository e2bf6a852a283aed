// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

func TestMain(m *testing.M) { gateway.Main(m) }

func TestFramesAreTold(t *testing.T) {
	to := netip.MustParseAddr("172.17.0.9")
	for _, l := range []Load{{Ping: true}, {}} {
		for _, n := range []int{0, 1, 999} {
			f := frame(l, to, n)
			p := lab.ParsePacket(f)
			if got, ok := number(l, p); !ok || got != n || len(f) != 64 || p.DstIP != to || p.SrcIP != sender {
				t.Errorf("ping %v, number %d: %d, %v of %v, %d octets", l.Ping, n, got, ok, p, len(f))
			}
			if _, ok := number(Load{Ping: !l.Ping}, p); ok {
				t.Errorf("ping %v is taken for the other", l.Ping)
			}
		}
	}
	if cold(0) == cold(256) || cold(256) != netip.MustParseAddr("172.17.1.0") {
		t.Errorf("cold addresses %v, %v", cold(0), cold(256))
	}
}

func TestPercent(t *testing.T) {
	if p := (Outcome{Sent: 8, Delivered: 6}).Percent(); p != 75 {
		t.Errorf("%v %%", p)
	}
	if p := (Outcome{}).Percent(); p != 0 {
		t.Errorf("of nothing: %v %%", p)
	}
}

func TestParseRefused(t *testing.T) {
	if n, err := parseRefused(`[{"ifname":"in","stats64":{"rx":{"dropped":1},"tx":{"packets":9,"dropped":5}}}]`); n != 5 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for _, bad := range []string{"", "[]", "{"} {
		if n, err := parseRefused(bad); err == nil {
			t.Errorf("%q: %d", bad, n)
		}
	}
}

func host(t *testing.T) Host {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("namespaces and taps need root")
	}
	return Host{Dir: t.TempDir(), Control: 0, Worker: 1}
}

// run has a load through a gateway.
func run(t *testing.T, g *Gateway, l Load) Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o, err := g.Run(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// gone demands that a gateway left nothing.
func gone(t *testing.T, g *Gateway, h Host) {
	t.Helper()
	ns := g.wire.ns.Name
	if err := g.Stop(); err != nil {
		t.Error(err)
	}
	if err := g.Stop(); err != nil {
		t.Errorf("a second time: %v", err)
	}
	left, err := os.ReadDir(h.Dir)
	if lab.Exists(ns) || len(left) > 0 || err != nil {
		t.Errorf("namespace %v, files %v, %v", lab.Exists(ns), left, err)
	}
}

// Parkway with eight places per next hop delivers eight of ten, in order, after one
// question, and all that fit.
func TestParkway(t *testing.T) {
	h := host(t)
	g, err := StartParkway(t.Context(), h, "parkway", gateway.Binary, "packets_per_nexthop: 8")
	if err != nil {
		t.Fatal(err)
	}
	defer g.Stop() //nolint:errcheck // gone says it
	for _, tc := range []struct {
		load Load
		want Outcome
	}{
		{Load{Packets: 5}, Outcome{Sent: 5, Delivered: 5, Questions: 1}},
		{Load{Packets: 10}, Outcome{Sent: 10, Delivered: 8, Questions: 1}},
		{Load{Packets: 3, Every: time.Millisecond, Ping: true}, Outcome{Sent: 3, Delivered: 3, Replies: 3, Questions: 1}},
	} {
		if got := run(t, g, tc.load); got != tc.want {
			t.Errorf("%+v: %+v, want %+v", tc.load, got, tc.want)
		}
	}
	gone(t, g, h)
}

// A gateway that does not start says so, and leaves nothing.
func TestParkwayStartFails(t *testing.T) {
	h := host(t)
	if g, err := StartParkway(t.Context(), h, "parkway", gateway.Binary, "packets_per_nexthop: none"); err == nil {
		t.Errorf("it started: %v", g.Stop())
	}
	if left, err := os.ReadDir(h.Dir); len(left) > 0 || err != nil {
		t.Errorf("left are %v, %v", left, err)
	}
}

// OVN delivers some of a burst and no more than its queue holds.
func TestOVN(t *testing.T) {
	h := host(t)
	g, err := StartOVN(t.Context(), h)
	if target.IsUnavailable(err) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer g.Stop() //nolint:errcheck // gone says it
	if o := run(t, g, Load{Packets: 10}); o.Sent != 10 || o.Delivered < 1 || o.Delivered > 4 {
		t.Errorf("%+v; OVN's queue holds 4", o)
	}
	gone(t, g, h)
}
