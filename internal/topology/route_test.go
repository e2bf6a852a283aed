// SPDX-License-Identifier: Apache-2.0

package topology

import "testing"

// A table costs memory in each family that it is used in, and twice where it is looked up
// by source too; routes in a table that no port looks into cost nothing.
func TestFIBs(t *testing.T) {
	v4 := func(table string, source bool) StaticRoute {
		return StaticRoute{Prefix: prefix("10.0.0.0/8"), Discard: true, RouteTable: table, SourceIP: source}
	}
	port := func(table string, networks ...string) RouterPort {
		return RouterPort{Networks: nets(networks...), RouteTable: table}
	}
	for _, tc := range []struct {
		ports  []RouterPort
		routes []StaticRoute
		want   int
	}{
		{nil, nil, 0},
		{[]RouterPort{port("", "10.0.0.1/24")}, nil, 1},
		{[]RouterPort{port("", "10.0.0.1/24", "fd00::1/64")}, nil, 2},
		{[]RouterPort{port("", "fd00::1/64")}, []StaticRoute{v4("", false)}, 2},
		{[]RouterPort{port("", "10.0.0.1/24")}, []StaticRoute{v4("", true)}, 2},
		{[]RouterPort{port("", "10.0.0.1/24")}, []StaticRoute{v4("a", true)}, 1},
		{[]RouterPort{port("a", "10.0.0.1/24")}, []StaticRoute{v4("a", false)}, 2},
		{[]RouterPort{port("a", "10.0.0.1/24")}, []StaticRoute{v4("a", true)}, 3},
		{[]RouterPort{port("a", "10.0.0.1/24"), port("a", "10.0.1.1/24"), port("b", "10.0.2.1/24")}, []StaticRoute{v4("", true)}, 6},
	} {
		r := Router{Ports: tc.ports, StaticRoutes: tc.routes}
		if got := r.FIBs(); got != tc.want {
			t.Errorf("%+v: %d tables, want %d", r, got, tc.want)
		}
	}
}
