// SPDX-License-Identifier: Apache-2.0

package parking

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk/traffic"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/wire"
)

// macOf is the MAC of a stranger behind port b.
func macOf(ip netip.Addr) forwarder.MAC {
	b := ip.AsSlice()
	b = b[len(b)-4:]
	return forwarder.MAC{0x02, 0xb0, b[0], b[1], b[2], b[3]}
}

// answer is what the one that was asked for replies; nil when the frame asks nothing.
func answer(frame []byte) (reply []byte, target netip.Addr) {
	if a, err := wire.DecodeARP(frame); err == nil {
		if a.Op != wire.ARPRequest {
			return nil, target
		}
		return wire.AppendARPReply(nil, a, macOf(a.TargetIP)), a.TargetIP
	}
	ns, err := wire.DecodeND(frame)
	if err != nil || ns.Type != wire.NeighborSolicitation {
		return nil, target
	}
	return wire.AppendNeighborAdvertisement(nil, ns, macOf(ns.Target), wire.NAFlags{Override: true}), ns.Target
}

// script says when to answer for an address; false: never.
type script func(ip netip.Addr) (after time.Duration, ok bool)

func always(after time.Duration) script {
	return func(netip.Addr) (time.Duration, bool) { return after, true }
}

// onlyGood answers at once for the good networks and for who is alive in the scanned
// ones, and never for the others.
func onlyGood(ip netip.Addr) (time.Duration, bool) {
	good := slices.ContainsFunc(slices.Concat(goods, alive), func(p netip.Prefix) bool { return p.Contains(ip) })
	return 0, good
}

// neighbor plays everybody behind port b, from a goroutine that looks about every 100 µs.
type neighbor struct {
	g    *gateway
	s    script
	end  chan struct{}
	done sync.WaitGroup
	due  []pending // answers, soonest first
}

type pending struct {
	tsc   uint64
	frame []byte
}

// answering starts the neighbor, which ends with the test.
func (g *gateway) answering(s script) *neighbor {
	n := &neighbor{g: g, s: s, end: make(chan struct{})}
	n.done.Add(1)
	go n.live()
	g.t.Cleanup(func() { // before the gateway goes
		close(n.end)
		n.done.Wait()
	})
	return n
}

func (n *neighbor) live() {
	defer n.done.Done()
	for {
		select {
		case <-n.end:
			return
		default:
		}
		for f, ok := n.g.sink[portB].Other(); ok; f, ok = n.g.sink[portB].Other() {
			n.asked(f)
		}
		for len(n.due) > 0 && n.due[0].tsc <= cgo.TSC() && n.g.src[portB].Inject(n.due[0].frame) == nil {
			n.due = n.due[1:]
		}
		nap()
	}
}

func (n *neighbor) asked(f traffic.Frame) {
	reply, ip := answer(f.Data)
	if reply == nil {
		return
	}
	if after, ok := n.s(ip); ok {
		n.due = append(n.due, pending{f.TSC + uint64(after.Seconds()*n.g.hz), reply})
	}
}
