// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
)

// piece is an IPv4 packet's part of the data.
type piece struct {
	frame      seen
	header     []byte
	data       []byte
	offset     int
	more       bool
	padding    int
	wellFormed bool
}

func readPiece(f seen) (p piece) {
	ip := f.frame[14:]
	header, total := int(ip[0]&0xf)*4, int(binary.BigEndian.Uint16(ip[2:]))
	p.frame = f
	if header < 20 || total < header || total > len(ip) {
		return p
	}
	flags := binary.BigEndian.Uint16(ip[6:])
	p.header, p.data, p.padding = ip[:header], ip[header:total], len(ip)-total
	p.offset, p.more = int(flags&0x1fff)*8, flags&0x2000 != 0
	p.wellFormed = fold(add(0, p.header)) == 0xffff
	return p
}

// assemble takes the frames of one delivery off the list, compares what they carry
// with what was sent and says how it went on. There is one delivery, as a rule.
func assemble(sent *packet, list []seen) (forward, []seen) {
	f := list[0].frame
	out := forward{wire: list[0].wire, to: forwarder.MAC(f[:6]), from: forwarder.MAC(f[6:12]), fragments: []int{len(f) - 14}}
	if sent.v6() {
		out.ttl = f[14+7]
		out.changed = changes6(sent.frame[14:], f[14:])
		return out, list[1:]
	}
	out.ttl = f[14+8]
	var pieces []piece
	for _, f := range list {
		pieces = append(pieces, readPiece(f))
	}
	slices.SortStableFunc(pieces, func(a, b piece) int { return a.offset - b.offset })
	var wrong []string
	out.fragments = nil
	for _, p := range pieces {
		out.fragments = append(out.fragments, len(p.header)+len(p.data))
		if p.frame.wire != out.wire || !bytes.Equal(p.frame.frame[:12], f[:12]) || p.frame.frame[14+8] != out.ttl {
			wrong = append(wrong, "fragments go different ways")
		}
		if !p.wellFormed {
			wrong = append(wrong, "a header is wrong")
		}
		if p.padding > 0 {
			wrong = append(wrong, "padding went along")
		}
	}
	wrong = append(wrong, changes4(readPiece(seen{frame: sent.frame}), pieces)...)
	out.changed = strings.Join(wrong, ", ")
	return out, nil
}

// changes4 lists what is not as it was sent, TTL, checksum and being cut aside.
func changes4(sent piece, got []piece) (wrong []string) {
	at, data := sent.offset, []byte(nil)
	for i, p := range got {
		if p.offset != at {
			return append(wrong, fmt.Sprintf("fragment %d is at %d instead of %d", i, p.offset, at))
		}
		if p.more != (i < len(got)-1 || sent.more) {
			wrong = append(wrong, fmt.Sprintf("fragment %d: more fragments is %v", i, p.more))
		}
		at += len(p.data)
		data = append(data, p.data...)
		if p.header == nil {
			continue
		}
		a, b := bytes.Clone(sent.header[:20]), bytes.Clone(p.header[:20])
		for _, h := range [][]byte{a, b} { // what may differ
			h[0], h[2], h[3], h[7], h[8], h[10], h[11] = 0, 0, 0, 0, 0, 0, 0
			h[6] &= 0xc0
		}
		if !bytes.Equal(a, b) {
			wrong = append(wrong, fmt.Sprintf("header %x became %x", sent.header[:20], p.header[:20]))
		}
		if i == 0 && !bytes.Equal(sent.header[20:], p.header[20:]) {
			wrong = append(wrong, fmt.Sprintf("options %x became %x", sent.header[20:], p.header[20:]))
		}
	}
	if !bytes.Equal(data, sent.data) {
		wrong = append(wrong, fmt.Sprintf("%d octets of data became %d or others", len(sent.data), len(data)))
	}
	return wrong
}

// changes6 is the same for IPv6, which routers never cut.
func changes6(sent, got []byte) string {
	total := 40 + int(binary.BigEndian.Uint16(sent[4:]))
	a, b := bytes.Clone(sent[:min(total, len(sent))]), bytes.Clone(got)
	a[7], b[7] = 0, 0
	if !bytes.Equal(a, b) {
		return fmt.Sprintf("%d octets became %d or others", len(a), len(b))
	}
	return ""
}
