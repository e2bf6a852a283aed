// SPDX-License-Identifier: Apache-2.0

package topology

import "slices"

// maxARPProxy is how many addresses and prefixes arp_proxy takes; each question that is
// not for the router is held against them.
const maxARPProxy = 256

// arpProxy checks options.arp_proxy of a switch port.
func (v *validator) arpProxy(p *SwitchPort, path Path, what string) {
	if len(p.ARPProxy) == 0 {
		return
	}
	if p.Type != PortRouter {
		v.errorf(path, "move it to the switch port of type router", "%s has options.arp_proxy but isn't of type router", what)
		return
	}
	if n := len(p.ARPProxy); n > maxARPProxy {
		v.errorf(path, "write prefixes", "%s: arp_proxy lists %d addresses, at most %d are possible", what, n, maxARPProxy)
	}
	for i, prefix := range p.ARPProxy {
		why := unusableHost(prefix.Addr())
		switch {
		case prefix.Bits() == 0:
			v.errorf(path, "list addresses that a host could have", "%s: arp_proxy: %s is every address", what, prefix)
		case why != "" && (prefix.IsSingleIP() || !prefix.Addr().IsUnspecified()):
			v.errorf(path, "list addresses that a host could have", "%s: arp_proxy: %s %s", what, prefix, why)
		case slices.Contains(p.ARPProxy[:i], prefix):
			v.errorf(path, "remove one", "%s: arp_proxy has %s twice", what, prefix)
		}
	}
	if ref, ok := v.lrps[p.RouterPort]; ok && !p.ARPProxyMAC.IsZero() && p.ARPProxyMAC != ref.port.MAC {
		v.errorf(path, "leave the MAC address out: the router port's own is answered", "%s: arp_proxy has the MAC address %s, but router port %q takes in packets for %s alone",
			what, p.ARPProxyMAC, p.RouterPort, ref.port.MAC)
	}
}
