// SPDX-License-Identifier: Apache-2.0

package config

import (
	"net/netip"
	"reflect"
	"testing"

	"github.com/parkway-gw/parkway/internal/topology"
)

// withLimits gives switches and ports what they have when the file says nothing.
func withLimits(t topology.Topology) topology.Topology {
	for i := range t.Switches {
		t.Switches[i].FDBAgeThreshold = topology.DefaultFDBAge
		for j := range t.Switches[i].Ports {
			if p := &t.Switches[i].Ports[j]; p.Type != topology.PortRouter {
				p.StormControl.Broadcast = topology.DefaultBroadcast
			}
		}
	}
	return t
}

func TestSwitchLimits(t *testing.T) {
	const file = `version: 1
ports: [{name: p1, vdev: net_null0, iface_id: a}]
logical_switches:
  - name: s
    other_config: {fdb_age_threshold: 0}
    ports:
      - name: a
        addresses: [unknown]
        options: {mac_limit: 100, disable_arp_nd_rsp: true}
        port_security: ["02:00:00:00:00:0a", "02:00:00:00:00:0b 10.0.0.1/24,10.1.0.0/16 2001:db8::b"]
        storm_control: {broadcast: 0, multicast: 1000, unknown_unicast: 2000}
`
	got := parse(t, file).Topology.Switches[0]
	want := topology.Switch{Name: "s", Ports: []topology.SwitchPort{{Name: "a", Unknown: true, MACLimit: 100, NoARPNDRsp: true,
		PortSecurity: []topology.PortSecurity{{MAC: mac("02:00:00:00:00:0a")}, {MAC: mac("02:00:00:00:00:0b"), Prefixes: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.1/24"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8::b/128")}}},
		StormControl: topology.StormControl{Multicast: 1000, UnknownUnicast: 2000}}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("\n%+v, want\n%+v", got, want)
	}
	if s := got.Ports[0].PortSecurity[1].String(); s != "02:00:00:00:00:0b 10.0.0.1/24 10.1.0.0/16 2001:db8::b" {
		t.Errorf("it is written as %q", s)
	}
}
