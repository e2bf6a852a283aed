// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
)

// RFC 8200 §4 and RFC 4443 §3.4 for the destination of a packet.
func TestCheckHeaders(t *testing.T) {
	opts := func(next byte, o ...byte) []byte { // one header of 8 octets with these options, padded
		h := append([]byte{next, 0}, o...)
		for len(h)%8 != 0 {
			h = append(h, optPad1)
		}
		h[1] = byte(len(h)/8 - 1)
		return h
	}
	routing := func(next, typ, left byte) []byte { return []byte{next, 0, typ, left, 0, 0, 0, 0} }
	for _, tc := range []struct {
		name    string
		first   uint8
		headers [][]byte
		group   bool
		fault   Fault
		code    uint8
		pointer uint32
	}{
		{"none", ProtoUDP, nil, false, Sound, 0, 0},
		{"ICMPv6", ProtoICMPv6, nil, false, Sound, 0, 0},
		{"no next header", ProtoNoNext, nil, false, Silent, 0, 0},
		{"SCTP", 132, nil, false, Reportable, 1, 6},
		{"IPv4's ICMP", ProtoICMP, nil, false, Reportable, 1, 6},
		{"ESP", 50, nil, false, Reportable, 1, 6},
		{"AH", ProtoAH, [][]byte{opts(ProtoUDP)}, false, Reportable, 1, 6},
		{"padding", 0, [][]byte{opts(ProtoUDP, 1, 4, 0, 0, 0, 0)}, false, Sound, 0, 0},
		{"PadN of nothing", 0, [][]byte{opts(ProtoUDP, 1, 0, 1, 0)}, false, Sound, 0, 0},
		{"router alert", 0, [][]byte{opts(ProtoUDP, 5, 2, 0, 0)}, false, Sound, 0, 0},
		{"unknown option 00", 60, [][]byte{opts(ProtoUDP, 0x1e, 1, 9)}, false, Sound, 0, 0},
		{"unknown option 01", 60, [][]byte{opts(ProtoUDP, 0x5e, 1, 9)}, false, Silent, 0, 0},
		{"unknown option 10", 60, [][]byte{opts(ProtoUDP, 1, 0, 0x9e, 1, 9)}, false, Reportable, 2, 44},
		{"unknown option 11", 0, [][]byte{opts(ProtoUDP, 0xde, 0)}, false, Reportable, 2, 42},
		{"unknown option 10 to a group", 60, [][]byte{opts(ProtoUDP, 0x9e, 0)}, true, Reportable, 2, 42},
		{"unknown option 11 to a group", 60, [][]byte{opts(ProtoUDP, 0xde, 0)}, true, Silent, 0, 0},
		{"jumbo", 0, [][]byte{opts(ProtoUDP, 0xc2, 4, 0, 1, 0, 0)}, false, Reportable, 2, 42},
		{"option past its header", 60, [][]byte{opts(ProtoUDP, 0x1e, 200)}, false, Silent, 0, 0},
		{"option without length", 60, [][]byte{opts(ProtoUDP, 1, 3, 0, 0, 0, 0x1e)}, false, Silent, 0, 0},
		{"second header", 60, [][]byte{opts(60), opts(ProtoUDP, 0x9e, 0)}, false, Reportable, 2, 50},
		{"behind a second header", 60, [][]byte{opts(60), opts(200)}, false, Reportable, 1, 48},
		{"late hop-by-hop", 60, [][]byte{opts(0), opts(ProtoUDP)}, false, Reportable, 1, 40},
		{"routing done", 43, [][]byte{routing(ProtoUDP, 0, 0)}, false, Sound, 0, 0},
		{"routing type 0", 43, [][]byte{routing(ProtoUDP, 0, 1)}, false, Reportable, 0, 42},
		{"atomic fragment", 44, [][]byte{{ProtoUDP, 0, 0, 0, 1, 2, 3, 4}}, false, Sound, 0, 0},
		{"mobility", ProtoMobility, [][]byte{opts(59)}, false, Reportable, 1, 6},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := ext(t, tc.first, tc.headers...)
			if tc.group {
				copy(b[24:40], AllNodes.AsSlice())
			}
			f, code, pointer := mustIP(t, b).CheckHeaders()
			if f != tc.fault || code != tc.code || pointer != tc.pointer {
				t.Errorf("fault %d, code %d, pointer %d", f, code, pointer)
			}
		})
	}
	for proto, want := range map[layers.IPProtocol]Fault{ProtoICMP: Sound, ProtoTCP: Sound, ProtoUDP: Sound, 132: Reportable, ProtoICMPv6: Reportable} {
		if f, _, _ := mustIP(t, oracle4(t, layers.IPv4{Protocol: proto}, gopacket.Payload("12345678"))).CheckHeaders(); f != want {
			t.Errorf("IPv4 protocol %d: fault %d", proto, f)
		}
	}
}

// Whatever the octets, what decodes can be checked.
func FuzzCheckHeaders(f *testing.F) {
	f.Add(ext(f, 0, []byte{60, 0, 5, 2, 0, 0, 0, 0}, []byte{43, 0, 0xde, 0, 0, 0, 0, 0}, []byte{17, 0, 0, 1, 0, 0, 0, 0}))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodeIPPacket(b)
		if err != nil {
			return
		}
		if fault, _, pointer := p.CheckHeaders(); fault == Reportable && int(pointer) >= len(p.Packet) {
			t.Errorf("pointer %d of %d octets", pointer, len(p.Packet))
		}
		_ = p.CheckUDP()
		_, _ = AppendTCPReset(nil, p)
	})
}
