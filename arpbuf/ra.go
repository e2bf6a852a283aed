// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

// Router constants of RFC 4861 §10, and the lifetimes of §6.2.1.
const (
	maxInitialRAInterval = 16 * time.Second
	maxInitialRAs        = 3
	maxRADelay           = 500 * time.Millisecond
	minDelayBetweenRAs   = 3 * time.Second

	prefixValid     = 30 * 24 * 60 * 60 // seconds
	prefixPreferred = 7 * 24 * 60 * 60
)

const (
	// maxRAAnswers bounds the hosts of a router port that wait for an answer of their
	// own; with more, one to all nodes serves them.
	maxRAAnswers = 32
	curHopLimit  = 64 // what IANA recommends, and what we send ourselves
)

// advertiser is a router port that sends router advertisements.
type advertiser struct {
	p        *lrp
	ra       wire.RA
	periodic bool
	lowest   time.Duration // between periodic ones
	highest  time.Duration
	initial  int       // of the first few that come in quick succession, how many are left
	next     time.Time // of the next one to all nodes; zero while none is planned
	last     time.Time // that one went to all nodes
	answers  []raAnswer
}

// raAnswer is an advertisement to a host that has asked.
type raAnswer struct {
	ip  netip.Addr
	mac topology.MAC
	at  time.Time
}

// advertisers are all of them.
type advertisers struct {
	list []*advertiser
	by   map[uint16]*advertiser // by router port
	look time.Time              // nothing is due before; zero when nothing is planned
}

func newAdvertisers(t *lrps) advertisers {
	out := advertisers{by: map[uint16]*advertiser{}}
	for i := range t.ports {
		p := &t.ports[i]
		if p.Port.RA.AddressMode == topology.NoRA || !p.LinkLocal.IsValid() {
			continue
		}
		a := newAdvertiser(p)
		out.list = append(out.list, a)
		out.by[p.ID] = a
	}
	return out
}

// newAdvertiser says everything once and for all. What is repeated ends three times the
// interval after the last word (RFC 4861 §6.2.1, RFC 8106 §5.1). Where nothing is said
// unasked, nobody would repeat it, so it holds as long as it can.
func newAdvertiser(p *lrp) *advertiser {
	c := &p.Port.RA
	a := &advertiser{p: p, periodic: c.SendPeriodic}
	a.lowest, a.highest = c.Intervals()
	a.ra = wire.RA{
		CurHopLimit: curHopLimit, Managed: c.AddressMode == topology.DHCPv6Stateful,
		OtherConf: c.AddressMode == topology.DHCPv6Stateless, Preference: c.Preference, MTU: c.MTU,
		RouterLifetime: 65535, RDNSS: c.RDNSS, DNSSL: c.DNSSL, DNSLifetime: wire.Forever,
	}
	valid, preferred := wire.Forever, wire.Forever
	if a.periodic {
		lifetime := 3 * a.highest / time.Second
		a.ra.RouterLifetime, a.ra.DNSLifetime = uint16(lifetime), uint32(lifetime)
		valid, preferred = prefixValid, prefixPreferred
	}
	for _, n := range p.Port.Networks {
		if n.Addr().Is6() {
			a.ra.Prefixes = append(a.ra.Prefixes, wire.RAPrefix{
				Prefix: n.Masked(), OnLink: true, Autonomous: !a.ra.Managed && n.Bits() == 64, Valid: valid, Preferred: preferred,
			})
		}
	}
	for _, r := range c.Routes {
		a.ra.Routes = append(a.ra.Routes, wire.RARoute{Prefix: r.Prefix, Preference: r.Preference, Lifetime: a.ra.DNSLifetime})
	}
	return a
}

func upTo(d time.Duration) time.Duration { return time.Duration(rand.Float64() * float64(d)) }

// plan sees to it that a comes to its turn at t at the latest.
func (l *advertisers) plan(t time.Time) {
	if l.look.IsZero() || t.Before(l.look) {
		l.look = t
	}
}

// advertise begins the series of a router port at start or link up (RFC 4861 §6.2.4).
func (r *Resolver) advertise(routerPort uint16) {
	a := r.advertisers.by[routerPort]
	if a == nil || !a.periodic || len(r.plane.RouterPortSwitchPorts(routerPort)) == 0 {
		return
	}
	a.initial = maxInitialRAs
	r.advertiseToAll(a)
}

// advertiseToAll plans an advertisement to all nodes: after a random delay, so that
// routers that heard the same question don't answer at once, and three seconds after the
// last one at the earliest (RFC 4861 §6.2.6). One that is planned for sooner serves.
func (r *Resolver) advertiseToAll(a *advertiser) {
	at := r.turnAt
	if earliest := a.last.Add(minDelayBetweenRAs); !a.last.IsZero() && earliest.After(at) {
		at = earliest
	}
	at = at.Add(upTo(maxRADelay))
	if a.next.IsZero() || at.Before(a.next) {
		a.next = at
		r.advertisers.plan(at)
	}
}

// routerSolicited: RFC 4861 §6.2.6. Who gives an address is answered alone, because
// hosts that sleep need not hear it (RFC 7772 §5.1); who has none yet, by an
// advertisement to all nodes. false when p does not advertise.
func (r *Resolver) routerSolicited(p *lrp, rs *wire.ND) bool {
	a := r.advertisers.by[p.ID]
	if a == nil {
		return false
	}
	r.stats.RouterSolicitations++
	if rs.Src.IsUnspecified() || len(a.answers) == maxRAAnswers {
		r.advertiseToAll(a)
		return true
	}
	for i := range a.answers {
		if a.answers[i].ip == rs.Src {
			return true // the answer is on its way
		}
	}
	mac := rs.EthSrc
	if rs.SLLAOK {
		mac = rs.SLLA
	}
	at := r.turnAt.Add(upTo(maxRADelay))
	a.answers = append(a.answers, raAnswer{rs.Src, mac, at})
	r.advertisers.plan(at)
	return true
}

// advertisements sends what is due.
func (r *Resolver) advertisements() {
	l := &r.advertisers
	if l.look.IsZero() || l.look.After(r.turnAt) {
		return
	}
	l.look = time.Time{}
	for _, a := range l.list {
		if !a.next.IsZero() && !a.next.After(r.turnAt) {
			r.toAllNodes(a)
		}
		kept := a.answers[:0]
		for _, answer := range a.answers {
			if answer.at.After(r.turnAt) {
				kept = append(kept, answer)
				l.plan(answer.at)
				continue
			}
			r.sendRA(a, answer.mac, answer.ip, &a.ra)
		}
		a.answers = kept
		if !a.next.IsZero() {
			l.plan(a.next)
		}
	}
}

// toAllNodes sends the one that is due and plans the next.
func (r *Resolver) toAllNodes(a *advertiser) {
	a.last, a.next = r.turnAt, time.Time{}
	a.answers = a.answers[:0] // those who wait for theirs hear this one
	mac, _ := wire.MulticastMAC(wire.AllNodes)
	r.sendRA(a, mac, wire.AllNodes, &a.ra)
	if !a.periodic {
		return
	}
	in := a.lowest + upTo(a.highest-a.lowest)
	if a.initial > 0 {
		if a.initial--; a.initial > 0 {
			in = min(in, maxInitialRAInterval)
		}
	}
	a.next = r.turnAt.Add(in)
}

// cease tells hosts that the router goes (RFC 4861 §6.2.5). Where advertisements are
// answers only it stays silent: after a restart nobody would give the hosts their route
// back.
func (r *Resolver) cease() {
	for _, a := range r.advertisers.list {
		r.ceaseOne(a)
	}
}

func (r *Resolver) ceaseOne(a *advertiser) {
	if a.periodic && !a.last.IsZero() {
		mac, _ := wire.MulticastMAC(wire.AllNodes)
		last := a.ra
		last.RouterLifetime = 0
		r.sendRA(a, mac, wire.AllNodes, &last)
	}
}

func (r *Resolver) sendRA(a *advertiser, ethDst topology.MAC, dst netip.Addr, ra *wire.RA) {
	if r.mute(a.p, a.p.LinkLocal) {
		return // RFC 4862 §5.4: it is nobody's source yet
	}
	r.stats.RouterAdvertisements++
	r.frame = wire.AppendRouterAdvertisement(r.frame[:0], ethDst, a.p.mac(), a.p.LinkLocal, dst, ra)
	r.send(a.p, r.frame)
}

// nextAdvertisement is how long it takes until one may be due; false when none is planned.
func (r *Resolver) nextAdvertisement() (time.Duration, bool) {
	if r.advertisers.look.IsZero() {
		return 0, false
	}
	return max(0, r.advertisers.look.Sub(r.turnAt)), true
}
