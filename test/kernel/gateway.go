// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/forwarder"
)

const ringSize = 1024

// parkway is a scenario as a gateway on ring ports.
type parkway struct {
	s       *scenario
	f       *forwarder.Forwarder
	r       *arpbuf.Resolver
	in, out []*dpdk.Ring // by wire
	sent    uint64
	got     []seen
}

// topologyOf is the scenario in the gateway's words: a switch behind every wire, whose
// hosts are all unknown to it, and one for every link.
func (s *scenario) topologyOf(bindings []forwarder.StaticMACBinding) forwarder.Topology {
	cable := func(p *forwarder.RouterPort) forwarder.SwitchPort {
		return forwarder.SwitchPort{Name: "to-" + p.Name, Type: forwarder.PortRouter, RouterPort: p.Name}
	}
	t := forwarder.Topology{Routers: s.routers, StaticMACBindings: bindings, Meters: []forwarder.Meter{{Name: "all", Rate: 1e6, Burst: 1e6}}}
	t.CoPP = []forwarder.CoPP{{Name: "unlimited"}} // every answer is compared
	for _, protocol := range []string{"arp", "nd-ns", "nd-na", "nd-ra-opts", "icmp4-error", "icmp6-error", "tcp-reset", "icmp4-echo", "icmp6-echo"} {
		t.CoPP[0].Meters = append(t.CoPP[0].Meters, forwarder.CoPPMeter{Protocol: protocol, Meter: "all"})
	}
	for _, w := range s.wires {
		t.Switches = append(t.Switches, forwarder.Switch{Name: "sw-" + w.port.Name,
			Ports: []forwarder.SwitchPort{{Name: w.port.Name, Unknown: true}, cable(w.port)}})
	}
	for i, k := range s.links {
		t.Switches = append(t.Switches, forwarder.Switch{Name: fmt.Sprintf("link%d", i),
			Ports: []forwarder.SwitchPort{cable(k.a.port), cable(k.b.port)}})
	}
	return t
}

func newParkway(t testing.TB, eal *dpdk.EAL, s *scenario, bindings []forwarder.StaticMACBinding) *parkway {
	t.Helper()
	g := &parkway{s: s}
	var log dpdktest.Log
	fc := forwarder.Defaults()
	fc.EAL, fc.Topology, fc.Logger, fc.Mbufs = eal, s.topologyOf(bindings), log.Logger(), 8191
	ac := arpbuf.DefaultConfig()
	ac.EAL, ac.Logger = eal, log.Logger()
	ac.CPUs, _ = dpdk.AllowedCPUs()
	ac.Announcements, ac.ManageRoutes = 0, false // nobody is there to answer
	ac.DuplicateDetection = arpbuf.DetectOff
	for _, w := range s.wires {
		in := dpdktest.Ring(t, ringSize, dpdk.RingFlags{Socket: dpdk.SocketAny})
		out := dpdktest.Ring(t, 4*ringSize, dpdk.RingFlags{Socket: dpdk.SocketAny})
		port, err := dpdk.NewRingPort(dpdktest.Name("k"), []*dpdk.Ring{in}, []*dpdk.Ring{out, out})
		if err != nil {
			t.Fatal(err)
		}
		g.in, g.out = append(g.in, in), append(g.out, out)
		fc.Ports = append(fc.Ports, forwarder.Port{Name: "p-" + w.port.Name, Attached: &port, IfaceID: w.port.Name})
	}
	var err error
	if g.f, err = forwarder.New(fc); err != nil {
		t.Fatalf("%v: %v", s, err)
	}
	t.Cleanup(func() {
		g.collect()
		if err := g.f.Stop(context.Background()); err != nil { // every packet accounted for, every mbuf back
			t.Error(err)
		}
	})
	if g.r, err = arpbuf.New(g.f, ac); err != nil {
		t.Fatalf("%v: %v", s, err)
	}
	if err := g.f.Start(); err != nil {
		t.Fatalf("%v: %v", s, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.r.Run(ctx) }()
	t.Cleanup(func() { // before the forwarder stops
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-g.r.Ready():
	case err := <-ended:
		t.Fatalf("%v: %v", s, err)
	}
	return g
}

// run sends all packets, so many at a time, and returns all that left. One at a time,
// it says too what each was dropped for.
func (g *parkway) run(together int) (got []seen, reasons map[uint16]string, err error) {
	g.got, reasons = nil, map[uint16]string{}
	before := g.f.Counters().Drops
	for i, p := range g.s.packets {
		if err := g.send(p); err != nil {
			return nil, nil, err
		}
		if (i+1)%together != 0 && i < len(g.s.packets)-1 {
			continue
		}
		if err := g.rest(); err != nil {
			return nil, nil, err
		}
		after := g.f.Counters().Drops
		for reason, n := range after {
			if together == 1 && n > before[reason] {
				reasons[p.id] += forwarder.DropReasons()[reason].Name
			}
		}
		before = after
	}
	return g.got, reasons, nil
}

func (g *parkway) send(p *packet) error {
	m, err := g.f.Pool().Alloc()
	if err != nil {
		return err
	}
	if err := m.AppendBytes(p.frame); err != nil {
		m.Free()
		return err
	}
	if g.in[p.wire].EnqueueBurst([]*dpdk.Mbuf{m}) != 1 {
		m.Free()
		return fmt.Errorf("the ring of wire %d is full", p.wire)
	}
	g.sent++
	return nil
}

// rest waits until all that came in is accounted for, and the worker has ended the poll
// that did it.
func (g *parkway) rest() error {
	polls := uint64(0) // when the counters balanced first; 0: they do not
	for end := time.Now().Add(patience); ; runtime.Gosched() {
		g.collect()
		c, now := g.f.Counters(), g.f.Workers()[0].Polls
		switch {
		case c.Rx != g.sent || c.Balance() != 0:
			polls = 0
		case polls == 0:
			polls = now
		case now >= polls+2:
			g.collect()
			return nil
		}
		if time.Now().After(end) {
			return fmt.Errorf("Parkway did not come to rest: %d sent, %+v", g.sent, c)
		}
	}
}

func (g *parkway) collect() {
	var burst [64]*dpdk.Mbuf
	for w, ring := range g.out {
		for n := ring.DequeueBurst(burst[:]); n > 0; n = ring.DequeueBurst(burst[:]) {
			for _, m := range burst[:n] {
				g.got = append(g.got, seen{w, m.AppendTo(nil)})
			}
			dpdk.FreeBulk(burst[:n])
		}
	}
}
