// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/internal/topology"
)

// NDType is the ICMPv6 type of a Neighbor Discovery message (RFC 4861 §4).
type NDType uint8

const (
	RouterSolicitation    NDType = 133
	RouterAdvertisement   NDType = 134
	NeighborSolicitation  NDType = 135
	NeighborAdvertisement NDType = 136
)

// minLen is the shortest ICMP message of the type, in octets (RFC 4861 §6.1,
// §7.1), or 0 for a type that DecodeND does not read. Redirects are among
// those: a router must not heed them (§8.2).
func (t NDType) minLen() int {
	switch t {
	case RouterSolicitation:
		return 8
	case RouterAdvertisement:
		return 16
	case NeighborSolicitation, NeighborAdvertisement:
		return 24
	}
	return 0
}

const (
	ndHopLimit = 255 // RFC 4861 §3.1: proof that no router forwarded it

	naRouter    = 0x80
	naSolicited = 0x40
	naOverride  = 0x20

	ndOptionSLLA = 1 // RFC 4861 §4.6.1
	ndOptionTLLA = 2
	ndOptionUnit = 8 // octets per unit of an option's length field
)

// ND is a valid Neighbor Discovery message with its frame's addresses. It
// holds no reference to the frame.
type ND struct {
	EthDst, EthSrc topology.MAC
	Src, Dst       netip.Addr

	Type   NDType
	Target netip.Addr // NS and NA; the zero Addr otherwise

	// SLLA is the source link-layer address option of an RS, RA or NS, TLLA the
	// target link-layer address option of an NA. Each is there only when OK
	// says so; an option in a message where it has no meaning was ignored.
	SLLA   topology.MAC
	SLLAOK bool
	TLLA   topology.MAC
	TLLAOK bool

	Router, Solicited, Override bool // NA flags

	// RA; zero otherwise.
	CurHopLimit        uint8
	Managed, OtherConf bool
	RouterLifetime     uint16 // seconds
	ReachableTime      uint32 // milliseconds, 0 is unspecified
	RetransTimer       uint32 // milliseconds, 0 is unspecified
}

// DecodeND reads a router or neighbor solicitation or advertisement. A message
// that it returns has passed all of RFC 4861 §6.1 and §7.1 (checklist N1):
// hop limit 255, checksum, code 0, message and option lengths within the real
// frame, target a possible host, the rules for ::, and no solicited
// advertisement to a group. Messages behind a Fragment header are refused
// (RFC 6980, N2), and so are those behind any other extension header, which no
// sender of ours uses. Sound ICMPv6 of another kind is ReasonNotND.
//
// Beyond the standard, it refuses a multicast or loopback source, an
// advertisement from ::, and :: or loopback as a target. Link-layer addresses
// are not judged; see Check.
func DecodeND(frame []byte) (nd ND, err error) {
	defer belt(&nd, &err)
	eth, err := decodeEthernet(frame)
	if err != nil {
		return ND{}, err
	}
	if eth.typ != etherTypeIPv6 {
		return ND{}, ReasonEtherType
	}
	if len(eth.payload) == 0 {
		return ND{}, ReasonTruncated
	}
	if eth.payload[0]>>4 != 6 {
		return ND{}, ReasonIPVersion
	}
	ip, err := parseIPv6(eth.payload)
	if err != nil {
		return ND{}, err
	}
	if ip.Protocol != ProtoICMPv6 {
		return ND{}, ReasonNotND
	}
	if ip.FragmentOffset != 0 {
		return ND{}, ReasonNDFragment
	}
	msg := ip.L4
	if len(msg) < 4 {
		return ND{}, ReasonTruncated
	}
	typ := NDType(msg[0])
	switch {
	case typ.minLen() == 0:
		return ND{}, ReasonNotND
	case ip.hasFragmentHeader:
		return ND{}, ReasonNDFragment
	case ip.hasExtensions:
		return ND{}, ReasonNDExtension
	case ip.TTL != ndHopLimit:
		return ND{}, ReasonNDHopLimit
	case Checksum(PseudoHeaderSum(ip.Src, ip.Dst, ProtoICMPv6, len(msg)), msg) != 0:
		return ND{}, ReasonNDChecksum
	case msg[1] != 0:
		return ND{}, ReasonNDCode
	case len(msg) < typ.minLen():
		return ND{}, ReasonNDLength
	case !ndOptionsFit(msg[typ.minLen():]):
		return ND{}, ReasonNDOption
	case ip.Src.IsMulticast() || ip.Src.IsLoopback():
		return ND{}, ReasonNDSource
	}

	nd = ND{EthDst: eth.dst, EthSrc: eth.src, Src: ip.Src, Dst: ip.Dst, Type: typ}
	if !parseND(&nd, msg) {
		return ND{}, ReasonInternal
	}
	if err := nd.validate(); err != nil {
		return ND{}, err
	}
	return nd, nil
}

// ndOptionsFit walks the options: each has a length above 0 and ends within the
// message (RFC 4861 §4.6), and link-layer addresses are an Ethernet's.
func ndOptionsFit(b []byte) bool {
	for len(b) > 0 {
		if len(b) < ndOptionUnit {
			return false
		}
		n := int(b[1]) * ndOptionUnit
		if n == 0 || n > len(b) {
			return false
		}
		if (b[0] == ndOptionSLLA || b[0] == ndOptionTLLA) && n != ndOptionUnit {
			return false
		}
		b = b[n:]
	}
	return true
}

// validate applies the rules that relate fields to each other.
func (nd *ND) validate() error {
	switch nd.Type {
	case RouterSolicitation: // RFC 4861 §6.1.1
		if nd.Src.IsUnspecified() && nd.SLLAOK {
			return ReasonNDProbe
		}
	case RouterAdvertisement: // §6.1.2
		if !nd.Src.IsLinkLocalUnicast() {
			return ReasonNDSource
		}
	case NeighborSolicitation: // §7.1.1
		if notAHost(nd.Target) {
			return ReasonNDTarget
		}
		if nd.Src.IsUnspecified() && (nd.SLLAOK || !solicitedNode.Contains(nd.Dst)) {
			return ReasonNDProbe
		}
	case NeighborAdvertisement: // §7.1.2
		if notAHost(nd.Target) {
			return ReasonNDTarget
		}
		if nd.Src.IsUnspecified() {
			return ReasonNDSource
		}
		if nd.Dst.IsMulticast() && nd.Solicited {
			return ReasonNDSolicited
		}
	}
	return nil
}

// IsDAD reports a solicitation from ::, by a node that checks whether the
// target is taken (RFC 4862 §5.4). Answer it to all nodes when the target is
// ours; learn nothing from it (checklist N6).
func (nd ND) IsDAD() bool { return nd.Type == NeighborSolicitation && nd.Src.IsUnspecified() }

// Check says whether the link-layer address that the message carries may be
// believed: it must be one station's, so neither zero, multicast nor broadcast,
// and none of own. It is A7 for IPv6. It returns nil or a Reason.
func (nd ND) Check(own ...topology.MAC) error {
	for _, o := range [...]struct {
		mac topology.MAC
		ok  bool
	}{{nd.SLLA, nd.SLLAOK}, {nd.TLLA, nd.TLLAOK}} {
		switch {
		case !o.ok:
		case unusable(o.mac):
			return ReasonNDLinkLayer
		case slices.Contains(own, o.mac):
			return ReasonNDLinkOwn
		}
	}
	return nil
}

// AppendNeighborSolicitation appends a multicast solicitation frame for target,
// to its solicited-node group (RFC 4861 §7.2.2, checklist N5). It carries mac
// as source link-layer address, unless src is ::, which makes it a probe for
// duplicates (RFC 4862 §5.4.2).
func AppendNeighborSolicitation(b []byte, mac topology.MAC, src, target netip.Addr) []byte {
	dst := SolicitedNodeGroup(target)
	ethDst, _ := MulticastMAC(dst)
	return appendNS(b, ethDst, mac, src, dst, target)
}

// AppendNeighborProbe appends a solicitation for target sent to its cached MAC
// alone (RFC 4861 §7.3.3, checklist N10). It carries mac as source link-layer
// address (§4.3). src must not be ::.
func AppendNeighborProbe(b []byte, ethDst, mac topology.MAC, src, target netip.Addr) []byte {
	if src.IsUnspecified() {
		return b
	}
	return appendNS(b, ethDst, mac, src, target, target)
}

func appendNS(b []byte, ethDst, mac topology.MAC, src, dst, target netip.Addr) []byte {
	return appendND(b, ethDst, mac, src, dst, NeighborSolicitation, 0, target,
		ndOptionSLLA, !src.IsUnspecified())
}

// NAFlags are the flags of an advertisement that its sender chooses.
type NAFlags struct {
	Router   bool // R: the sender is a router (checklist N7: we are)
	Override bool // O: replace a cached MAC; not for anycast and proxied targets
}

// AppendNeighborAdvertisement appends the answer to the solicitation ns
// (RFC 4861 §7.2.4, checklist N7): "ns.Target is at mac", from the target
// itself, solicited, to whoever asked; or to all nodes and not solicited when
// the question came from ::. It always carries the target link-layer address.
// The frame goes to the solicitation's SLLA, or to its Ethernet source when it
// had none.
func AppendNeighborAdvertisement(b []byte, ns ND, mac topology.MAC, flags NAFlags) []byte {
	if ns.Type != NeighborSolicitation {
		return b
	}
	if ns.Src.IsUnspecified() {
		return AppendNeighborAnnouncement(b, mac, ns.Target, ns.Target, flags)
	}
	ethDst := ns.EthSrc
	if ns.SLLAOK && !unusable(ns.SLLA) {
		ethDst = ns.SLLA
	}
	return appendND(b, ethDst, mac, ns.Target, ns.Src, NeighborAdvertisement, flags.bits()|naSolicited,
		ns.Target, ndOptionTLLA, true)
}

// AppendProxyAdvertisement appends the answer to the solicitation ns by one that stands in
// for its target (RFC 4861 §7.2.8): like AppendNeighborAdvertisement, but from src, which
// is the proxy's own address. A question from :: is nobody's to answer but the target's,
// and appends nothing.
func AppendProxyAdvertisement(b []byte, ns ND, src netip.Addr, mac topology.MAC, flags NAFlags) []byte {
	if ns.Type != NeighborSolicitation || ns.Src.IsUnspecified() {
		return b
	}
	ethDst := ns.EthSrc
	if ns.SLLAOK && !unusable(ns.SLLA) {
		ethDst = ns.SLLA
	}
	return appendND(b, ethDst, mac, src, ns.Src, NeighborAdvertisement, flags.bits()|naSolicited,
		ns.Target, ndOptionTLLA, true)
}

// AppendNeighborAnnouncement appends an unsolicited advertisement to all nodes
// (RFC 4861 §7.2.6, checklist N12): "target is at mac".
func AppendNeighborAnnouncement(b []byte, mac topology.MAC, src, target netip.Addr, flags NAFlags) []byte {
	ethDst, _ := MulticastMAC(AllNodes)
	return appendND(b, ethDst, mac, src, AllNodes, NeighborAdvertisement, flags.bits(),
		target, ndOptionTLLA, true)
}

func (f NAFlags) bits() (v byte) {
	if f.Router {
		v |= naRouter
	}
	if f.Override {
		v |= naOverride
	}
	return v
}

// appendND appends a whole frame with an NS or NA. mac is the Ethernet source
// and, when withOption, the address in the option.
func appendND(b []byte, ethDst, mac topology.MAC, src, dst netip.Addr, typ NDType, flags byte, target netip.Addr, option byte, withOption bool) []byte {
	if !isV6(src) || !isV6(dst) || !isV6(target) {
		return b
	}
	length := typ.minLen()
	if withOption {
		length += ndOptionUnit
	}
	b = appendEthernet(b, ethDst, mac, etherTypeIPv6)
	b = appendIPv6(b, 0, length, ProtoICMPv6, ndHopLimit, src, dst)
	start := len(b)
	t := target.As16()
	b = append(b, byte(typ), 0, 0, 0, flags, 0, 0, 0)
	b = append(b, t[:]...)
	if withOption {
		b = append(b, option, 1)
		b = append(b, mac[:]...)
	}
	msg := b[start:]
	binary.BigEndian.PutUint16(msg[2:], Checksum(PseudoHeaderSum(src, dst, ProtoICMPv6, len(msg)), msg))
	return b
}
