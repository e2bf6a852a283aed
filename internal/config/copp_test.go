// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/topology"
)

// OVN's Meter and Copp rows become a router's limits; what they don't name keeps its
// default, and a burst that is left out is a second's worth.
func TestCoPP(t *testing.T) {
	text := strings.NewReplacer(
		"static_mac_bindings: []", `static_mac_bindings: []
meters:
  - {name: M1, unit: pktps, bands: [{action: drop, rate: 7, burst_size: 3}]}
  - {name: m2, unit: pktps, bands: [{rate: 9}]}
copp:
  - {name: copp0, meters: [{protocol: icmp4-error, meter: M1}, {protocol: arp-resolve, meter: m2}]}`,
		"  - name: lr0\n", "  - name: lr0\n    copp: copp0\n",
		"always_learn_from_arp_request: true", "icmp_errors_use_inbound_ifaddr: false",
	).Replace(seed(t))
	c, err := Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	r := &c.Topology.Routers[0]
	want := topology.DefaultLimits
	want[topology.ProtocolICMP4Error] = topology.Limit{Rate: 7, Burst: 3}
	want[topology.ProtocolARPResolve] = topology.Limit{Rate: 9, Burst: 9}
	if got := c.Topology.LimitsOf(r); got != want || !r.Options.ICMPErrorsFromEgress {
		t.Errorf("limits %v, want %v; %+v", got, want, r.Options)
	}
	if got := c.Topology.LimitsOf(&topology.Router{}); got != topology.DefaultLimits {
		t.Errorf("without copp: %v", got)
	}
}
