// SPDX-License-Identifier: Apache-2.0

package forwarder

import "net/netip"

// groupKey is what the members of an ECMP route have in common.
type groupKey struct {
	table  string
	source bool
	prefix netip.Prefix
}

func keyOfRoute(s *StaticRoute) groupKey {
	return groupKey{s.RouteTable, s.SourceIP, s.Prefix.Masked()}
}

func (k groupKey) String() string {
	out := k.prefix.String()
	if k.source {
		out += " by source"
	}
	if k.table != "" {
		out += " in table " + k.table
	}
	return out
}
