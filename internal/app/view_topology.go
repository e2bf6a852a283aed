// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
)

// addresses are a switch port's in OVN's form.
func addresses(p forwarder.SwitchPort) []string {
	var out []string
	for _, a := range p.Addresses {
		words := []string{a.MAC.String()}
		for _, ip := range a.IPs {
			words = append(words, ip.String())
		}
		out = append(out, strings.Join(words, " "))
	}
	if p.Unknown {
		out = append(out, "unknown")
	}
	return out
}

// event is what packets for a switch port wait for.
func event(p forwarder.SwitchPort) string {
	if p.ParkUntilUp {
		return "up"
	}
	return ""
}

// Topology puts the logical network and its state together.
func (s *source) Topology(ctx context.Context) (api.Topology, error) {
	bound := map[string]*api.Binding{} // by iface_id or, prefixed, network_name
	const network = "network "
	for _, p := range s.f.PortStatus() {
		b := &api.Binding{Port: p.Name, Link: string(p.Link), RxPackets: p.RxPackets, TxPackets: p.TxPackets}
		if p.NetworkName != "" {
			bound[network+p.NetworkName] = b
		} else {
			bound[p.IfaceID] = b
		}
	}
	gates := map[string]*api.Gate{}
	all, err := s.Gates(ctx)
	if err != nil {
		return api.Topology{}, err
	}
	for i, g := range all {
		gates[g.Port] = &all[i]
	}
	t := s.gateway.config().Topology
	var out api.Topology
	for _, sw := range t.Switches {
		one := api.Switch{Name: sw.Name}
		for _, p := range sw.Ports {
			port := api.SwitchPort{Name: p.Name, Type: p.Type.String(), Addresses: addresses(p), Tag: int(p.Tag),
				RouterPort: p.RouterPort, Network: p.NetworkName, ParkUntil: event(p), Gate: gates[p.Name]}
			switch p.Type {
			case forwarder.PortVIF:
				port.Binding = bound[p.Name]
			case forwarder.PortLocalnet:
				port.Binding = bound[network+p.NetworkName]
			}
			one.Ports = append(one.Ports, port)
		}
		out.Switches = append(out.Switches, one)
	}
	neighbors, parked := map[string]map[string]int{}, map[string]uint64{}
	for _, n := range s.r.Neighbors() {
		if neighbors[n.RouterPort] == nil {
			neighbors[n.RouterPort] = map[string]int{}
		}
		neighbors[n.RouterPort][n.State]++
	}
	for _, n := range s.r.Parked().NextHops {
		parked[n.RouterPort] += uint64(n.Packets)
	}
	own := map[string][]api.Address{}
	for _, a := range s.r.Addresses() {
		own[a.RouterPort] = append(own[a.RouterPort], api.Address{IP: a.IP.String(), State: string(a.State), InUse: a.InUse,
			Conflicts: a.Conflicts, MAC: macText(a.MAC)})
	}
	for _, r := range t.Routers {
		one := api.Router{Name: r.Name}
		for _, p := range r.Ports {
			states := neighbors[p.Name]
			if states == nil {
				states = map[string]int{}
			}
			one.Ports = append(one.Ports, api.RouterPort{Name: p.Name, MAC: p.MAC.String(), Networks: texts(p.Networks), RouteTable: p.RouteTable,
				Neighbors: states, Parked: parked[p.Name], Addresses: own[p.Name]})
		}
		out.Routers = append(out.Routers, one)
	}
	return out, nil
}
