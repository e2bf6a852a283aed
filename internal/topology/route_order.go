// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
)

// RouteOrder is a route's prefix as numbers and its place in a list: what sorts a million
// routes without moving them.
type RouteOrder struct {
	high, low uint64
	At        uint32 // place in the list
	bits      uint8
	v6        bool
}

// OrderOf returns what sorts a prefix, which must be valid and masked.
func OrderOf(p netip.Prefix, at int) RouteOrder {
	o := RouteOrder{bits: uint8(p.Bits()), At: uint32(at)}
	if a := p.Addr(); a.Is4() {
		b := a.As4()
		o.low = uint64(binary.BigEndian.Uint32(b[:]))
	} else {
		b := a.As16()
		o.v6, o.high, o.low = true, binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	}
	return o
}

// Prefix is the one that OrderOf was given.
func (o RouteOrder) Prefix() netip.Prefix {
	if !o.v6 {
		var b [4]byte
		binary.BigEndian.PutUint32(b[:], uint32(o.low))
		return netip.PrefixFrom(netip.AddrFrom4(b), int(o.bits))
	}
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], o.high)
	binary.BigEndian.PutUint64(b[8:], o.low)
	return netip.PrefixFrom(netip.AddrFrom16(b), int(o.bits))
}

// Compare sorts IPv4 before IPv6, then by address, prefix length, and place.
func (o RouteOrder) Compare(p RouteOrder) int {
	switch {
	case o.v6 != p.v6:
		if p.v6 {
			return -1
		}
		return 1
	case o.high != p.high:
		return cmp.Compare(o.high, p.high)
	case o.low != p.low:
		return cmp.Compare(o.low, p.low)
	case o.bits != p.bits:
		return cmp.Compare(o.bits, p.bits)
	}
	return cmp.Compare(o.At, p.At)
}

// SamePrefix reports that both stand for the same prefix.
func (o RouteOrder) SamePrefix(p RouteOrder) bool {
	return o.v6 == p.v6 && o.high == p.high && o.low == p.low && o.bits == p.bits
}

// manyRoutes is from how many on a list is divided before it is sorted.
const manyRoutes = 4096

// SortRoutes sorts by Compare. A list that is in order, as many files are, costs one look
// at each; a long one is first laid into heaps by the beginning of the address.
func SortRoutes(list []RouteOrder) {
	if len(list) < manyRoutes || slices.IsSortedFunc(list, RouteOrder.Compare) {
		slices.SortFunc(list, RouteOrder.Compare)
		return
	}
	ends := make([]int, 2<<16+1) // by heap: where the next of it goes; at last, where the heap ends
	for _, o := range list {
		ends[o.heap()+1]++
	}
	for h := range ends[1:] {
		ends[h+1] += ends[h]
	}
	from := slices.Clone(list)
	for _, o := range from {
		h := o.heap()
		list[ends[h]] = o
		ends[h]++
	}
	start := 0
	for _, end := range ends {
		if end > start+1 {
			slices.SortFunc(list[start:end], RouteOrder.Compare)
		}
		start = max(start, end)
	}
}

// heap is the family and the first 16 bits of the address.
func (o RouteOrder) heap() int {
	if o.v6 {
		return 1<<16 | int(o.high>>48)
	}
	return int(o.low >> 16)
}
