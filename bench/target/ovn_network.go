// SPDX-License-Identifier: Apache-2.0

package target

import "net/netip"

// ovnCommands is a logical network as an OVN operator types it: what ParkwayConfig
// writes, in the same words.
func ovnCommands(n *Network) [][]string {
	cmd := func(words ...string) []string { return words }
	list := [][]string{
		cmd("ls-add", "sw-in"), cmd("ls-add", "sw-out"), cmd("lr-add", "lr0"),
		cmd("lsp-add", "sw-in", "in"), cmd("lsp-set-addresses", "in", HostMAC.String()),
		cmd("lsp-add", "sw-out", "out"),
	}
	out := cmd("lsp-set-addresses", "out")
	for i := range n.Neighbors {
		out = append(out, n.Neighbors[i].String())
	}
	list = append(list, out)
	for _, p := range []struct {
		side     string
		mac      MAC
		networks []netip.Prefix
	}{{"in", RouterInMAC, RouterIn}, {"out", RouterOutMAC, RouterOut}} {
		lrp, lsp := "lr-"+p.side, p.side+"-lr"
		add := cmd("lrp-add", "lr0", lrp, p.mac.String())
		for _, net := range p.networks {
			add = append(add, net.String())
		}
		list = append(list, add, cmd("lsp-add", "sw-"+p.side, lsp), cmd("lsp-set-type", lsp, "router"),
			cmd("lsp-set-addresses", lsp, "router"), cmd("lsp-set-options", lsp, "router-port="+lrp))
	}
	for _, r := range n.Routes {
		list = append(list, cmd("lr-route-add", "lr0", r.Prefix.String(), r.Nexthop.String(), "lr-out"))
	}
	return list
}
