// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

// AnswerAfter is how long the neighbor takes to answer a question for its MAC.
const AnswerAfter = 300 * time.Millisecond

// Waiting for packets ends when all have come, or none has for quiet, which is well
// beyond the answer; at the latest after patience.
const (
	quiet    = 1200 * time.Millisecond
	patience = 15 * time.Second
)

// Load is packets to a cold next hop.
type Load struct {
	Label   string
	Packets int
	Every   time.Duration // from one to the next; 0: back to back
	Ping    bool          // echo requests, which the neighbor answers; otherwise UDP
}

// Outcome is what became of a load.
type Outcome struct {
	Sent       int // what the tap took
	Delivered  int // different packets that the neighbor saw
	Replies    int // of pings, at the sender
	Reordered  int // came after one that was sent later
	Duplicates int
	Questions  int // for the next hop's MAC
}

// Percent is what arrived, of what was sent.
func (o Outcome) Percent() float64 {
	if o.Sent == 0 {
		return 0
	}
	return 100 * float64(o.Delivered) / float64(o.Sent)
}

// The addresses of a wire's ends; the router's are the throughput cases'.
var (
	sender      = netip.MustParseAddr("198.18.0.2")
	senderMAC   = topology.MAC(target.HostMAC)
	neighborMAC = topology.MAC{0x02, 0x01, 0, 0, 0, 1}
	known       = netip.MustParseAddr("172.16.1.1") // answers at once; every start asks for it
)

// cold returns the address of a next hop that nobody has asked for.
func cold(number int) netip.Addr {
	return netip.AddrFrom4([4]byte{172, 17, byte(number >> 8), byte(number)})
}

// wire is the two ends of a gateway.
type wire struct {
	ns      *lab.NS
	in, out *lab.Neighbor
	used    int // cold addresses
}

// tapQueue is the length of the taps' queues: a burst must wait for the gateway, which
// may be asleep, and not be lost before it.
const tapQueue = 4096

// newWire puts a sender and a neighbor behind the taps in and out of a namespace.
func newWire(ctx context.Context, ns *lab.NS) (*wire, error) {
	w := &wire{ns: ns}
	for _, ifname := range []string{tapIn, tapOut} {
		err := lab.Wait(ctx, "tap "+ifname, func() error {
			if !ns.HasLink(ifname) {
				return fmt.Errorf("it is not there")
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if _, err := ns.Run(ctx, "ip", "link", "set", "dev", ifname, "txqueuelen", fmt.Sprint(tapQueue)); err != nil {
			return nil, err
		}
	}
	var err error
	if w.in, err = lab.StartNeighbor(ctx, ns, tapIn, lab.NeighborConfig{MAC: senderMAC, IPs: map[netip.Addr]lab.Script{sender: lab.AtOnce}}); err != nil {
		return nil, err
	}
	w.out, err = lab.StartNeighbor(ctx, ns, tapOut, lab.NeighborConfig{MAC: neighborMAC, Echo: true, IPs: map[netip.Addr]lab.Script{known: lab.AtOnce}})
	if err != nil {
		return nil, err
	}
	return w, nil
}

func (w *wire) close() {
	for _, nb := range []*lab.Neighbor{w.in, w.out} {
		if nb != nil {
			_ = nb.Close() // what it could not send, the counts tell
		}
	}
}

// frame is the packet of a number, 64 octets.
func frame(l Load, to netip.Addr, number int) []byte {
	payload := make([]byte, 30)
	binary.BigEndian.PutUint16(payload[6:], uint16(number)) // an echo request's sequence number
	proto := uint8(lab.ProtoICMP)
	if l.Ping {
		payload[0], payload[4] = lab.ICMPEchoRequest, 7
	} else {
		proto = lab.ProtoUDP
		binary.BigEndian.PutUint16(payload[0:], 4000)
		binary.BigEndian.PutUint16(payload[2:], 7)
		binary.BigEndian.PutUint16(payload[4:], uint16(len(payload)))
		binary.BigEndian.PutUint16(payload[6:], 0) // no checksum
		binary.BigEndian.PutUint16(payload[8:], uint16(number))
	}
	return lab.NewFrame(topology.MAC(target.RouterInMAC), senderMAC, 0, lab.EtherIPv4, lab.NewIPv4(sender, to, 64, proto, payload))
}

// number reads it out again.
func number(l Load, p lab.Packet) (int, bool) {
	switch {
	case l.Ping && p.IsEchoRequest():
		return int(p.EchoSeq), true
	case !l.Ping && p.Proto == lab.ProtoUDP && len(p.L4) >= 10:
		return int(binary.BigEndian.Uint16(p.L4[8:])), true
	}
	return 0, false
}

// settle waits until a ping through the gateway comes back.
func (w *wire) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	w.in.Forget()
	asked := time.Time{}
	return lab.Wait(ctx, "a ping through the gateway", func() error {
		if len(w.in.Seen(func(r lab.Recorded) bool { return !r.Outgoing && r.IsEchoReply() && r.SrcIP == known })) > 0 {
			return nil
		}
		if time.Since(asked) > 100*time.Millisecond {
			asked = time.Now()
			if err := w.in.Send(frame(Load{Ping: true}, known, 0)); err != nil {
				return err
			}
		}
		return fmt.Errorf("no reply from %v", known)
	})
}

// run sends a load to a next hop of its own and counts.
func (w *wire) run(ctx context.Context, l Load) (Outcome, error) {
	to := cold(w.used)
	w.used++
	w.out.SetScript(to, lab.After(AnswerAfter))
	w.in.Forget()
	w.out.Forget()
	lost, err := w.refused(ctx)
	if err != nil {
		return Outcome{}, err
	}
	frames := make([][]byte, l.Packets)
	for i := range frames {
		frames[i] = frame(l, to, i)
	}
	next := time.NewTicker(max(l.Every, 1))
	defer next.Stop()
	for i, f := range frames {
		if err := w.in.Send(f); err != nil {
			return Outcome{}, err
		}
		if l.Every > 0 && i+1 < len(frames) {
			select {
			case <-next.C:
			case <-ctx.Done():
				return Outcome{}, context.Cause(ctx)
			}
		}
	}
	o, err := w.await(ctx, l, to)
	if err != nil {
		return o, err
	}
	after, err := w.refused(ctx)
	o.Sent = l.Packets - (after - lost)
	return o, err
}

// await waits for a load's packets and counts them.
func (w *wire) await(ctx context.Context, l Load, to netip.Addr) (Outcome, error) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	began := time.Now()
	last, seen := began, -1
	for {
		o := w.count(l, to)
		whole := o.Delivered == l.Packets && (!l.Ping || o.Replies == l.Packets)
		if now := o.Delivered + o.Replies + o.Duplicates; now != seen {
			last, seen = time.Now(), now
		}
		if whole || time.Since(last) > quiet || time.Since(began) > patience {
			return o, nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return o, context.Cause(ctx)
		}
	}
}

// count looks at what has arrived so far.
func (w *wire) count(l Load, to netip.Addr) (o Outcome) {
	got := map[int]bool{}
	highest := -1
	for _, r := range w.out.Seen(func(r lab.Recorded) bool { return !r.Outgoing && r.DstIP == to }) {
		n, ok := number(l, r.Packet)
		switch {
		case !ok:
		case got[n]:
			o.Duplicates++
		default:
			got[n] = true
			o.Delivered++
			if n < highest {
				o.Reordered++
			}
			highest = max(highest, n)
		}
	}
	o.Questions = len(w.out.Seen(func(r lab.Recorded) bool {
		ip, asks := r.Asks()
		return asks && ip == to && !r.Outgoing
	}))
	if l.Ping {
		o.Replies = len(w.in.Seen(func(r lab.Recorded) bool { return !r.Outgoing && r.IsEchoReply() && r.SrcIP == to }))
	}
	return o
}
