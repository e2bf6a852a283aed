// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"slices"

	"github.com/parkway-gw/parkway/arpbuf/neighbor"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

// nd handles a Neighbor Discovery message. Advertisements of other routers teach nothing:
// a router's routes are configured.
func (r *Resolver) nd(p *lrp, frame []byte) verdict {
	nd, err := wire.DecodeND(frame)
	if err == nil {
		err = nd.Check(r.ports.macs...)
	}
	if err != nil {
		r.refuse(err)
		if wire.ReasonOf(err) == wire.ReasonNDLinkOwn {
			return ignored // our own, come back
		}
		return invalid
	}
	if slices.Contains(r.ports.macs, nd.EthSrc) {
		return ignored // likewise, without an option that would tell
	}
	switch nd.Type {
	case wire.NeighborSolicitation:
		return r.solicitation(p, &nd)
	case wire.NeighborAdvertisement:
		return r.advertisement(p, &nd)
	case wire.RouterSolicitation: // RFC 4861 §6.2.6
		if p.owns(nd.Src) {
			r.conflict(p, nd.Src, nd.EthSrc)
			return ignored
		}
		learned := nd.SLLAOK && r.solicitor(p, &nd, true)
		if r.routerSolicited(p, &nd) || learned {
			return used
		}
	case wire.RouterAdvertisement:
	}
	return ignored
}

// solicitation: RFC 4861 §7.2.3 and §7.2.4, checklist N6 and N7.
func (r *Resolver) solicitation(p *lrp, ns *wire.ND) verdict {
	forUs := p.owns(ns.Target)
	learned := false
	switch {
	case p.owns(ns.Src):
		r.conflict(p, ns.Src, ns.EthSrc)
	case ns.IsDAD() && forUs && r.mute(p, ns.Target): // RFC 4862 §5.4.3: he wants it, too
		r.conflict(p, ns.Target, ns.EthSrc)
	case ns.Src.IsUnspecified() || !ns.SLLAOK: // says nothing of its sender
	default:
		learned = r.solicitor(p, ns, forUs)
	}
	if forUs && !r.mute(p, ns.Target) {
		r.stats.Advertisements++
		r.frame = wire.AppendNeighborAdvertisement(r.frame[:0], *ns, p.mac(), wire.NAFlags{Router: true, Override: true})
		r.send(p, r.frame)
		return used
	}
	if r.proxies(p, ns.Target, ns.Src) {
		r.proxyND(p, ns)
		return used
	}
	if learned {
		return used
	}
	return ignored
}

func (r *Resolver) solicitor(p *lrp, ns *wire.ND, forUs bool) bool {
	key := neighbor.Key{RouterPort: p.ID, IP: ns.Src}
	if r.foreignND(key, ns.SLLA, ns) {
		return false
	}
	n := r.known(key)
	if n == nil {
		if !forUs && !p.Options.AlwaysLearnFromARPRequest || !p.onLink(ns.Src) {
			return false
		}
		if n = r.neighbor(key); n == nil {
			return false
		}
	}
	r.perform(r.table.Requested(r.turnAt, n.entry, ns.SLLA))
	return true
}

// advertisement: RFC 4861 §7.2.5, checklist N8. Unknown hosts become known, STALE, where
// the router is told to listen (RFC 9131 §6.1, checklist N9).
func (r *Resolver) advertisement(p *lrp, na *wire.ND) verdict {
	if p.owns(na.Target) {
		r.conflict(p, na.Target, na.EthSrc)
		return used
	}
	key := neighbor.Key{RouterPort: p.ID, IP: na.Target}
	n := r.known(key)
	stands := speaker(na)
	if !na.TLLAOK && n != nil && n.entry.State().Usable() {
		stands = n.entry.MAC() // which it confirms
	}
	if r.foreignND(key, stands, na) {
		return ignored
	}
	wanted := na.Solicited && r.answers(key, speaker(na))
	if n == nil {
		if wanted {
			return used
		}
		if !p.Options.LearnFromUnsolicitedNA || !na.TLLAOK || !p.onLink(na.Target) {
			return ignored
		}
		if n = r.neighbor(key); n == nil {
			return ignored
		}
		na.Solicited = false // nobody has asked
	}
	r.perform(r.table.Heard(r.turnAt, n.entry, neighbor.Advert{
		MAC: na.TLLA, HasMAC: na.TLLAOK,
		Solicited: na.Solicited, Override: na.Override, Router: na.Router,
	}))
	return used
}

// speaker is the MAC that na stands for: an answer to a unicast question may leave it to
// the Ethernet header (checklist N7).
func speaker(na *wire.ND) topology.MAC {
	if na.TLLAOK {
		return na.TLLA
	}
	return na.EthSrc
}
