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
	list = append(list, OVNRouterPort("in", RouterInMAC, RouterIn)...)
	list = append(list, OVNRouterPort("out", RouterOutMAC, RouterOut)...)
	for _, r := range n.Routes {
		list = append(list, cmd("lr-route-add", "lr0", r.Prefix.String(), r.Nexthop.String(), "lr-out"))
	}
	return list
}

// OVNRouterPort joins the switch sw-SIDE to the router lr0 by the router port lr-SIDE.
func OVNRouterPort(side string, mac MAC, networks []netip.Prefix) [][]string {
	lrp, lsp := "lr-"+side, side+"-lr"
	add := []string{"lrp-add", "lr0", lrp, mac.String()}
	for _, net := range networks {
		add = append(add, net.String())
	}
	return [][]string{add, {"lsp-add", "sw-" + side, lsp}, {"lsp-set-type", lsp, "router"},
		{"lsp-set-addresses", lsp, "router"}, {"lsp-set-options", lsp, "router-port=" + lrp}}
}
