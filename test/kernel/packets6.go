// SPDX-License-Identifier: Apache-2.0

package kernel

import "encoding/binary"

// extensions6 are extension headers without their first octet, which names the next.
var extensions6 = []struct {
	name string
	next uint8
	body []byte
}{
	{"hop-by-hop padding", hopByHop, []byte{0, 1, 4, 0, 0, 0, 0}},
	{"hop-by-hop router alert", hopByHop, []byte{0, 5, 2, 0, 0, 1, 0}},
	{"hop-by-hop option to skip", hopByHop, []byte{0, 0x1e, 4, 1, 2, 3, 4}},
	{"hop-by-hop option to discard", hopByHop, []byte{0, 0x5e, 4, 1, 2, 3, 4}},
	{"hop-by-hop option to report", hopByHop, []byte{0, 0x9e, 4, 1, 2, 3, 4}},
	{"hop-by-hop option to report to one", hopByHop, []byte{0, 0xde, 4, 1, 2, 3, 4}},
	{"destination options", destinationOptions, []byte{0, 1, 4, 0, 0, 0, 0}},
	{"destination option to report", destinationOptions, []byte{0, 0x9e, 4, 1, 2, 3, 4}},
	{"routing type 0", routing, []byte{2, 0, 1, 0, 0, 0, 0, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}},
	{"routing type 4, done", routing, []byte{0, 4, 0, 0, 0, 0, 0}},
	{"atomic fragment", fragment, []byte{0, 0, 0, 0, 0, 0, 9}},
	{"first fragment", fragment, []byte{0, 0, 1, 0, 0, 0, 9}},
	{"last fragment", fragment, []byte{0, 0, 0x40, 0, 0, 0, 9}},
	{"unknown next header", 200, []byte{0, 0, 0, 0, 0, 0, 0}},
}

// ipv6 puts the packet together.
func (d *draft) ipv6() []byte {
	s := d.s
	var chain []byte
	next := -1 // where the next header's number is to be written; -1: in the first
	firstNext := byte(0)
	room := d.length - 40
	if s.oneIn(6) {
		for range 1 + s.rand.IntN(2) {
			e := extensions6[s.rand.IntN(len(extensions6))]
			if next < 0 {
				firstNext = e.next
			} else {
				chain[next] = e.next
			}
			next = len(chain)
			chain = append(append(chain, 0), e.body...)
			d.say("%s", e.name)
		}
	}
	proto, body := d.transport(false, room-len(chain))
	if s.oneIn(60) {
		proto = noNext
		d.say("no next header")
	}
	if next < 0 {
		firstNext = proto
	} else {
		chain[next] = proto
	}
	h := make([]byte, 40, 40+len(chain)+len(body))
	binary.BigEndian.PutUint32(h, 6<<28|uint32(pick[byte](s, 0, 0, 0xb8, 0x03))<<20|uint32(d.id))
	binary.BigEndian.PutUint16(h[4:], uint16(len(chain)+len(body)))
	h[6], h[7] = firstNext, d.ttl
	copy(h[8:], d.src.AsSlice())
	copy(h[24:], d.dst.AsSlice())
	b := append(append(h, chain...), body...)
	switch s.rand.IntN(120) {
	case 0:
		d.bad, b[0] = "version 4", b[0]&0x0f|0x40
	case 1:
		d.bad = "payload length beyond the frame"
		binary.BigEndian.PutUint16(b[4:], uint16(len(chain)+len(body)+40))
	case 2:
		d.bad, b = "cut within the header", b[:s.rand.IntN(40)]
	}
	if d.bad != "" {
		d.say("bad: %s", d.bad)
	}
	return b
}
