// SPDX-License-Identifier: Apache-2.0

package match

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// compare is the node of f rel values. Of several values, == wants one and != wants
// none of them.
func (f fieldRef) compare(rel token, values []token) (*node, error) {
	equal := rel.text == "==" || rel.text == "!="
	switch {
	case !equal && f.kind != number:
		return nil, &Error{rel.col, fmt.Sprintf("%s is compared by %s", f.name, rel.text), "only == and != are for addresses and names"}
	case !equal && (len(values) > 1 || values[0].kind == setToken):
		return nil, &Error{rel.col, fmt.Sprintf("a set is compared by %s", rel.text), "only == and != are for sets"}
	}
	n := both(or)
	for _, v := range values {
		tests, err := f.tests(rel.text, v)
		if err != nil {
			return nil, err
		}
		for _, t := range tests {
			n.kids = append(n.kids, &node{op: leafOp, test: t, needs: f.needs})
		}
	}
	switch len(n.kids) {
	case 0: // an empty address set, whose opposite still wants the field
		zero := lowBits(map[int]int{4: 32, 6: 128}[f.max], 0)
		n = &node{op: leafOp, test: Test{Field: f.field, Not: true, Value: zero, Mask: zero}, needs: f.needs}
	case 1:
		n = n.kids[0]
	}
	if rel.text == "!=" {
		n = n.not()
	}
	return n, nil
}

// tests says by which tests, one of which must hold, f rel v is true; != counts as ==.
func (f fieldRef) tests(rel string, v token) ([]Test, error) {
	switch f.kind {
	case text:
		if v.kind != stringToken {
			return nil, &Error{v.col, fmt.Sprintf("%s is no name for %s", v.said(), f.name), `write a port's name in double quotes, such as "lrp1"`}
		}
		return []Test{{Field: f.field, Name: v.text}}, nil
	case address:
		return f.addresses(v)
	}
	if v.kind != constToken {
		return nil, f.noNumber(v)
	}
	digits, base := v.text, 10
	if hex, ok := strings.CutPrefix(strings.ToLower(digits), "0x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || int(n) > f.max {
		return nil, f.noNumber(v)
	}
	lo, hi := 0, f.max
	switch rel {
	case "==", "!=":
		lo, hi = int(n), int(n)
	case "<":
		hi = int(n) - 1
	case "<=":
		hi = int(n)
	case ">":
		lo = int(n) + 1
	case ">=":
		lo = int(n)
	}
	if lo > hi { // 0 is the whole of what is below nothing
		return []Test{{Field: f.field, Not: true, Hi: uint16(f.max)}}, nil
	}
	return []Test{inRange(f.field, uint16(lo), uint16(hi))}, nil
}

func (f fieldRef) noNumber(v token) error {
	return &Error{v.col, fmt.Sprintf("%s is no value of %s", v.said(), f.name), fmt.Sprintf("write a number from 0 to %d", f.max)}
}

// addresses reads an address, a prefix, a value under a mask, or a whole address set.
func (f fieldRef) addresses(v token) ([]Test, error) {
	bad := func() error {
		example := "10.0.0.1, 10.0.0.0/8 or 10.0.0.1/255.0.0.255"
		if f.max == 6 {
			example = "2001:db8::1, 2001:db8::/32 or ::1/::ffff"
		}
		return &Error{v.col, fmt.Sprintf("%s is no value of %s", v.said(), f.name), "write an address such as " + example}
	}
	switch v.kind {
	case stringToken:
		return nil, bad()
	case setToken:
		words := strings.Fields(v.text)
		var out []Test
		for _, w := range words[1:] {
			t, ok := f.address(w)
			if !ok {
				return nil, &Error{v.col, fmt.Sprintf("address set %q holds %s, which is no value of %s", words[0], w, f.name), "keep addresses of the two families in sets of their own"}
			}
			out = append(out, t)
		}
		return out, nil
	}
	t, ok := f.address(v.text)
	if !ok {
		return nil, bad()
	}
	return []Test{t}, nil
}

func (f fieldRef) address(s string) (t Test, ok bool) {
	value, mask, masked := strings.Cut(s, "/")
	a, err := netip.ParseAddr(value)
	if err != nil || a.Zone() != "" || a.Is4In6() || a.Is4() != (f.max == 4) {
		return t, false
	}
	m := lowBits(a.BitLen(), a.BitLen())
	if masked {
		if bits, err := strconv.Atoi(mask); err == nil && mask == strconv.Itoa(bits) && bits >= 0 && bits <= a.BitLen() {
			m = lowBits(a.BitLen(), bits)
		} else if m, err = netip.ParseAddr(mask); err != nil || m.Zone() != "" || m.BitLen() != a.BitLen() {
			return t, false
		}
	}
	return Test{Field: f.field, Value: under(a, m), Mask: m}, true
}

// lowBits is the mask of a prefix.
func lowBits(length, bits int) netip.Addr {
	b := make([]byte, length/8)
	for i := range bits {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// under is a where m has ones.
func under(a, m netip.Addr) netip.Addr {
	b := a.AsSlice()
	for i, o := range m.AsSlice() {
		b[i] &= o
	}
	a, _ = netip.AddrFromSlice(b)
	return a
}
