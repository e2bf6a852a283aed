// SPDX-License-Identifier: Apache-2.0

package topology

import "net/netip"

// MaxWeight is the largest weight of a member of an ECMP route.
const MaxWeight = 256

// MaxECMP is how many next hops a route or a policy may have.
const MaxECMP = 64

// StaticRoute is one route. Several with the same RouteTable, SourceIP and Prefix are
// ECMP members.
type StaticRoute struct {
	Prefix     netip.Prefix // masked
	Nexthop    netip.Addr   // invalid when the route leads nowhere; IPv6 may serve an IPv4 prefix
	OutputPort string       // router port name; empty means the port whose network holds Nexthop
	Discard    bool         // nexthop: discard
	Reject     Reject       // nexthop: unreachable or prohibit
	Reason     string       // of a route that leads nowhere, for whoever reads the list
	SourceIP   bool         // policy: src-ip; Prefix is compared with the source
	RouteTable string       // empty: the main table
	Weight     int          // its share of the flows among ECMP members, 1 to MaxWeight; 0 is 1
}

// Reject says what the sender of a packet for a route that leads nowhere hears.
type Reject uint8

const (
	RejectNone        Reject = iota // not such a route
	RejectUnreachable               // host unreachable; IPv6: no route to the destination
	RejectProhibit                  // communication administratively prohibited
)

// String returns what stands for the next hop in a configuration; empty for RejectNone.
func (r Reject) String() string { return [...]string{"", "unreachable", "prohibit"}[r%3] }

// Blackhole reports that the route leads nowhere.
func (r *StaticRoute) Blackhole() bool { return r.Discard || r.Reject != RejectNone }

// FIBs is how many forwarding tables the router takes: one for each family that it uses
// of the main table and of every route table that a port looks into, and as many again
// where there are src-ip routes.
func (r *Router) FIBs() (n int) {
	tables := map[string]bool{"": true}
	for i := range r.Ports {
		tables[r.Ports[i].RouteTable] = true
	}
	for t := range tables {
		for _, four := range []bool{true, false} {
			used, source := false, false
			for i := range r.Ports {
				for _, p := range r.Ports[i].Networks {
					used = used || p.Addr().Is4() == four
				}
			}
			for i := range r.StaticRoutes {
				if s := &r.StaticRoutes[i]; s.Prefix.Addr().Is4() == four && (s.RouteTable == "" || s.RouteTable == t) {
					used, source = true, source || s.SourceIP
				}
			}
			if used {
				n++
			}
			if source {
				n++
			}
		}
	}
	return n
}
