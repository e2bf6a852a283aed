// SPDX-License-Identifier: Apache-2.0

package match

import "net/netip"

// Field is what a Test looks at.
type Field uint8

const (
	Family  Field = iota // 4 or 6; 0 when the packet is neither
	Proto                // IP protocol; IPv6: that behind the extension headers
	SrcPort              // of TCP, UDP or SCTP; a later fragment has none
	DstPort              //
	InPort               // name of the router port that the packet came in by
	Src                  // IP address
	Dst                  //
)

// Test is one condition. A packet without the field fails it, Not or not.
type Test struct {
	Field Field
	Not   bool
	// Family, Proto, SrcPort, DstPort: the range, both ends included.
	Lo, Hi uint16
	// InPort.
	Name string
	// Src, Dst: value under mask, both of one family.
	Value, Mask netip.Addr
}

// IP protocols that have fields or predicates.
const (
	protoICMP   = 1
	protoTCP    = 6
	protoUDP    = 17
	protoICMPv6 = 58
	protoSCTP   = 132
)

func inRange(f Field, lo, hi uint16) Test { return Test{Field: f, Lo: lo, Hi: hi} }

func family(n uint16) Test { return inRange(Family, n, n) }

func proto(n uint16) []Test { return []Test{inRange(Family, 4, 6), inRange(Proto, n, n)} }

// kind is what a field is compared with.
type kind uint8

const (
	number kind = iota
	address
	text
)

type fieldInfo struct {
	field Field
	kind  kind
	max   int    // number: the largest
	needs []Test // what a packet with the field is
}

var fields = map[string]fieldInfo{
	"ip.proto": {Proto, number, 255, []Test{inRange(Family, 4, 6)}},
	"tcp.src":  {SrcPort, number, 65535, proto(protoTCP)},
	"tcp.dst":  {DstPort, number, 65535, proto(protoTCP)},
	"udp.src":  {SrcPort, number, 65535, proto(protoUDP)},
	"udp.dst":  {DstPort, number, 65535, proto(protoUDP)},
	"sctp.src": {SrcPort, number, 65535, proto(protoSCTP)},
	"sctp.dst": {DstPort, number, 65535, proto(protoSCTP)},
	"ip4.src":  {Src, address, 4, []Test{family(4)}},
	"ip4.dst":  {Dst, address, 4, []Test{family(4)}},
	"ip6.src":  {Src, address, 6, []Test{family(6)}},
	"ip6.dst":  {Dst, address, 6, []Test{family(6)}},
	"inport":   {InPort, text, 0, nil},
}

// predicates are words that stand for a whole expression.
var predicates = map[string]*node{
	"ip":    leaf(inRange(Family, 4, 6)),
	"ip4":   leaf(family(4)),
	"ip6":   leaf(family(6)),
	"tcp":   isProto(protoTCP),
	"udp":   isProto(protoUDP),
	"sctp":  isProto(protoSCTP),
	"icmp":  both(or, icmp4, icmp6),
	"icmp4": icmp4,
	"icmp6": icmp6,
}

var (
	icmp4 = both(and, leaf(family(4)), isProto(protoICMP))
	icmp6 = both(and, leaf(family(6)), isProto(protoICMPv6))
)

func isProto(n uint16) *node {
	return &node{op: leafOp, test: inRange(Proto, n, n), needs: []Test{inRange(Family, 4, 6)}}
}

// foreign are fields that OVN has and this package has not.
var foreign = []string{"eth.", "vlan.", "ip.ttl", "ip.dscp", "ip.ecn", "ip.frag", "ip.is_frag", "ip.later_frag", "ip.first_frag",
	"ip.src", "ip.dst", "ip6.label", "icmp4.", "icmp6.", "icmp.", "tcp.flags", "arp", "nd", "ct", "outport", "pkt.mark", "reg", "xreg", "xxreg", "flags.", "igmp", "mld", "rarp"}
