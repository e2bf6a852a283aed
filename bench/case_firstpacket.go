// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/bench/taps"
	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

const (
	linux        = "linux"
	tripTime     = 5 * time.Second // a packet that takes longer is lost
	fullPackets  = 30              // per round and system
	quickPackets = 2
	rest         = 15 * time.Millisecond // before a packet: everybody sleeps by then
	tripPort     = 7001
)

var familyNames = [2]string{"IPv4", "IPv6"}

func firstPacket() Case {
	return Case{Name: "first-packet", Title: "First packet to a host whose MAC nobody knows, from write to read, on net_tap beside Linux on veth",
		Run: func(ctx context.Context, r *Runner) (*Result, error) {
			res := &Result{Unit: "µs", Axis: "family", Method: "A datagram to a Linux host, from the sender's write to the receiver's read, with the gateway's question and the host's answer on the way; all have forgotten each other before. Parkway on net_tap and Linux forwarding between veths take turns, packet by packet. " + clocks}
			return res, onTaps(ctx, r, res, false, sendAndRead)
		}}
}

func firstPacketAnswer() Case {
	return Case{Name: "first-packet-answer", Title: "From the ARP or ND answer on the wire to the parked packet on the wire, on net_tap beside Linux on veth",
		Goal: "p50 at most 100 µs, p99 at most 1 ms",
		Run: func(ctx context.Context, r *Runner) (*Result, error) {
			res := &Result{Unit: "µs", Axis: "family", Method: "A scripted neighbor answers the gateway's question at once, by a raw socket. From before it writes the answer until the kernel receives the waiting datagram from the gateway's interface. Parkway on net_tap and Linux forwarding between veths take turns, packet by packet. " + clocks}
			err := onTaps(ctx, r, res, true, answerToPacket)
			for i := range familyNames {
				a, _ := res.Arm(ours, float64(4+2*i))
				res.Checks = append(res.Checks, percentile(a, "p50", 100), percentile(a, "p99", 1000))
			}
			return res, err
		}}
}

const clocks = "One worker on a CPU of its own, cpu.idle adaptive; control, hosts and harness share the other."

// side is one of the two systems.
type side struct {
	name     string
	near     *lab.NS
	far      *lab.NS
	farIface string
	farAddrs [2]netip.Addr
	farMAC   topology.MAC
	forget   func(context.Context) error
	script   *lab.Neighbor // where the far host is one
}

// measurement readies one side for a family and returns what measures one packet.
type measurement func(ctx context.Context, s *side, family int) (one func() (time.Duration, error), end func(), err error)

// onTaps measures first packets on both sides, in turn.
func onTaps(ctx context.Context, r *Runner, res *Result, scripted bool, m measurement) (err error) {
	l := lab.New()
	defer func() { err = errors.Join(err, l.Close()) }()
	dir, err := r.Folder("taps")
	if err != nil {
		return err
	}
	g, err := taps.Start(ctx, l, taps.Options{Binary: r.Binary, Dir: dir, Control: r.Control, Worker: r.Worker, Idle: taps.Adaptive, Scripted: scripted})
	if err != nil {
		return err
	}
	lx, err := l.LinuxRouter(ctx, scripted)
	if err != nil {
		return err
	}
	release, err := r.confine()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, release()) }()
	sides := []*side{
		{name: ours, near: g.NS(taps.PC1), far: g.NS(taps.PCExt), farIface: taps.PCExt.Tap, farAddrs: taps.PCExt.Addrs, farMAC: taps.PCExt.MAC, forget: g.Forget},
		{name: linux, near: lx.Near, far: lx.Far, farIface: lx.FarIface, farAddrs: lx.FarAddrs, farMAC: lx.FarMAC, forget: func(ctx context.Context) error {
			if scripted {
				return lx.Router.FlushNeighbors(ctx, "r1")
			}
			return lx.Forget(ctx)
		}},
	}
	for family, name := range familyNames {
		var took [2][]time.Duration
		if err := r.firstPackets(ctx, sides, family, m, &took); err != nil {
			return err
		}
		var arms [2]Arm
		for i, s := range sides {
			arms[i] = latencies(s.name, float64(4+2*family), name, took[i])
		}
		res.Arms = append(res.Arms, arms[:]...)
		res.Ratios = append(res.Ratios, NewRatio(&arms[0], &arms[1], Quotient))
	}
	res.Ratio = &res.Ratios[0]
	return g.Stop(ctx)
}

func (r *Runner) firstPackets(ctx context.Context, sides []*side, family int, m measurement, took *[2][]time.Duration) error {
	var one [2]func() (time.Duration, error)
	for i, s := range sides {
		var end func()
		var err error
		if one[i], end, err = m(ctx, s, family); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		defer end()
	}
	for n := range 1 + r.Rounds*pick(r.Quick, quickPackets, fullPackets) {
		for i, s := range sides {
			if err := s.forget(ctx); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
			if err := sleep(ctx, rest); err != nil {
				return err
			}
			d, err := one[i]()
			if err != nil {
				return fmt.Errorf("%s, %s: %w", s.name, familyNames[family], err)
			}
			if n > 0 { // by then the sender knows its gateway
				took[i] = append(took[i], d)
			}
		}
	}
	return nil
}

func sendAndRead(_ context.Context, s *side, family int) (func() (time.Duration, error), func(), error) {
	d, err := lab.NewDatagrams(s.near, s.far, netip.AddrPortFrom(s.farAddrs[family], tripPort))
	if err != nil {
		return nil, nil, err
	}
	return func() (time.Duration, error) {
		t, err := d.Send(tripTime)
		return t.Read, err
	}, d.Close, nil
}

func answerToPacket(ctx context.Context, s *side, family int) (func() (time.Duration, error), func(), error) {
	ip := s.farAddrs[family]
	answered := make(chan time.Time, 16)
	script := func(lab.Probe) []lab.Answer {
		select {
		case answered <- time.Now().Round(0):
		default: // nobody has asked for these
		}
		return []lab.Answer{{}}
	}
	if s.script == nil {
		l := lab.New()
		nb, err := l.StartNeighbor(ctx, s.far, s.farIface, lab.NeighborConfig{MAC: s.farMAC, IPs: map[netip.Addr]lab.Script{ip: script}})
		if err != nil {
			return nil, nil, errors.Join(err, l.Close())
		}
		s.script = nb
	}
	s.script.SetScript(ip, script)
	d, err := lab.NewDatagrams(s.near, nil, netip.AddrPortFrom(ip, tripPort))
	if err != nil {
		return nil, nil, err
	}
	return func() (time.Duration, error) {
		for len(answered) > 0 {
			<-answered
		}
		s.script.Forget()
		if _, err := d.Write(); err != nil {
			return 0, err
		}
		wait, cancel := context.WithTimeout(ctx, tripTime)
		defer cancel()
		got, err := s.script.WaitSeen(wait, "the datagram", 1, func(p lab.Recorded) bool {
			return !p.Outgoing && p.DstIP == ip && p.Proto == lab.ProtoUDP
		})
		if err != nil {
			return 0, err
		}
		select {
		case at := <-answered:
			return got[0].Time.Sub(at), nil
		default:
			return 0, errors.New("the datagram came before anybody had asked for its next hop")
		}
	}, d.Close, nil
}
