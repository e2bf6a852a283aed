// SPDX-License-Identifier: Apache-2.0

package wire

// Fault is what the destination of a packet finds wrong with its headers.
type Fault uint8

const (
	Sound      Fault = iota // the upper layer may have it
	Reportable              // dropped; the sender hears of it
	Silent                  // dropped without a word
)

const (
	optPad1        = 0
	optPadN        = 1
	optRouterAlert = 5 // RFC 2711: it got what it asks for by coming to control
)

// CheckHeaders processes p's headers as the host that it is addressed to, and stops at the
// first that it has to stop at. p must be whole, as DecodeIP returns it.
//
// IPv6, RFC 8200 §4: unknown options by the upper bits of their type (§4.2), a routing
// header with segments left (§4.4, RFC 5095), a hop-by-hop header in a later place, and a
// next header that nobody here understands, with where it is named. There are no options
// that this host knows but padding and router alert, and no protocols but ICMPv6, TCP and
// UDP. code and pointer are those of the parameter problem to send (RFC 4443 §3.4).
//
// IPv4: a protocol other than ICMP, TCP and UDP is reportable, as protocol unreachable.
func (p IP) CheckHeaders() (f Fault, code uint8, pointer uint32) {
	if p.Version == 4 {
		if p.Protocol == ProtoICMP || p.Protocol == ProtoTCP || p.Protocol == ProtoUDP {
			return Sound, 0, 0
		}
		return Reportable, 0, 0
	}
	b := p.Packet
	named, at := 6, ipv6HeaderLen // where the header that comes is named, and where it is
	for range maxExtensions + 1 {
		switch b[named] {
		case ProtoICMPv6, ProtoTCP, ProtoUDP:
			return Sound, 0, 0
		case ProtoNoNext:
			return Silent, 0, 0
		case ProtoHopByHop:
			if named != 6 {
				return Reportable, ICMPv6UnrecognizedNextHeader, uint32(named)
			}
		case ProtoDestOptions, ProtoRouting, ProtoFragment:
		default:
			return Reportable, ICMPv6UnrecognizedNextHeader, uint32(named)
		}
		size := 8
		if len(b)-at < size {
			return Silent, 0, 0
		}
		if b[named] != ProtoFragment {
			size += int(b[at+1]) * 8
		}
		if len(b)-at < size {
			return Silent, 0, 0
		}
		switch b[named] {
		case ProtoHopByHop, ProtoDestOptions:
			switch f, pointer = checkOptions(b[:at+size], at+2, p.Dst.IsMulticast()); f {
			case Reportable:
				return f, ICMPv6UnrecognizedOption, pointer
			case Silent:
				return f, 0, 0
			}
		case ProtoRouting:
			if b[at+3] != 0 {
				return Reportable, ICMPv6ErroneousField, uint32(at + 2)
			}
		}
		named, at = at, at+size
	}
	return Silent, 0, 0
}

// checkOptions walks the options of b from at to its end (RFC 8200 §4.2).
func checkOptions(b []byte, at int, group bool) (Fault, uint32) {
	for at < len(b) {
		typ := b[at]
		if typ == optPad1 {
			at++
			continue
		}
		if at+1 >= len(b) || at+2+int(b[at+1]) > len(b) {
			return Silent, 0
		}
		if typ != optPadN && typ != optRouterAlert {
			switch typ >> 6 {
			case 1:
				return Silent, 0
			case 2:
				return Reportable, uint32(at)
			case 3:
				if group {
					return Silent, 0
				}
				return Reportable, uint32(at)
			}
		}
		at += 2 + int(b[at+1])
	}
	return Sound, 0
}
