// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

// DuplicateDetection says what is done to find out that another station has an address
// of the router's: RFC 5227 §2.1 for IPv4, RFC 4862 §5.4 for IPv6 (checklist A9, N12).
type DuplicateDetection uint8

const (
	// DetectOff asks nobody. Conflicts that show by themselves are still counted.
	DetectOff DuplicateDetection = iota
	// DetectReport asks at start, at link up and for a new address, and uses the
	// address meanwhile: a gateway that waits seconds for its own addresses is an outage.
	DetectReport
	// DetectStrict uses an address only once the questions have had no answer: until
	// then it is neither announced nor answered for, and nothing is asked from it. Once
	// through, an address is kept and defended like in DetectReport, also when it is
	// asked for anew. Packets that reach the router's MAC are forwarded all the same.
	DetectStrict
)

// RFC 5227 §1.1; RFC 4862 §5.1 and RFC 4861 §10 for IPv6.
const (
	probeWait         = time.Second // before the first question, times U(0, 1)
	probeNum          = 3
	probeMin          = time.Second
	probeMax          = 2 * time.Second
	announceWait      = 2 * time.Second // after the last
	dadTransmits      = 1
	dadRetrans        = time.Second
	rateLimitInterval = 60 * time.Second // before a duplicate is asked for again

	// detectGrain is how often the list of those under way is looked through at most.
	detectGrain = 10 * time.Millisecond
)

// AddressState is what is known of an address of the router's.
type AddressState string

const (
	AddressUnchecked AddressState = "unchecked" // nobody was asked
	AddressProbing   AddressState = "probing"   // the questions are under way
	AddressUnique    AddressState = "unique"    // nobody answered them
	AddressDuplicate AddressState = "duplicate" // another station claims it
)

// detection is about one address of a router port.
type detection struct {
	state  AddressState
	passed bool      // it was unique once, or need not be: it is in use
	asked  int       // questions since the last start
	at     time.Time // of the next step, while it is in detector.active

	other     topology.MAC // who claimed it last
	conflicts uint64       // how often others did
}

// detector has as many entries as the routers have addresses.
type detector struct {
	mode   DuplicateDetection
	of     map[neighbor.Key]*detection
	active map[neighbor.Key]*detection // those with a next step
	look   time.Time                   // no step is due before; zero when none is active
	bucket bucket                      // of questions, all router ports together
}

func newDetector(mode DuplicateDetection) detector {
	return detector{mode: mode, of: make(map[neighbor.Key]*detection), active: make(map[neighbor.Key]*detection),
		bucket: newBucket(announceRate, announceBurst)}
}

// about returns what is known of an own address.
func (d *detector) about(key neighbor.Key) *detection {
	one := d.of[key]
	if one == nil {
		one = &detection{state: AddressUnchecked, passed: d.mode != DetectStrict}
		d.of[key] = one
	}
	return one
}

// keepOnly forgets the addresses that are the router's no more.
func (d *detector) keepOnly(own func(neighbor.Key) bool) {
	for key := range d.of {
		if !own(key) {
			delete(d.of, key)
			delete(d.active, key)
		}
	}
}

// step sets the time of an address's next step.
func (d *detector) step(key neighbor.Key, one *detection, at time.Time) {
	one.at = at
	d.active[key] = one
	if d.look.IsZero() || at.Before(d.look) {
		d.look = at
	}
}

// mute reports an address of p's that may not be used yet.
func (r *Resolver) mute(p *lrp, ip netip.Addr) bool {
	return r.detector.mode == DetectStrict && p.owns(ip) && !r.detector.about(neighbor.Key{RouterPort: p.ID, IP: ip}).passed
}

// startDetection asks anew for every address of a router port that somebody can hear. A
// router port may have it run at any time.
func (r *Resolver) startDetection(routerPort uint16) {
	p, d := r.ports.get(routerPort), &r.detector
	if d.mode == DetectOff || p == nil {
		return
	}
	heard := len(r.plane.RouterPortSwitchPorts(routerPort)) > 0
	for _, ip := range p.own {
		key := neighbor.Key{RouterPort: routerPort, IP: ip}
		one := d.about(key)
		if !heard { // whom should it collide with
			one.passed = true
			continue
		}
		one.state, one.asked = AddressProbing, 0
		d.step(key, one, r.turnAt.Add(time.Duration(rand.Float64()*float64(probeWait))))
	}
}

// detections takes the steps that are due, as far as the rate allows.
func (r *Resolver) detections() {
	d := &r.detector
	if d.look.IsZero() || d.look.After(r.turnAt) {
		return
	}
	d.look = time.Time{}
	var next time.Time
	for key, one := range d.active {
		if !one.at.After(r.turnAt) {
			r.detect(key, one)
		}
		if _, on := d.active[key]; on && (next.IsZero() || one.at.Before(next)) {
			next = one.at
		}
	}
	if !next.IsZero() {
		if soon := r.turnAt.Add(detectGrain); next.Before(soon) {
			next = soon
		}
		d.look = next
	}
}

// detect takes one step.
func (r *Resolver) detect(key neighbor.Key, one *detection) {
	d := &r.detector
	p := r.ports.get(key.RouterPort)
	if p == nil || !p.owns(key.IP) {
		delete(d.of, key)
		delete(d.active, key)
		return
	}
	questions, gap, last := dadTransmits, dadRetrans, dadRetrans
	if key.IP.Is4() {
		questions, gap, last = probeNum, probeMin+time.Duration(rand.Float64()*float64(probeMax-probeMin)), announceWait
	}
	if one.asked == questions {
		delete(d.active, key)
		r.unique(p, key, one)
		return
	}
	if !d.bucket.take(r.turnAt) {
		d.step(key, one, r.turnAt.Add(max(detectGrain, d.bucket.until(r.turnAt))))
		return
	}
	if one.state == AddressDuplicate {
		one.state = AddressProbing
	}
	if one.asked++; one.asked == questions {
		gap = last
	}
	if key.IP.Is4() {
		r.stats.ARPProbes++
		r.frame = wire.AppendARPRequest(r.frame[:0], wire.Broadcast, p.mac(), netip.IPv4Unspecified(), key.IP)
	} else {
		r.stats.DADSolicitations++
		r.frame = wire.AppendNeighborSolicitation(r.frame[:0], p.mac(), netip.IPv6Unspecified(), key.IP)
	}
	r.send(p, r.frame)
	d.step(key, one, r.turnAt.Add(gap))
}

// unique: nobody has answered for an address. In strict mode it is used from now on.
func (r *Resolver) unique(p *lrp, key neighbor.Key, one *detection) {
	one.state = AddressUnique
	if !one.other.IsZero() {
		r.warn("unique", "an address of this router has no other user any more", "router_port", p.name(), "ip", key.IP)
		one.other = topology.MAC{}
	}
	if one.passed {
		return
	}
	one.passed = true
	for other, at := range r.detector.active {
		if other.RouterPort == key.RouterPort && !at.passed && at.state == AddressProbing {
			return // the last one announces all
		}
	}
	r.announceAgain(key.RouterPort)
	r.manageDue(key.RouterPort)
}

// claimed notes that another station speaks for key, an address of ours. It is asked for
// again in RATE_LIMIT_INTERVAL.
func (r *Resolver) claimed(key neighbor.Key, mac topology.MAC) {
	one := r.detector.about(key)
	one.other = mac
	one.conflicts++
	one.state, one.asked = AddressDuplicate, 0
	if r.detector.mode != DetectOff {
		r.detector.step(key, one, r.turnAt.Add(rateLimitInterval))
	}
}

// nextDetection is how long it takes until a step is due; false when none is.
func (r *Resolver) nextDetection() (time.Duration, bool) {
	if r.detector.look.IsZero() {
		return 0, false
	}
	return max(0, r.detector.look.Sub(r.turnAt)), true
}

// AddressInfo is what is known of an address of a router port.
type AddressInfo struct {
	RouterPort string
	IP         netip.Addr
	State      AddressState
	InUse      bool         // it is announced and answered for
	Conflicts  uint64       // frames in which others claimed it
	MAC        topology.MAC // who did last; zero for nobody, or no more
}

// Addresses lists the addresses of all router ports. Any goroutine.
func (r *Resolver) Addresses() []AddressInfo {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []AddressInfo
	for i := range r.ports.ports {
		p := &r.ports.ports[i]
		for _, ip := range p.own {
			one := r.detector.about(neighbor.Key{RouterPort: uint16(i), IP: ip})
			out = append(out, AddressInfo{RouterPort: p.name(), IP: ip, State: one.state, InUse: one.passed,
				Conflicts: one.conflicts, MAC: one.other})
		}
	}
	return slices.Clip(out)
}
