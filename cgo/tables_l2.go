// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "datapath.h"
*/
import "C"

import (
	"fmt"
	"math"
	"net/netip"
	"slices"
	"unsafe"
)

// PortSecurity is an element of a switch port's port_security: a MAC, and the IP
// addresses that may go with it. A prefix whose host part is not zero is one address, and
// says by its length what the broadcast address is. Without prefixes all addresses may.
type PortSecurity struct {
	MAC      [6]byte
	Prefixes []netip.Prefix
}

// StormControl is how many frames per second that go to many a switch port may bring; 0 is
// without limit. As many as in a tenth of a second may come at once, stormBurst at least.
type StormControl struct {
	Broadcast, Multicast, UnknownUnicast uint32
}

const stormBurst = 16

// KnownAddress is an address that the topology places in a switch. The switch answers for
// a VIF's; those of a router port are its own business.
type KnownAddress struct {
	IP         netip.Addr
	MAC        [6]byte
	SwitchPort uint16
}

// MaxPortSecurity is how many elements of port_security all switch ports together have.
const MaxPortSecurity = math.MaxUint16

// checkL2 refuses what the rows' fields can't count.
func checkL2(spec *TableSpec) error {
	n := 0
	for _, p := range spec.SwitchPorts {
		n += len(p.Security)
	}
	if n > MaxPortSecurity {
		return fmt.Errorf("tables: %d elements of port_security, %d at most", n, MaxPortSecurity)
	}
	return nil
}

// makeL2 makes room for what fillL2 writes.
func (t *Tables) makeL2(spec *TableSpec) bool {
	var n C.struct_pw_tables_l2
	for _, p := range spec.SwitchPorts {
		for _, s := range p.Security {
			n.n_secs++
			n4, n6 := split(s)
			n.n_sec4 += C.uint32_t(len(n4))
			n.n_sec6 += C.uint32_t(len(n6))
		}
	}
	for _, s := range spec.Switches {
		for _, k := range s.Known {
			if k.IP.Is4() {
				n.n_rsp4++
			} else {
				n.n_rsp6++
			}
		}
	}
	return C.pw_tables_l2(t.c, &n) == 0
}

// fillL2 completes rows that fill has made.
func (t *Tables) fillL2(spec *TableSpec) {
	lsps := unsafe.Slice(t.c.lsps, len(spec.SwitchPorts))
	storms := unsafe.Slice(t.c.storms, len(spec.SwitchPorts))
	sec := secWriter{t: t.c}
	for i, p := range spec.SwitchPorts {
		c := &lsps[i]
		c.max_frame = math.MaxUint16
		if p.MTU != 0 && p.MTU < math.MaxUint16-ethernetHeader {
			c.max_frame = C.uint16_t(p.MTU + ethernetHeader)
		}
		if p.Kind != SwitchPortVIF && p.Kind != SwitchPortLocalnet {
			continue
		}
		if len(p.Security) > 0 {
			c.flags |= C.PW_LSP_SECURE
			c.sec = sec.add(p.Security)
		}
		if p.Storm != (StormControl{}) {
			c.flags |= C.PW_LSP_STORM
			fillStorm(&storms[i], p.Storm)
		}
		switch {
		case len(p.Security) > 0 || spec.routersExceed(p):
			c.flags |= C.PW_LSP_GUARDED
		case p.VLAN == 0:
			c.flags |= C.PW_LSP_PLAIN
		}
	}
	for _, p := range spec.Ports {
		c := &t.c.ports[p.Port]
		if p.SwitchPort != None {
			c.features |= C.uint16_t(lsps[p.SwitchPort].flags)
		}
		for _, sp := range p.VLANs {
			c.features |= C.uint16_t(lsps[sp].flags)
		}
	}
	t.fillKnown(spec)
}

const ethernetHeader = 14

// routersExceed reports whether a router port of p's switch may send what p's port is too
// small for.
func (spec *TableSpec) routersExceed(p SwitchPort) bool {
	if p.MTU == 0 {
		return false
	}
	for _, rp := range spec.Switches[p.Switch].RouterPorts {
		if spec.RouterPorts[rp].MTU > p.MTU {
			return true
		}
	}
	return false
}

func fillStorm(c *C.struct_pw_storm, s StormControl) {
	hz := C.pw_tsc_hz()
	for class, rate := range map[int]uint32{C.PW_STORM_BROADCAST: s.Broadcast, C.PW_STORM_MULTICAST: s.Multicast,
		C.PW_STORM_UNKNOWN: s.UnknownUnicast} {
		if rate == 0 {
			continue
		}
		c.limit[class] = C.pw_meter_of(hz, C.uint32_t(rate), C.uint32_t(max(rate/10, stormBurst)))
	}
}

// split is an element's prefixes by family. Who has an IPv6 address has the link-local
// one of its MAC, too.
func split(s PortSecurity) (v4, v6 []netip.Prefix) {
	for _, p := range s.Prefixes {
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	if len(v6) > 0 {
		m := s.MAC
		own := netip.AddrFrom16([16]byte{0xfe, 0x80, 8: m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]})
		v6 = append(v6, netip.PrefixFrom(own, 128))
	}
	return v4, v6
}

// secWriter writes port_security, element by element.
type secWriter struct {
	t         *C.struct_pw_tables
	n, n4, n6 int
}

func (w *secWriter) add(list []PortSecurity) C.uint16_t {
	first := w.n
	for i, s := range list {
		v4, v6 := split(s)
		*row(w.t.secs, w.n) = C.struct_pw_port_sec{mac: mac48(s.MAC), more: C.uint16_t(len(list) - i - 1),
			first4: C.uint32_t(w.n4), first6: C.uint32_t(w.n6), n4: C.uint16_t(len(v4)), n6: C.uint16_t(len(v6))}
		for _, p := range v4 {
			*row(w.t.sec4, w.n4) = sec4(p)
			w.n4++
		}
		for _, p := range v6 {
			c := row(w.t.sec6, w.n6)
			addr, mask := p.Addr().As16(), mask(p, 128)
			for k := range addr {
				c.ip[k], c.mask[k] = C.uint8_t(addr[k]&mask[k]), C.uint8_t(mask[k])
			}
			w.n6++
		}
		w.n++
	}
	return C.uint16_t(first)
}

func row[T any](table *T, i int) *T { return &unsafe.Slice(table, i+1)[i] }

// mask is that of the addresses which p stands for: all of it if its host part is zero.
func mask(p netip.Prefix, bits int) (out [16]byte) {
	if p.Addr() == p.Masked().Addr() {
		bits = p.Bits()
	}
	for i := range bits {
		out[i/8] |= 0x80 >> (i % 8)
	}
	return out
}

func sec4(p netip.Prefix) C.struct_pw_sec4 {
	addr, m, net := p.Addr().As4(), mask(p, 32), p.Masked().Addr().As4()
	be := func(b [4]byte) C.uint32_t { return *(*C.uint32_t)(unsafe.Pointer(&b)) }
	broadcast := addr
	if p.Bits() < 31 {
		broadcast = net
		for i := p.Bits(); i < 32; i++ {
			broadcast[i/8] |= 0x80 >> (i % 8)
		}
	}
	return C.struct_pw_sec4{ip: be(addr), mask: be([4]byte(m[:4])), broadcast: be(broadcast)}
}

func (t *Tables) fillKnown(spec *TableSpec) {
	n4, n6 := 0, 0
	for i, s := range spec.Switches {
		known := slices.Clone(s.Known)
		slices.SortFunc(known, func(a, b KnownAddress) int { return a.IP.Compare(b.IP) })
		c := row(t.c.switches, i)
		for _, k := range known {
			if k.IP.Is4() {
				r := row(t.c.rsp4, n4)
				if c.n_rsp4 == 0 {
					c.rsp4 = r
				}
				a := k.IP.As4()
				r.ip = C.uint32_t(a[0])<<24 | C.uint32_t(a[1])<<16 | C.uint32_t(a[2])<<8 | C.uint32_t(a[3])
				r.lsp, r.mac = C.uint16_t(k.SwitchPort), octets(k.MAC)
				c.n_rsp4++
				n4++
				continue
			}
			r := row(t.c.rsp6, n6)
			if c.n_rsp6 == 0 {
				c.rsp6 = r
			}
			for b, o := range k.IP.As16() {
				r.ip[b] = C.uint8_t(o)
			}
			r.lsp, r.mac = C.uint16_t(k.SwitchPort), octets(k.MAC)
			c.n_rsp6++
			n6++
		}
	}
}

func octets(mac [6]byte) (c [6]C.uint8_t) {
	for i, o := range mac {
		c[i] = C.uint8_t(o)
	}
	return c
}
