// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/dpdk/traffic"
	"github.com/parkway-gw/parkway/forwarder"
)

// The ports: a and c have one known host each, which sends; behind b live strangers.
const (
	portA = iota
	portB
	portC
	ports
)

// maxFlows is how many flows each source and sink knows.
const maxFlows = 16384

// workerQueue and controlQueue are who sends by which transmit queue (forwarder).
const (
	workerQueue = iota
	controlQueue
)

func addr(s string) netip.Addr { return netip.MustParseAddr(s) }

func mac(s string) forwarder.MAC {
	m, err := forwarder.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

// sender is the host behind an ingress port.
type sender struct {
	mac, gateway forwarder.MAC
	ip4, ip6     netip.Addr
}

var senders = [ports]sender{
	portA: {mac("02:00:00:00:0a:02"), mac("02:00:00:00:0a:01"), addr("10.0.1.2"), addr("2001:db8:1::2")},
	portC: {mac("02:00:00:00:0c:02"), mac("02:00:00:00:0c:01"), addr("10.0.4.2"), addr("2001:db8:4::2")},
}

// Where flow 0 of a case goes: 10.2/16 and 2001:db8:2::/64 are for cold and dead next
// hops, 10.3/16 and 2001:db8:3::/64 for good ones; the networks of routes come last.
var (
	cold4, cold6   = addr("10.2.1.0"), addr("2001:db8:2::1:0")
	good4, good6   = addr("10.3.0.16"), addr("2001:db8:3::10")
	routed4        = addr("192.0.2.16")
	goods          = []netip.Prefix{netip.MustParsePrefix("10.3.0.0/16"), netip.MustParsePrefix("2001:db8:3::/64")}
	scans          = []netip.Prefix{netip.MustParsePrefix("10.2.0.0/16"), netip.MustParsePrefix("2001:db8:2::/64")}
	alive          = []netip.Prefix{netip.MustParsePrefix("10.2.250.0/24"), netip.MustParsePrefix("2001:db8:2::fa00/120")} // of scans
	gatewayNexthop = addr("10.3.255.254")
)

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
	known := func(name string, s sender) forwarder.SwitchPort {
		return forwarder.SwitchPort{Name: name, Addresses: []forwarder.PortAddress{{MAC: s.mac, IPs: []netip.Addr{s.ip4, s.ip6}}}}
	}
	return forwarder.Topology{
		Switches: []forwarder.Switch{
			{Name: "sw-a", Ports: []forwarder.SwitchPort{known("a", senders[portA]), cable("lrp-a")}},
			{Name: "sw-b", Ports: []forwarder.SwitchPort{{Name: "b", Unknown: true}, cable("lrp-b")}},
			{Name: "sw-c", Ports: []forwarder.SwitchPort{known("c", senders[portC]), cable("lrp-c")}},
		},
		Routers: []forwarder.Router{{
			Name:    "lr0",
			Options: forwarder.RouterOptions{AlwaysLearnFromARPRequest: true},
			Ports: []forwarder.RouterPort{
				{Name: "lrp-a", MAC: senders[portA].gateway, Networks: pfx("10.0.1.1/24", "2001:db8:1::1/64")},
				{Name: "lrp-b", MAC: mac("02:00:00:00:0b:01"),
					Networks: pfx("10.2.0.1/16", "10.3.0.1/16", "2001:db8:2::1/64", "2001:db8:3::1/64")},
				{Name: "lrp-c", MAC: senders[portC].gateway, Networks: pfx("10.0.4.1/24", "2001:db8:4::1/64")},
			},
			StaticRoutes: []forwarder.StaticRoute{{Prefix: netip.MustParsePrefix("192.0.2.0/24"), Nexthop: gatewayNexthop}},
		}},
	}
}

// gateway is a running gateway with a source on every port and a sink on every port.
type gateway struct {
	t     *testing.T
	f     *forwarder.Forwarder
	r     *arpbuf.Resolver
	park  forwarder.ParkConfig
	hz    float64
	src   [ports]*traffic.Source
	sink  [ports]*traffic.Sink
	log   dpdktest.Log
	calls func() // ends control
	tid   int    // of the worker's thread; 0: unknown
}

// start makes a gateway with default limits, but for what tune changes, and runs it
// until the end of the test.
func start(t *testing.T, tune func(*forwarder.Config, *arpbuf.Config)) *gateway {
	t.Helper()
	g := &gateway{t: t}
	fc, ac := forwarder.Defaults(), arpbuf.DefaultConfig()
	fc.EAL, fc.Topology, fc.Logger, fc.Workers, fc.Adaptive = dpdktest.EAL(), network(), g.log.Logger(), []int{workerCPU}, false
	ac.EAL, ac.CPUs, ac.Logger = fc.EAL, others, fc.Logger
	if tune != nil {
		tune(&fc, &ac)
	}
	g.park = fc.Park
	var ids [ports]dpdk.PortID
	for i, name := range []string{"a", "b", "c"} {
		id, err := dpdk.AttachPort(dpdktest.Name("net_null") + ",no-rx=1")
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = id
		fc.Ports = append(fc.Ports, forwarder.Port{Name: name, Attached: &id, IfaceID: name})
	}
	var err error
	if g.f, err = forwarder.New(fc); err != nil {
		t.Fatal(err)
	}
	g.hz = float64(g.f.TSCHz())
	t.Cleanup(g.stop)
	for i, id := range ids {
		if g.src[i], err = traffic.NewSource(traffic.SourceConfig{Port: id, Pool: g.f.Pool(), Flows: maxFlows, Inject: 4096}); err != nil {
			t.Fatal(err)
		}
		if g.sink[i], err = traffic.NewSink(traffic.SinkConfig{Port: id, Flows: maxFlows, Others: 4096}); err != nil {
			t.Fatal(err)
		}
	}
	ac.Announcements = 0 // the router has nothing to say but questions
	ac.ManageRoutes, ac.DuplicateDetection = false, arpbuf.DetectOff
	if g.r, err = arpbuf.New(g.f, ac); err != nil {
		t.Fatal(err)
	}
	if err := g.f.Start(); err != nil {
		t.Fatal(err)
	}
	g.tid = onlyThreadOn(workerCPU)
	g.control()
	return g
}

// control runs the control loop.
func (g *gateway) control() {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.r.Run(ctx) }()
	g.calls = func() {
		cancel()
		if err := <-ended; err != nil {
			g.t.Error(err)
		}
	}
	select {
	case <-g.r.Ready():
	case <-time.After(10 * time.Second):
		g.t.Fatal("control does not start")
	}
}

// stop demands every packet accounted for and every mbuf back.
func (g *gateway) stop() {
	if g.calls != nil {
		g.calls()
	}
	if err := g.f.Stop(context.Background()); err != nil {
		g.t.Error(err)
	}
	for i := range g.src {
		if g.src[i] != nil {
			g.src[i].Close()
		}
		if g.sink[i] != nil {
			g.sink[i].Close()
		}
	}
	if g.t.Failed() {
		g.t.Logf("the gateway's log:\n%s", g.log.String())
	}
}

// group is packets from an ingress port to flows first.. at dst..
func group(port int, dst netip.Addr, first, flows int) traffic.Group {
	s := senders[port]
	g := traffic.Group{Src: s.ip4, Dst: dst, First: first, Flows: flows, SrcMAC: s.mac, DstMAC: s.gateway}
	if dst.Is6() {
		g.Src = s.ip6
	}
	return g
}

// run has a port's source make the groups' packets.
func (g *gateway) run(port int, rate, limit uint64, groups ...traffic.Group) {
	g.t.Helper()
	if err := g.src[port].Run(traffic.Program{Groups: groups, Rate: rate, Limit: limit}); err != nil {
		g.t.Fatal(err)
	}
}

// made waits until a port's source has reached its limit.
func (g *gateway) made(port int) {
	g.t.Helper()
	wait(g.t, "the source", func() bool { return g.src[port].Stats().Done })
}

func (g *gateway) drops(r cgo.DropReason) uint64 { return g.f.Counters().Drops[r] }

func (g *gateway) parkedNow() int64 {
	c := g.f.Counters()
	return c.ParkedNow()
}

// since is the time between two readings of the time stamp counter.
func (g *gateway) since(from, to uint64) time.Duration {
	return time.Duration(float64(int64(to-from)) / g.hz * 1e9)
}

// settle ends the sources and waits until all that came in is accounted for: nothing is
// parked, the counters balance, every mbuf is in the pool.
func (g *gateway) settle() {
	g.t.Helper()
	for _, s := range g.src {
		s.Stop()
	}
	var c forwarder.Counters
	atRest := func() bool {
		c = g.f.Counters()
		in := uint64(0)
		for _, s := range g.src {
			st := s.Stats()
			if !st.Idle {
				return false
			}
			in += st.Generated + st.Injected
		}
		return c.Rx == in && c.Balance() == 0 && c.ParkedNow() == 0 && g.f.PoolStatus().InUse == 0
	}
	if !within(30*time.Second, atRest) {
		g.t.Errorf("no rest: received %d, balance %d, parked %d, %d mbufs out; %s", c.Rx, c.Balance(), c.ParkedNow(),
			g.f.PoolStatus().InUse, g.reasons())
	}
	for i, s := range g.src {
		if n := s.Stats().NoMbuf; n > 0 {
			g.t.Errorf("the pool was empty for the source of port %d, %d times", i, n)
		}
	}
}

// reasons lists the drops so far.
func (g *gateway) reasons() string {
	var b strings.Builder
	c := g.f.Counters()
	for i, n := range c.Drops {
		if n > 0 {
			fmt.Fprintf(&b, " %s %d", cgo.DropReason(i), n)
		}
	}
	if b.Len() == 0 {
		return "no drops"
	}
	return "drops" + b.String()
}

// whole demands packets from..to-1 of a flow, each once and in order.
func (g *gateway) whole(flow int, from, to uint64) {
	g.t.Helper()
	f := g.sink[portB].Flow(flow)
	if f.Received != to-from || f.First != from || f.Last != to-1 || f.Reordered+f.Duplicates+f.Gaps != 0 {
		g.t.Errorf("flow %d: %+v; want %d to %d in order; %s", flow, f, from, to-1, g.reasons())
	}
}
