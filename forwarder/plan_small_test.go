// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"maps"
	"net/netip"
	"testing"
)

// Networks of one or two addresses have no broadcast address (RFC 3021, RFC 6164), and
// next hops beyond them are reached by the port that the route names.
func TestCompileSmallNetworks(t *testing.T) {
	for _, tc := range []struct {
		name     string
		networks []string // of lr0-ext
		routes   []StaticRoute
		want     map[string]string
	}{
		{"/31, lower end", []string{"10.0.0.0/31"}, []StaticRoute{route("0.0.0.0/0", "10.0.0.1", "")},
			map[string]string{"10.0.0.0/31": "connected lr0-ext", "10.0.0.0/32": "local", "0.0.0.0/0": "via 10.0.0.1 dev lr0-ext"}},
		{"/31, upper end", []string{"10.0.0.1/31"}, []StaticRoute{route("0.0.0.0/0", "10.0.0.0", "")},
			map[string]string{"10.0.0.0/31": "connected lr0-ext", "10.0.0.1/32": "local", "0.0.0.0/0": "via 10.0.0.0 dev lr0-ext"}},
		{"/32", []string{"10.0.0.1/32"}, []StaticRoute{route("0.0.0.0/0", "192.0.2.1", "lr0-ext")},
			map[string]string{"10.0.0.1/32": "local", "0.0.0.0/0": "via 192.0.2.1 dev lr0-ext"}},
		{"/127, lower end", []string{"2001:db8:f::/127"}, []StaticRoute{route("::/0", "2001:db8:f::1", "")},
			map[string]string{"2001:db8:f::/127": "connected lr0-ext", "2001:db8:f::/128": "local", "::/0": "via 2001:db8:f::1 dev lr0-ext"}},
		{"/127, upper end", []string{"2001:db8:f::1/127"}, []StaticRoute{route("::/0", "2001:db8:f::", "")},
			map[string]string{"2001:db8:f::/127": "connected lr0-ext", "2001:db8:f::1/128": "local", "::/0": "via 2001:db8:f:: dev lr0-ext"}},
		{"/128", []string{"2001:db8:f::1/128"}, []StaticRoute{route("::/0", "2001:db8:e::1", "lr0-ext")},
			map[string]string{"2001:db8:f::1/128": "local", "::/0": "via 2001:db8:e::1 dev lr0-ext"}},
		{"/30 has them still", []string{"10.0.0.1/30"}, nil,
			map[string]string{"10.0.0.0/30": "connected lr0-ext", "10.0.0.1/32": "local", "10.0.0.0/32": "drop ip_subnet_broadcast", "10.0.0.3/32": "drop ip_subnet_broadcast"}},
		{"next hop in another port's network, by the port named", []string{"10.0.0.1/32"}, []StaticRoute{route("0.0.0.0/0", "1.2.0.9", "lr0-ext")},
			map[string]string{"10.0.0.1/32": "local", "0.0.0.0/0": "via 1.2.0.9 dev lr0-ext"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			topo := article(tc.routes...)
			var ext *RouterPort
			for i := range topo.Routers[0].Ports {
				if p := &topo.Routers[0].Ports[i]; p.Name == "lr0-ext" {
					ext = p
				}
			}
			ext.Networks = nil
			for _, n := range tc.networks {
				ext.Networks = append(ext.Networks, netip.MustParsePrefix(n))
			}
			p := mustCompile(t, topo)
			got := p.fib(0)
			maps.DeleteFunc(got, func(prefix, _ string) bool { // of the other two ports
				at := netip.MustParsePrefix(prefix)
				return at.Bits() > 0 && (netip.MustParsePrefix("1.0.0.0/8").Overlaps(at) ||
					netip.MustParsePrefix("2001:db8:1::/64").Overlaps(at) || netip.MustParsePrefix("2001:db8:2::/64").Overlaps(at))
			})
			if !maps.Equal(got, tc.want) {
				t.Errorf("%v\nwant %v", got, tc.want)
			}
			if len(p.warnings) != 0 {
				t.Errorf("warnings %q", p.warnings)
			}
		})
	}
}
