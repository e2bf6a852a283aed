// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
)

// forward is a packet that went on, put together again if it was cut.
type forward struct {
	wire      int
	to, from  forwarder.MAC // to names the next hop
	ttl       uint8
	fragments []int  // octets of IP of each; one: whole
	changed   string // what else of it is not as it was sent; empty: nothing
}

func (f forward) String() string {
	s := fmt.Sprintf("leaves by w%d to %s from %s with TTL %d", f.wire, f.to, f.from, f.ttl)
	if len(f.fragments) > 1 {
		s += fmt.Sprintf(" in fragments of %d", f.fragments)
	}
	if f.changed != "" {
		s += ", changed: " + f.changed
	}
	return s
}

const cutAnswer = "fragment of an answer"

// answer is what the router itself has to say about a packet.
type answer struct {
	wire      int
	to, from  forwarder.MAC
	typ, code uint8
	src, dst  netip.Addr
	mtu       uint32 // or pointer: the second word
	quoted    int    // octets; 0 for echo
	ttl       uint8  // quoted
	what      string // "error", "echo reply", "tcp reset"
}

func (a answer) String() string {
	return fmt.Sprintf("%s %d/%d leaves by w%d to %s from %s, %s > %s, word %d, quoting %d octets with TTL %d",
		a.what, a.typ, a.code, a.wire, a.to, a.from, a.src, a.dst, a.mtu, a.quoted, a.ttl)
}

// outcome is all that came of a packet. Empty: it was dropped without a word.
type outcome struct {
	forwards []forward
	answers  []answer
}

func (o outcome) String() string {
	var lines []string
	for _, f := range o.forwards {
		lines = append(lines, f.String())
	}
	for _, a := range o.answers {
		lines = append(lines, a.String())
	}
	if len(lines) == 0 {
		return "dropped"
	}
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// outcomes sorts what left by the packets that it came of. Frames that none caused,
// such as Linux's reports to multicast listeners, are passed over when stray says so;
// others are an error.
func outcomes(s *scenario, all []seen) (map[uint16]*outcome, error) {
	out := map[uint16]*outcome{}
	pieces := map[uint16][]seen{}
	byID := map[uint16]*packet{}
	for _, p := range s.packets {
		byID[p.id], out[p.id] = p, &outcome{}
	}
	cut := map[string]uint16{} // answers that leave in fragments
	for _, f := range all {
		datagram, part := datagramOf(f.frame)
		id, ok := answered(s, byID, f)
		if number, known := cut[datagram]; part && known {
			id, ok = number, true
		} else if part && ok {
			cut[datagram] = id
		}
		if ok {
			out[id].answers = append(out[id].answers, readAnswer(f))
		} else if id, ok := forwarded(byID, f); ok {
			pieces[id] = append(pieces[id], f)
		} else if !stray(f.frame) {
			return nil, fmt.Errorf("%v: a frame on w%d that no packet explains: %x", s, f.wire, f.frame)
		}
	}
	for id, list := range pieces {
		for len(list) > 0 {
			var f forward
			f, list = assemble(byID[id], list)
			out[id].forwards = append(out[id].forwards, f)
		}
	}
	return out, nil
}

// stray: what a Linux router says unasked: multicast listener reports (MLD), redirects,
// and ARP and ND, which nobody here answers.
func stray(f []byte) bool {
	if len(f) < 14 || f[12] != 0x86 {
		return len(f) >= 14 && (f[12] == 8 && f[13] == 6 || f[12] == 8 && len(f) > 23 && f[23] == 2)
	}
	if len(f) > 62 && f[20] == hopByHop { // MLD
		return f[54] == icmp6
	}
	return len(f) > 54 && f[20] == icmp6 && f[54] >= 130 && f[54] <= 137
}

// forwarded finds the packet that a frame is, or is a fragment of: identification and
// addresses are those that it was sent with.
func forwarded(byID map[uint16]*packet, f seen) (uint16, bool) {
	id, ok := idOf(f.frame[min(14, len(f.frame)):])
	p := byID[id]
	if !ok || p == nil {
		return 0, false
	}
	src, dst, ok := addresses(f.frame)
	src0, dst0, ok0 := addresses(p.frame)
	return id, ok && ok0 && src == src0 && dst == dst0
}

// idOf reads the number of an IP packet, which may be cut.
func idOf(ip []byte) (uint16, bool) {
	switch {
	case len(ip) >= 20 && ip[0]>>4 == 4:
		return binary.BigEndian.Uint16(ip[4:]), true
	case len(ip) >= 40 && ip[0]>>4 == 6:
		return binary.BigEndian.Uint16(ip[2:]), ip[1]&0xf == 0
	}
	return 0, false
}

// upper is what follows the IP header of a sound frame that the router made itself.
func upper(f []byte) (proto uint8, b []byte) {
	switch {
	case len(f) > 34 && f[12] == 8 && f[13] == 0:
		n := 14 + int(f[14]&0xf)*4
		return f[23], f[min(n, len(f)):]
	case len(f) > 54 && f[12] == 0x86:
		return f[20], f[54:]
	}
	return 0, nil
}

// answered finds the packet that a frame answers: it is quoted in an error, or its
// number is in an echo reply or in the ports of a reset.
func answered(s *scenario, byID map[uint16]*packet, f seen) (uint16, bool) {
	src, dst, ok := addresses(f.frame)
	if !ok || !s.owns(src) && !s.anycast(src) && !src.IsLinkLocalUnicast() {
		return 0, false
	}
	if number, ok := partOf(f.frame); ok && byID[number] != nil {
		if _, taken := forwarded(byID, f); !taken {
			return number, true
		}
	}
	proto, b := upper(f.frame)
	v4 := f.frame[12] == 8
	number := uint16(0)
	switch {
	case len(b) >= 28 && (v4 && proto == icmp4 && slices.Contains([]uint8{3, 4, 5, 11, 12}, b[0]) || !v4 && proto == icmp6 && b[0] < 128):
		id, ok := idOf(b[8:])
		if p := byID[id]; ok && p != nil && quotes(b[8:], p) {
			return id, true
		}
		if _, ok := forwarded(byID, f); ok { // an error of the test's own, from a link-local address
			return 0, false
		}
		id, ok = written(b[8:]) // about another router's answer
		return id, ok && byID[id] != nil
	case len(b) >= 8 && v4 && proto == icmp4 && b[0] == 14:
		number = binary.BigEndian.Uint16(b[6:])
	case len(b) >= 8 && (v4 && proto == icmp4 && b[0] == 0 || !v4 && proto == icmp6 && b[0] == 129) && binary.BigEndian.Uint16(b[4:]) == 0x7077:
		number = binary.BigEndian.Uint16(b[6:])
	case proto == tcp && len(b) >= 20 && b[13]&4 != 0:
		number = binary.BigEndian.Uint16(b[2:]) - 1024
	default:
		return 0, false
	}
	p := byID[number]
	if p == nil {
		return 0, false
	}
	src0, _, ok := addresses(p.frame)
	if id, forwarded := forwarded(byID, f); forwarded && id != 0 {
		return 0, false
	}
	return number, ok && src0 == dst
}

// quotes: the packet is in the error, its TTL aside.
func quotes(b []byte, p *packet) bool {
	frame := append(make([]byte, 12), p.frame[12:14]...)
	src, dst, ok := addresses(append(frame, b...))
	src0, dst0, ok0 := addresses(p.frame)
	return ok && ok0 && src == src0 && dst == dst0
}

// datagramOf names what a fragment is of.
func datagramOf(f []byte) (name string, ok bool) {
	proto, b := upper(f)
	switch {
	case b == nil:
		return "", false
	case f[12] == 8:
		return string(f[26:34]) + string(f[18:20]), binary.BigEndian.Uint16(f[20:])&0x3fff != 0
	}
	return string(f[22:54]) + string(b[:min(8, len(b))][min(4, len(b)):]), proto == fragment
}

// partOf tells of a fragment of an answer which packet's data it carries.
func partOf(f []byte) (number uint16, ok bool) {
	if !later(f) {
		return 0, false
	}
	_, b := upper(f)
	return written(b)
}

// later: a fragment, of IPv4 but the first.
func later(f []byte) bool {
	proto, _ := upper(f)
	return f[12] == 8 && binary.BigEndian.Uint16(f[20:])&0x1fff != 0 || f[12] != 8 && proto == fragment
}

// written finds a packet's number in its payload.
func written(b []byte) (number uint16, ok bool) {
	at := bytes.Index(b, []byte("Pw"))
	if at < 0 || at+4 > len(b) {
		return 0, false
	}
	return binary.BigEndian.Uint16(b[at+2:]), true
}

func readAnswer(f seen) answer {
	a := answer{wire: f.wire, to: forwarder.MAC(f.frame[:6]), from: forwarder.MAC(f.frame[6:12])}
	a.src, a.dst, _ = addresses(f.frame)
	proto, b := upper(f.frame)
	switch {
	case later(f.frame):
		a.what, a.quoted = cutAnswer, len(b)
	case proto == tcp:
		a.what = "tcp reset"
	case b[0] == 0 || b[0] == 129:
		a.typ, a.what = b[0], "echo reply"
	case f.frame[12] == 8 && b[0] == 14:
		a.typ, a.what = b[0], "timestamp reply"
	default:
		a.typ, a.code, a.what = b[0], b[1], "error"
		a.mtu = binary.BigEndian.Uint32(b[4:])
		a.quoted = len(b) - 8
		if a.ttl = b[8+7]; f.frame[12] == 8 {
			a.ttl = b[8+8]
		}
	}
	return a
}
