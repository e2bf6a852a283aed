// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"github.com/parkway-gw/parkway/arpbuf/neighbor"
)

// manageDue has the managed next hops behind a router port looked at in the next turn:
// at start, when a link comes up, when the port has a new one.
func (r *Resolver) manageDue(routerPort uint16) {
	if r.cfg.ManageRoutes {
		r.manage[routerPort] = struct{}{}
	}
}

// managed starts what manageDue has asked for. Questions are paced like all others, those
// for next hops of routes first.
func (r *Resolver) managed() {
	if len(r.manage) == 0 {
		return
	}
	var due []*neighbor.Entry
	r.table.Each(func(e *neighbor.Entry) {
		if _, ok := r.manage[e.Key().RouterPort]; ok && e.Kept() {
			due = append(due, e)
		}
	})
	clear(r.manage)
	for _, e := range due {
		if n, ok := e.User.(*nexthop); ok && n.gate == nil {
			r.perform(r.table.Manage(r.turnAt, e))
		}
	}
}

// flapping: n changed its MAC too often.
func (r *Resolver) flapping(n *nexthop) {
	key := n.entry.Key()
	r.warn("flapping", "a neighbor changes its MAC too often: two stations with one address, or a loop; changes are ignored for now",
		"router_port", r.ports.get(key.RouterPort).name(), "ip", key.IP, "mac", n.entry.MAC().String())
}
