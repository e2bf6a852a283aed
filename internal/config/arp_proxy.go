// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

const arpProxy = "arp_proxy"

// arpProxy reads OVN's option of a switch port of type router: addresses and prefixes that
// its router port answers for, after a MAC if one likes.
func (d *decoder) arpProxy(n *yaml.Node, text string, p *topology.SwitchPort) {
	what := fmt.Sprintf("switch port %q: arp_proxy", p.Name)
	words := strings.Fields(text)
	if len(words) > 0 {
		if mac, err := topology.ParseMAC(words[0]); err == nil {
			p.ARPProxyMAC, words = mac, words[1:]
		}
	}
	if len(words) == 0 {
		d.errorf(n, `list addresses or prefixes, such as "169.254.1.1 10.0.0.0/28"`, "%s has no address", what)
	}
	for _, w := range words {
		if prefix, err := netip.ParsePrefix(w); err == nil {
			if prefix != prefix.Masked() {
				d.errorf(n, fmt.Sprintf("write %s, or the address alone", prefix.Masked()), "%s: %s has bits set behind its prefix length", what, quote(w))
			}
			p.ARPProxy = append(p.ARPProxy, prefix.Masked())
			continue
		}
		ip, err := netip.ParseAddr(w)
		if err != nil || ip.Zone() != "" || ip.Is4In6() {
			d.errorf(n, `list addresses or prefixes with spaces between them, such as "169.254.1.1 10.0.0.0/28"`, "%s: %s is no address", what, quote(w))
			continue
		}
		p.ARPProxy = append(p.ARPProxy, netip.PrefixFrom(ip, ip.BitLen()))
	}
}
