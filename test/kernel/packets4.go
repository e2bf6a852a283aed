// SPDX-License-Identifier: Apache-2.0

package kernel

import "encoding/binary"

// options4 are IPv4 options, whole words, by name.
var options4 = []struct {
	name    string
	octets  []byte
	invalid bool
}{
	{"no operation", []byte{1, 1, 1, 0}, false},
	{"record route", []byte{7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0}, false},
	{"timestamp", []byte{68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0}, false},
	{"router alert", []byte{148, 4, 0, 0}, false},
	{"loose source route", []byte{131, 7, 4, 10, 1, 2, 3, 0}, false},
	{"strict source route", []byte{137, 7, 4, 10, 1, 2, 3, 0}, false},
	{"unknown option", []byte{222, 4, 1, 2}, false},
	{"option of length 0", []byte{7, 0, 4, 0}, true},
	{"option beyond the header", []byte{7, 40, 4, 0}, true},
	{"record route without room for an address", []byte{7, 4, 6, 0}, true},
}

// ipv4 puts the packet together.
func (d *draft) ipv4() []byte {
	s := d.s
	var options []byte
	if s.oneIn(12) {
		o := options4[s.rand.IntN(len(options4))]
		options = o.octets
		d.say("%s", o.name)
	}
	flags := pick[uint16](s, 0, 0x4000)
	header := 20 + len(options)
	proto, body := d.transport(true, d.length-header)
	switch s.rand.IntN(25) {
	case 0:
		flags |= 0x2000
		body = body[:len(body)&^7]
		d.say("first fragment")
	case 1:
		flags |= uint16(1 + s.rand.IntN(100))
		d.say("last fragment")
	case 2:
		flags |= uint16(1+s.rand.IntN(100)) | 0x2000
		body = body[:len(body)&^7]
		d.say("middle fragment")
	}
	h := make([]byte, 20, header+len(body))
	h[0], h[1] = 0x40|byte(header/4), pick[byte](s, 0, 0, 0xb8, 0x03, 0x10)
	binary.BigEndian.PutUint16(h[2:], uint16(header+len(body)))
	binary.BigEndian.PutUint16(h[4:], d.id)
	binary.BigEndian.PutUint16(h[6:], flags)
	h[8], h[9] = d.ttl, proto
	copy(h[12:], d.src.AsSlice())
	copy(h[16:], d.dst.AsSlice())
	h = append(h, options...)
	spoil := s.rand.IntN(120)
	switch spoil {
	case 0:
		d.bad, h[0] = "version 6", h[0]&0x0f|0x60
	case 1:
		d.bad, h[0] = "header length 16", 0x44
	case 2:
		d.bad, h[0] = "header beyond the packet", 0x4f
		body = body[:0]
	case 3:
		d.bad = "total length below the header"
		binary.BigEndian.PutUint16(h[2:], 19)
	case 4:
		d.bad = "total length beyond the frame"
		binary.BigEndian.PutUint16(h[2:], uint16(header+len(body)+40))
	}
	end := min(len(h), int(h[0]&0xf)*4)
	binary.BigEndian.PutUint16(h[10:], ^fold(add(0, h[:end])))
	switch spoil {
	case 5, 6:
		d.bad = "header checksum"
		h[10] ^= 1 << s.rand.IntN(8)
	case 7:
		d.bad = "cut within the header"
		h, body = h[:s.rand.IntN(20)], nil
	}
	if d.bad != "" {
		d.say("bad: %s", d.bad)
	}
	return append(h, body...)
}
