// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/internal/wire"
)

// arpND handles one frame from the ring for ARP and ND. Takes m.
func (r *Resolver) arpND(m *dpdk.Mbuf) {
	meta := cgo.MetaOf(m)
	p := r.ports.get(meta.RouterPort)
	if p == nil {
		r.ctl.Drop(m, cgo.DropControlIgnored)
		return
	}
	var verdict verdict
	if meta.Why == cgo.PuntARP {
		verdict = r.arp(p, r.octets(m))
	} else {
		verdict = r.nd(p, r.octets(m))
	}
	switch verdict {
	case used:
		r.ctl.Consume(m)
	case invalid:
		r.ctl.Drop(m, cgo.DropControlInvalid)
	case ignored:
		r.ctl.Drop(m, cgo.DropControlIgnored)
	}
}

// verdict is what became of a frame.
type verdict uint8

const (
	used    verdict = iota // answered, or something was learned
	invalid                // malformed, or nothing that may be believed
	ignored                // another's business
)

// arp is RFC 826's receive algorithm: what the sender says of itself updates a
// known entry before the operation is looked at (checklist A1).
func (r *Resolver) arp(p *lrp, frame []byte) verdict {
	a, err := wire.DecodeARP(frame)
	if err == nil {
		err = a.Check(r.ports.macs...)
	}
	if err != nil {
		r.refuse(err)
		if wire.ReasonOf(err) == wire.ReasonARPSenderOwn {
			return ignored // our own, come back
		}
		return invalid
	}
	forUs := p.owns(a.TargetIP)
	learned := false
	switch {
	case a.IsProbe(): // A10: nothing to learn, maybe an address to defend
		if forUs && r.mute(p, a.TargetIP) { // RFC 5227 §2.1.1: he wants it, too
			r.conflict(p, a.TargetIP, a.SenderMAC)
		}
	case p.owns(a.SenderIP):
		r.conflict(p, a.SenderIP, a.SenderMAC)
	default:
		learned = r.arpSender(p, &a, forUs)
	}
	if a.Op == wire.ARPRequest && forUs && !r.mute(p, a.TargetIP) {
		r.stats.ARPReplies++
		r.frame = wire.AppendARPReply(r.frame[:0], a, p.mac())
		r.send(p, r.frame)
		return used
	}
	if a.Op == wire.ARPRequest && r.proxies(p, a.TargetIP, a.SenderIP) {
		r.proxyARP(p, &a)
		return used
	}
	if learned {
		return used
	}
	return ignored
}

// arpSender takes in what the sender of a says of itself.
func (r *Resolver) arpSender(p *lrp, a *wire.ARP, forUs bool) bool {
	key := neighbor.Key{RouterPort: p.ID, IP: a.SenderIP}
	if r.foreignARP(key, a) {
		return false
	}
	n := r.known(key)
	reply := a.Op == wire.ARPReply
	wanted := reply && forUs && r.answers(key, a.SenderMAC)
	if n == nil {
		// Only a request makes an entry: one to us (RFC 826), or any when the
		// router is told to listen. A reply that nobody asked for makes none.
		if reply {
			return wanted
		}
		if !forUs && !p.Options.AlwaysLearnFromARPRequest || !p.onLink(a.SenderIP) || p.isBroadcast(a.SenderIP) {
			return false
		}
		if n = r.neighbor(key); n == nil {
			return false
		}
	}
	switch {
	case reply && forUs:
		r.perform(r.table.Heard(r.turnAt, n.entry, neighbor.ARPReply(a.SenderMAC)))
	case reply || a.IsGratuitous():
		r.perform(r.table.Heard(r.turnAt, n.entry, neighbor.ARPAnnouncement(a.SenderMAC)))
	default:
		r.perform(r.table.Requested(r.turnAt, n.entry, a.SenderMAC))
	}
	return true
}

// refuse counts a frame that was not believed.
func (r *Resolver) refuse(err error) { r.stats.Refused[wire.ReasonOf(err)]++ }
