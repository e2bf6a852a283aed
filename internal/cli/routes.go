// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/parkway-gw/parkway/internal/api"
)

func writeRoutes(w io.Writer, routes []api.Route) error {
	return table(w, "ROUTER TABLE PREFIX POLICY NEXTHOP PORT ORIGIN WEIGHT STATE REASON", func(row func(...any)) {
		for _, r := range routes {
			weight, name := "", "<main>" // OVN's word
			if r.Weight > 0 {
				weight = fmt.Sprint(r.Weight)
			}
			if r.RouteTable != "" {
				name = r.RouteTable
			}
			row(r.Router, name, r.Prefix, r.Policy, r.Nexthop, r.OutputPort, r.Origin, weight, r.State, r.Reason)
		}
	})
}

func writePolicies(w io.Writer, policies []api.Policy) error {
	return table(w, "ROUTER PRIORITY PACKETS ACTION MARK NEXTHOPS MATCH", func(row func(...any)) {
		for _, p := range policies {
			var hops []string
			for _, h := range p.Nexthops {
				text := h.IP + " dev " + h.OutputPort
				if h.State == "out" {
					text += " (out)"
				}
				hops = append(hops, text)
			}
			mark := ""
			if p.PktMark != 0 {
				mark = fmt.Sprint(p.PktMark)
			}
			row(p.Router, p.Priority, p.Packets, p.Action, mark, strings.Join(hops, ", "), p.Match)
		}
	})
}
