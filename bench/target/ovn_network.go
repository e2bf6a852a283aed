// SPDX-License-Identifier: Apache-2.0

package target

import (
	"fmt"
	"net/netip"
	"strings"
)

// String is the usual form.
func (m MAC) String() string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

// ovnCommands is a logical network as an OVN operator types it.
func ovnCommands(n *Network) [][]string {
	cmd := func(words ...string) []string { return words }
	list := [][]string{
		cmd("ls-add", "sw-in"), cmd("ls-add", "sw-out"), cmd("lr-add", "lr0"),
		cmd("lsp-add", "sw-in", "in"), cmd("lsp-set-addresses", "in", HostMAC.String()),
		cmd("lsp-add", "sw-out", "out"), cmd("lsp-set-addresses", "out", "unknown"),
	}
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
	for _, nb := range n.Neighbors {
		for _, ip := range []netip.Addr{nb.V4, nb.V6} {
			if ip.IsValid() {
				list = append(list, cmd("static-mac-binding-add", "lr-out", ip.String(), nb.MAC.String()))
			}
		}
	}
	for _, r := range n.Routes {
		list = append(list, cmd("lr-route-add", "lr0", r.Prefix.String(), r.Nexthop.String(), "lr-out"))
	}
	return list
}

// numbered gives a device of a scenario its number: net_null,no-rx=1 becomes
// net_null3,no-rx=1.
func numbered(device string, number int) string {
	name, args, more := strings.Cut(device, ",")
	name += fmt.Sprint(number)
	if more {
		name += "," + args
	}
	return name
}
