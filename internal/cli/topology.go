// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/internal/api"
)

// writeTopology writes the layout of `ovn-nbctl show`, without the UUIDs that Parkway
// does not have, and adds a line of state to what has state.
func writeTopology(w io.Writer, t api.Topology) error {
	var b strings.Builder
	line := func(depth int, format string, a ...any) {
		b.WriteString(strings.Repeat("    ", depth))
		fmt.Fprintf(&b, format+"\n", a...)
	}
	for _, s := range t.Switches {
		line(0, "switch %s", s.Name)
		for _, p := range s.Ports {
			line(1, "port %s", p.Name)
			if p.Type != "" {
				line(2, "type: %s", p.Type)
			}
			if p.Tag != 0 {
				line(2, "tag: %d", p.Tag)
			}
			if len(p.Addresses) > 0 {
				line(2, "addresses: %s", quoted(p.Addresses))
			}
			if p.RouterPort != "" {
				line(2, "router-port: %s", p.RouterPort)
			}
			if p.ParkUntil != "" {
				line(2, "park_until: %s%s", p.ParkUntil, gateState(p.Gate))
			}
			switch {
			case p.Binding != nil:
				line(2, "bound: %s, link %s, rx %s, tx %s", p.Binding.Port, p.Binding.Link, packets(p.Binding.RxPackets), packets(p.Binding.TxPackets))
			case p.Type != "router":
				line(2, "bound: no")
			}
		}
	}
	for _, r := range t.Routers {
		line(0, "router %s", r.Name)
		for _, p := range r.Ports {
			line(1, "port %s", p.Name)
			line(2, "mac: %q", p.MAC)
			line(2, "networks: %s", quoted(p.Networks))
			if p.RouteTable != "" {
				line(2, "route-table: %s", p.RouteTable) // as ovn-nbctl writes it
			}
			for _, a := range p.Addresses {
				if text := trouble(a); text != "" {
					line(2, "%s: %s", a.IP, text)
				}
			}
			line(2, "neighbors: %s", neighborStates(p.Neighbors))
			if p.Parked > 0 {
				line(2, "parked: %s", packets(p.Parked))
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// gateState is what a gated port does now.
func gateState(g *api.Gate) string {
	switch {
	case g == nil:
		return ""
	case g.Open:
		return " (open)"
	}
	return fmt.Sprintf(" (waiting, %s)", packets(g.Packets))
}

// trouble is what keeps an address from being the router's alone, or empty.
func trouble(a api.Address) string {
	unused := ""
	if !a.InUse {
		unused = ", not in use"
	}
	switch {
	case a.State == "duplicate":
		return "duplicate, also used by " + a.MAC + unused
	case unused != "":
		return a.State + unused
	}
	return ""
}

func quoted(list []string) string {
	q := make([]string, len(list))
	for i, s := range list {
		q[i] = fmt.Sprintf("%q", s)
	}
	return "[" + strings.Join(q, ", ") + "]"
}

func packets(n uint64) string {
	if n == 1 {
		return "1 packet"
	}
	return fmt.Sprintf("%d packets", n)
}

func neighborStates(byState map[string]int) string {
	var parts []string
	for _, state := range slices.Sorted(maps.Keys(byState)) {
		if n := byState[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}
