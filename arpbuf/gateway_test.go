// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

var _ arpbuf.Plane = (*forwarder.Forwarder)(nil)

func TestMain(m *testing.M) { dpdktest.Main(m) }

// manualClock stands still until a test moves it.
type manualClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *manualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *manualClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// The network of the tests: host a, whose MAC is configured, behind port 0, and
// strangers behind port 1.
var (
	macA, macLA = mac("02:00:00:00:0a:02"), mac("02:00:00:00:0a:01")
	macB, macLB = mac("02:00:00:00:0b:09"), mac("02:00:00:00:0b:01")
	a4, la4     = addr("10.0.1.2"), addr("10.0.1.1")
	b4, lb4     = addr("10.0.2.9"), addr("10.0.2.1")
	a6, la6     = addr("2001:db8:1::2"), addr("2001:db8:1::1")
	b6, lb6     = addr("2001:db8:2::9"), addr("2001:db8:2::1")
	gw4         = addr("10.0.2.254")
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func mac(s string) forwarder.MAC {
	m, err := forwarder.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

func network() forwarder.Topology {
	pfx := func(list ...string) (out []netip.Prefix) {
		for _, s := range list {
			out = append(out, netip.MustParsePrefix(s))
		}
		return out
	}
	cable := func(lrp string) forwarder.SwitchPort {
		return forwarder.SwitchPort{Name: "to-" + lrp, Type: forwarder.PortRouter, RouterPort: lrp}
	}
	return forwarder.Topology{
		Switches: []forwarder.Switch{
			{Name: "sw-a", Ports: []forwarder.SwitchPort{
				{Name: "a", Addresses: []forwarder.PortAddress{{MAC: macA, IPs: []netip.Addr{a4, a6}}}}, cable("lrp-a")}},
			{Name: "sw-b", Ports: []forwarder.SwitchPort{{Name: "b", Unknown: true}, cable("lrp-b")}},
		},
		Routers: []forwarder.Router{{
			Name:    "lr0",
			Options: forwarder.RouterOptions{AlwaysLearnFromARPRequest: true},
			Ports: []forwarder.RouterPort{
				{Name: "lrp-a", MAC: macLA, Networks: pfx("10.0.1.1/24", "2001:db8:1::1/64")},
				{Name: "lrp-b", MAC: macLB, Networks: pfx("10.0.2.1/24", "2001:db8:2::1/64"), GatewayMTU: 1400},
			},
			StaticRoutes: []forwarder.StaticRoute{
				{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Nexthop: gw4},
			},
		}},
	}
}

// gateway is a forwarder on ring ports, its workers running, its control turned by
// the test. Both transmit queues of a port end in one ring, so what stands in it is
// the order on the wire.
type gateway struct {
	t        *testing.T
	f        *forwarder.Forwarder
	r        *arpbuf.Resolver
	clock    *manualClock
	in, out  [2]*dpdk.Ring
	second   *dpdk.Ring  // port a's second receive queue, with two workers
	got      [2][][]byte // frames sent by the ports, taken out of the rings
	injected uint64
	turn     func() // what the test does while it waits
}

const ringSize = 4096

func start(t *testing.T, tune func(*forwarder.Config, *arpbuf.Config)) *gateway {
	t.Helper()
	return startWith(t, ringSize, tune)
}

// startWith is start with room for so many frames on each port's way out.
func startWith(t *testing.T, room int, tune func(*forwarder.Config, *arpbuf.Config)) *gateway {
	t.Helper()
	return startOn(t, room, tune, func(f *forwarder.Forwarder) arpbuf.Plane { return f })
}

// startOn is startWith with something of the test's between resolver and forwarder.
func startOn(t *testing.T, room int, tune func(*forwarder.Config, *arpbuf.Config),
	plane func(*forwarder.Forwarder) arpbuf.Plane) *gateway {
	t.Helper()
	g := &gateway{t: t, clock: &manualClock{now: time.Now()}}
	names := []string{"a", "b"}
	fc := forwarder.Defaults()
	fc.EAL, fc.Topology, fc.Mbufs = dpdktest.EAL(), network(), 16383
	var log dpdktest.Log
	fc.Logger = log.Logger()
	ac := arpbuf.DefaultConfig()
	ac.EAL, ac.Clock, ac.Logger = fc.EAL, g.clock, log.Logger()
	ac.CPUs, _ = dpdk.AllowedCPUs()
	ac.Announcements = 0 // most tests count what the router sends
	ac.ManageRoutes, ac.DuplicateDetection = false, arpbuf.DetectOff
	if tune != nil {
		tune(&fc, &ac)
	}
	for i := range names {
		g.in[i] = dpdktest.Ring(t, ringSize, dpdk.RingFlags{Socket: dpdk.SocketAny})
		g.out[i] = dpdktest.Ring(t, room, dpdk.RingFlags{Socket: dpdk.SocketAny})
		rx, tx := []*dpdk.Ring{g.in[i]}, []*dpdk.Ring{g.out[i], g.out[i]}
		if len(fc.Workers) > 1 { // a second queue of port a, a third transmit queue
			tx = append(tx, g.out[i])
			if i == 0 {
				g.second = dpdktest.Ring(t, ringSize, dpdk.RingFlags{Socket: dpdk.SocketAny})
				rx = append(rx, g.second)
			}
		}
		port, err := dpdk.NewRingPort(dpdktest.Name("gw"), rx, tx)
		if err != nil {
			t.Fatal(err)
		}
		fc.Ports = append(fc.Ports, forwarder.Port{Name: "p-" + names[i], Attached: &port, IfaceID: names[i]})
	}
	var err error
	if g.f, err = forwarder.New(fc); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.stop)
	if g.r, err = arpbuf.New(plane(g.f), ac); err != nil {
		t.Fatal(err)
	}
	g.turn = g.r.Turn
	if err := g.f.Start(); err != nil {
		t.Fatal(err)
	}
	return g
}

// stop demands every packet accounted for and every mbuf back.
func (g *gateway) stop() {
	g.collect()
	if err := g.f.Stop(context.Background()); err != nil {
		g.t.Error(err)
	}
}

// collect takes out what the ports have sent.
func (g *gateway) collect() {
	var burst [64]*dpdk.Mbuf
	for i := range g.out {
		for n := g.out[i].DequeueBurst(burst[:]); n > 0; n = g.out[i].DequeueBurst(burst[:]) {
			for _, m := range burst[:n] {
				g.got[i] = append(g.got[i], m.AppendTo(nil))
			}
			dpdk.FreeBulk(burst[:n])
		}
	}
}

// inject has frames arrive at a port.
func (g *gateway) inject(port int, frames ...[]byte) {
	g.t.Helper()
	for len(frames) > 0 {
		n := min(len(frames), 64)
		var burst []*dpdk.Mbuf
		for _, frame := range frames[:n] {
			burst = append(burst, dpdktest.Packet(g.t, g.f.Pool(), frame))
		}
		g.push(g.in[port], burst)
		frames = frames[n:]
	}
}

func (g *gateway) push(ring *dpdk.Ring, burst []*dpdk.Mbuf) {
	g.t.Helper()
	if sent := ring.EnqueueBurst(burst); sent < len(burst) {
		dpdk.FreeBulk(burst[sent:])
		g.t.Fatalf("the test's ring is full")
	}
	g.injected += uint64(len(burst))
}

// wait turns control until cond holds.
func (g *gateway) wait(what string, cond func() bool) {
	g.t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); {
		if time.Now().After(end) {
			g.t.Fatalf("waited in vain for %s; counters %s", what, g.counters())
		}
		g.turn()
		g.collect()
	}
}

func (g *gateway) counters() string {
	c := g.f.Counters()
	s := ""
	for i, n := range c.Drops {
		if n > 0 {
			s += " " + forwarder.DropReasons()[i].Name
		}
	}
	return time.Now().Format("15:04:05") + s
}

// rest waits until all that came in is accounted for, and the workers have ended the
// polls that accounted for it: a packet counts as parked a little before it is asked for.
func (g *gateway) rest() {
	g.t.Helper()
	g.wait("rest", func() bool {
		c := g.f.Counters()
		return c.Rx == g.injected && c.Balance() == 0
	})
	polls := func() (n []uint64) {
		for _, w := range g.f.Workers() {
			n = append(n, w.Polls)
		}
		return n
	}
	before := polls()
	g.wait("the workers' next polls", func() bool {
		for i, n := range polls() {
			if n < before[i]+2 {
				return false
			}
		}
		return true
	})
	g.turn()
	g.collect()
}

// pass lets time pass in steps that no timer is shorter than.
func (g *gateway) pass(d time.Duration) {
	g.t.Helper()
	for ; d > 0; d -= 100 * time.Millisecond {
		g.clock.advance(min(d, 100*time.Millisecond))
		g.turn()
	}
	g.rest()
}

// take returns and forgets what a port sent.
func (g *gateway) take(port int) [][]byte {
	g.collect()
	out := g.got[port]
	g.got[port] = nil
	return out
}

// isARPRequest, isNS: probes of the router's for ip.
func isARPRequest(frame []byte, ip netip.Addr) bool {
	a, err := wire.DecodeARP(frame)
	return err == nil && a.Op == wire.ARPRequest && a.TargetIP == ip
}

func isNS(frame []byte, ip netip.Addr) bool {
	nd, err := wire.DecodeND(frame)
	return err == nil && nd.Type == wire.NeighborSolicitation && nd.Target == ip
}

func count(frames [][]byte, is func([]byte) bool) (n int) {
	for _, f := range frames {
		if is(f) {
			n++
		}
	}
	return n
}
