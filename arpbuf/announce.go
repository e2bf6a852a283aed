// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"container/list"
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

// A router says where its addresses live before anybody asks, so that caches which still
// hold an earlier owner's MAC are right with the first packet (checklist A9, N12). For IPv4
// it is an ARP request whose sender and target are the address: RFC 5227 §2.3 calls that
// an announcement, and every receiver that knows the address takes the sender in, also one
// that ignores replies it did not ask for. For IPv6 it is an unsolicited advertisement
// (RFC 4861 §7.2.6). Nobody confirms either, so they are repeated.
const (
	// announceInterval is between two rounds of a router port: RETRANS_TIMER.
	announceInterval = time.Second
	// announceRate and announceBurst bound what all router ports together say, in frames
	// per second and at once: a thousand ports must not flood the inject rings.
	announceRate  = 1000
	announceBurst = 32
	// defendInterval is DEFEND_INTERVAL of RFC 5227 §1.1.
	defendInterval = 10 * time.Second
)

// announcement is what a router port has still to say.
type announcement struct {
	port uint16
	left int       // rounds, the one under way included
	next int       // index into lrp.own of the round's next address
	at   time.Time // when the round begins
	in   *list.List
	elem *list.Element // its place in due or later; nil while it is silent
}

// announcer spreads the announcements of all router ports.
type announcer struct {
	rounds   int
	ports    []*announcement
	due      list.List // of *announcement, first come first served
	later    list.List // likewise, in order of at: all wait for the same time
	bucket   bucket
	defended map[neighbor.Key]time.Time // when a conflict was last logged and answered
}

func newAnnouncer(ports, rounds int) announcer {
	a := announcer{
		rounds: rounds, bucket: newBucket(announceRate, announceBurst), defended: make(map[neighbor.Key]time.Time),
	}
	for range ports {
		a.add()
	}
	return a
}

// add makes room for one more router port.
func (a *announcer) add() {
	a.ports = append(a.ports, &announcement{port: uint16(len(a.ports))})
}

// move puts p into one of the lists, or with nil into none.
func (p *announcement) move(to *list.List) {
	if p.elem != nil {
		p.in.Remove(p.elem)
	}
	if p.in, p.elem = to, nil; to != nil {
		p.elem = to.PushBack(p)
	}
}

// announceAll begins anew for every router port that somebody can hear.
func (r *Resolver) announceAll() {
	for i := range r.ports.ports {
		r.announcePort(uint16(i))
		r.advertise(uint16(i))
	}
}

// announcePort begins anew for a router port: its addresses are asked for and announced,
// and the next hops behind it that routes name are asked for.
func (r *Resolver) announcePort(routerPort uint16) {
	r.manageDue(routerPort)
	r.startDetection(routerPort)
	r.announceAgain(routerPort)
}

// announceAgain begins its announcements anew, if its switch has a bound port.
func (r *Resolver) announceAgain(routerPort uint16) {
	if r.announcer.rounds == 0 || len(r.plane.RouterPortSwitchPorts(routerPort)) == 0 ||
		len(r.ports.get(routerPort).own) == 0 {
		return
	}
	a := r.announcer.ports[routerPort]
	a.left, a.next = r.announcer.rounds, 0
	a.move(&r.announcer.due)
}

// announceBehind begins anew for the router ports whose switch has one of switchPorts.
func (r *Resolver) announceBehind(switchPorts []uint16) {
	for i := range r.ports.ports {
		if r.heardBy(uint16(i), switchPorts) {
			r.announcePort(uint16(i))
			r.advertise(uint16(i))
		}
	}
}

// announcements sends what is due, as far as the rate allows.
func (r *Resolver) announcements() {
	a := &r.announcer
	for e := a.later.Front(); e != nil && !e.Value.(*announcement).at.After(r.turnAt); e = a.later.Front() {
		e.Value.(*announcement).move(&a.due)
	}
	for e := a.due.Front(); e != nil && a.bucket.take(r.turnAt); e = a.due.Front() {
		p := e.Value.(*announcement)
		own := r.ports.get(p.port).own
		r.announce(r.ports.get(p.port), own[p.next])
		if p.next++; p.next < len(own) {
			continue
		}
		if p.left--; p.left == 0 {
			p.move(nil)
			continue
		}
		p.next, p.at = 0, r.turnAt.Add(announceInterval)
		p.move(&a.later)
	}
}

// nextAnnouncement is how long it takes until one is due; false when there is none.
func (r *Resolver) nextAnnouncement() (time.Duration, bool) {
	a := &r.announcer
	if a.due.Len() > 0 {
		return a.bucket.until(r.turnAt), true
	}
	if e := a.later.Front(); e != nil {
		return max(0, e.Value.(*announcement).at.Sub(r.turnAt)), true
	}
	return 0, false
}

// announce says once that ip, an address of p's, is at p, if it may be used.
func (r *Resolver) announce(p *lrp, ip netip.Addr) {
	if r.mute(p, ip) {
		return
	}
	if ip.Is4() {
		r.stats.ARPAnnouncements++
		r.frame = wire.AppendARPAnnouncement(r.frame[:0], p.mac(), ip)
	} else {
		r.stats.NDAnnouncements++
		r.frame = wire.AppendNeighborAnnouncement(r.frame[:0], p.mac(), ip, ip, wire.NAFlags{Router: true, Override: true})
	}
	r.send(p, r.frame)
}

// conflict: a station at mac speaks for an address of p's. A router keeps its address
// whoever else claims it, so it logs and contradicts, not more than once in
// DEFEND_INTERVAL per address, which also ends a quarrel between two that do the same
// (RFC 5227 §2.4(c)). RFC 4862 leaves open what to do about a duplicate of an address
// that has long been in use; the same serves.
func (r *Resolver) conflict(p *lrp, ip netip.Addr, mac topology.MAC) {
	r.stats.Conflicts++
	p.conflicts++
	key := neighbor.Key{RouterPort: p.ID, IP: ip}
	r.claimed(key, mac)
	if last, ok := r.announcer.defended[key]; ok && r.turnAt.Sub(last) < defendInterval {
		return
	}
	r.announcer.defended[key] = r.turnAt // as many keys as the router has addresses
	r.log.Warn("another station uses an address of this router", "router_port", p.name(), "ip", ip, "mac", mac.String())
	if !r.mute(p, ip) {
		r.announce(p, ip)
		r.stats.Defended++
	}
}

// PortConflicts is how often others spoke for an address of a router port.
type PortConflicts struct {
	RouterPort string
	Count      uint64
}

// Conflicts returns the count of every router port. Any goroutine.
func (r *Resolver) Conflicts() []PortConflicts {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]PortConflicts, 0, len(r.ports.ports))
	for i := range r.ports.ports {
		if p := &r.ports.ports[i]; p.name() != "" {
			out = append(out, PortConflicts{p.name(), p.conflicts})
		}
	}
	return out
}
