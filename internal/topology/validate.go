// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// MaxSwitchPorts is how many switch ports a topology may hold in all; the
	// datapath numbers them in 12 bits and keeps 0 for "none".
	MaxSwitchPorts = 4094
	// MaxTag is the highest VLAN id (IEEE 802.1Q); 4095 is reserved.
	MaxTag = 4094
	// MinMTU is the smallest MTU that IPv4 allows (RFC 791 §3.2).
	MinMTU = 68

	maxNameLen     = 128
	maxSuggestions = 20 // "did you mean" compares with every name, so only the first few get one
)

// Validate says everything that is wrong or doubtful about the topology. No
// finding of severity Error means that tables can be built from it. The order
// is the topology's own: switches, routers, static MAC bindings.
//
// It only reads t and may run on any thread.
func (t *Topology) Validate() []Finding {
	v := &validator{t: t, lrps: map[string]*lrpRef{}, lsps: map[string]Path{}, bound: map[string]Path{}}
	v.indexRouterPorts()
	v.switches()
	v.addressSets()
	v.routers()
	v.staticMACBindings()
	v.copp()
	return v.out
}

type lrpRef struct {
	path   Path
	router int
	port   *RouterPort
	used   bool // an LSP names it
}

type validator struct {
	t           *Topology
	out         []Finding
	lrps        map[string]*lrpRef
	lrpNames    []string
	lsps        map[string]Path
	bound       map[string]Path // LRP name → the LSP option that names it
	suggestions int
	nPolicies   int
	nConditions int                       // of their matches
	sets        map[string][]netip.Prefix // the address sets
	security    int                       // elements of port_security so far
}

func (v *validator) errorf(p Path, hint, format string, args ...any) {
	v.out = append(v.out, Finding{Severity: Error, Path: p, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (v *validator) clash(p, other Path, hint, format string, args ...any) {
	v.out = append(v.out, Finding{Severity: Error, Path: p, Other: other, Message: fmt.Sprintf(format, args...), Hint: hint})
}

func (v *validator) warnf(p Path, hint, format string, args ...any) {
	v.out = append(v.out, Finding{Severity: Warning, Path: p, Message: fmt.Sprintf(format, args...), Hint: hint})
}

// indexRouterPorts runs first because switch ports refer to router ports.
func (v *validator) indexRouterPorts() {
	for i := range v.t.Routers {
		for j := range v.t.Routers[i].Ports {
			p := &v.t.Routers[i].Ports[j]
			path := At("logical_routers", i, "ports", j)
			if first, dup := v.lrps[p.Name]; dup && p.Name != "" {
				v.clash(append(path, "name"), append(first.path[:len(first.path):len(first.path)], "name"),
					"router ports are named once over the whole topology", "router port name %q is used twice", p.Name)
				continue
			}
			v.lrps[p.Name] = &lrpRef{path: path, router: i, port: p}
			v.lrpNames = append(v.lrpNames, p.Name)
		}
	}
}

// unknownRouterPort is the hint for a reference that leads nowhere, and the name
// that was meant, if that can be guessed.
func (v *validator) unknownRouterPort(name string) (hint, meant string) {
	if v.suggestions++; v.suggestions <= maxSuggestions {
		if near := Nearest(name, v.lrpNames); near != "" {
			return fmt.Sprintf("did you mean %q?", near), near
		}
	}
	return "give the name of a port of a logical router", ""
}

func (v *validator) name(p Path, what, name string) bool {
	p = append(p[:len(p):len(p)], "name")
	if msg := CheckName(name); msg != "" {
		v.errorf(p, "names are 1 to 128 printable characters without spaces", "%s name %s", what, msg)
		return false
	}
	return true
}

// CheckName says what is wrong with the name of a logical object or a port, or
// returns "" when it is fine. Names travel through command lines, metrics
// labels and traces, so they hold no spaces and no control characters.
func CheckName(name string) string {
	switch {
	case name == "":
		return "is empty"
	case len(name) > maxNameLen:
		return fmt.Sprintf("is %d bytes long", len(name))
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }):
		return fmt.Sprintf("%q holds a space or an unprintable character", name)
	}
	return ""
}

// hostMAC reports whether m can be somebody's own address.
func (v *validator) hostMAC(p Path, what string, m MAC) bool {
	switch {
	case m.IsZero():
		v.errorf(p, "give the port an address of its own, such as 02:00:00:00:00:01", "%s has the MAC address 00:00:00:00:00:00", what)
	case m.IsMulticast():
		v.errorf(p, "an own address has an even first octet, such as 02:00:00:00:00:01", "%s has the multicast MAC address %s", what, m)
	default:
		return true
	}
	return false
}

// unusableHost says why no host can have this address as its own, or "".
func unusableHost(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "is no IP address"
	case a.Zone() != "":
		return "has a zone"
	case a.Is4In6():
		return "is an IPv4 address in IPv6 clothes"
	case a.IsUnspecified():
		return "is the unspecified address"
	case a.IsMulticast():
		return "is a multicast address"
	case a.IsLoopback():
		return "is a loopback address"
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return "is the broadcast address"
	}
	return ""
}

// lastAddr is the highest address of a prefix: IPv4's directed broadcast.
func lastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
