// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"sync"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/internal/topology"
)

// This file alone imports gopacket, so that another version of it is a change
// of one place.
//
// gopacket v1.1.19 panics when its ARP layer decodes a hardware address length
// of, say, 250 (testdata/arp-hlen250.hex). So nothing here calls
// DecodeFromBytes on received octets: callers have compared every length
// first, and DecodingLayerParser recovers if a check was forgotten.

// arpParser decodes the 28 octets of an Ethernet/IPv4 ARP packet.
type arpParser struct {
	parser  *gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
	arp     layers.ARP
}

var arpParsers = sync.Pool{New: func() any {
	d := new(arpParser)
	d.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeARP, &d.arp)
	return d
}}

// parseARP fills a from an ARP packet of exactly arpLen octets whose lengths
// are known to be right. It keeps no reference to p.
func parseARP(a *ARP, p []byte) bool {
	d := arpParsers.Get().(*arpParser)
	defer arpParsers.Put(d)
	defer func() { d.arp = layers.ARP{} }() // a pooled parser must not point into a freed frame
	if !understood(d.parser, p, &d.decoded, layers.LayerTypeARP) {
		return false
	}
	a.Op = ARPOp(d.arp.Operation)
	a.SenderMAC = topology.MAC(d.arp.SourceHwAddress)
	a.SenderIP = netip.AddrFrom4([4]byte(d.arp.SourceProtAddress))
	a.TargetMAC = topology.MAC(d.arp.DstHwAddress)
	a.TargetIP = netip.AddrFrom4([4]byte(d.arp.DstProtAddress))
	return true
}

// ndParser decodes an ICMPv6 message of Neighbor Discovery.
type ndParser struct {
	parser  *gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
	ndLayers
}

type ndLayers struct {
	icmp layers.ICMPv6
	rs   layers.ICMPv6RouterSolicitation
	ra   layers.ICMPv6RouterAdvertisement
	ns   layers.ICMPv6NeighborSolicitation
	na   layers.ICMPv6NeighborAdvertisement
}

var ndParsers = sync.Pool{New: func() any {
	d := new(ndParser)
	d.parser = gopacket.NewDecodingLayerParser(layers.LayerTypeICMPv6, &d.icmp, &d.rs, &d.ra, &d.ns, &d.na)
	return d
}}

// parseND fills the fields of nd.Type from an ICMPv6 message whose lengths,
// those of its options included, are known to be right. It keeps no reference
// to msg.
func parseND(nd *ND, msg []byte) bool {
	d := ndParsers.Get().(*ndParser)
	defer ndParsers.Put(d)
	defer func() { d.ndLayers = ndLayers{} }() // see parseARP
	var body gopacket.LayerType
	switch nd.Type {
	case RouterSolicitation:
		body = layers.LayerTypeICMPv6RouterSolicitation
	case RouterAdvertisement:
		body = layers.LayerTypeICMPv6RouterAdvertisement
	case NeighborSolicitation:
		body = layers.LayerTypeICMPv6NeighborSolicitation
	case NeighborAdvertisement:
		body = layers.LayerTypeICMPv6NeighborAdvertisement
	}
	if !understood(d.parser, msg, &d.decoded, layers.LayerTypeICMPv6, body) {
		return false
	}
	switch nd.Type {
	case RouterSolicitation:
		nd.SLLA, nd.SLLAOK = linkLayer(d.rs.Options, ndOptionSLLA)
	case RouterAdvertisement:
		nd.SLLA, nd.SLLAOK = linkLayer(d.ra.Options, ndOptionSLLA)
		nd.CurHopLimit = d.ra.HopLimit
		nd.Managed, nd.OtherConf = d.ra.ManagedAddressConfig(), d.ra.OtherConfig()
		nd.RouterLifetime = d.ra.RouterLifetime
		nd.ReachableTime, nd.RetransTimer = d.ra.ReachableTime, d.ra.RetransTimer
	case NeighborSolicitation:
		nd.Target = netip.AddrFrom16([16]byte(d.ns.TargetAddress))
		nd.SLLA, nd.SLLAOK = linkLayer(d.ns.Options, ndOptionSLLA)
	case NeighborAdvertisement:
		nd.Target = netip.AddrFrom16([16]byte(d.na.TargetAddress))
		nd.TLLA, nd.TLLAOK = linkLayer(d.na.Options, ndOptionTLLA)
		nd.Router, nd.Solicited, nd.Override = d.na.Router(), d.na.Solicited(), d.na.Override()
	}
	return true
}

// linkLayer returns the first option of the kind, as Linux does when a sender
// repeats one.
func linkLayer(opts layers.ICMPv6Options, kind layers.ICMPv6Opt) (topology.MAC, bool) {
	for _, o := range opts {
		if o.Type == kind && len(o.Data) == len(topology.MAC{}) {
			return topology.MAC(o.Data), true
		}
	}
	return topology.MAC{}, false
}

// understood runs the parser over data and reports whether it found exactly the
// layers that the caller wants.
func understood(p *gopacket.DecodingLayerParser, data []byte, decoded *[]gopacket.LayerType, want ...gopacket.LayerType) bool {
	p.IgnoreUnsupported = true // the layer after the last one that we want
	*decoded = (*decoded)[:0]
	if err := p.DecodeLayers(data, decoded); err != nil || p.Truncated || len(*decoded) != len(want) {
		return false
	}
	for i, w := range want {
		if (*decoded)[i] != w {
			return false
		}
	}
	return true
}
