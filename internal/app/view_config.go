// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/config"
)

// viewConfig writes a configuration in the file's own form, nothing left to default.
func viewConfig(c *config.Config) api.Config {
	out := api.Config{
		Version: 1,
		System:  api.ConfigSystem{Name: c.System.Name},
		DPDK: api.ConfigDPDK{
			Memory: api.ConfigMemory{Mode: string(c.DPDK.Memory.Mode), Size: fmt.Sprintf("%dMiB", c.DPDK.Memory.Size>>20)},
			Mbufs:  c.DPDK.Mbufs, EALExtra: c.DPDK.EALExtra,
		},
		CPU: api.ConfigCPU{
			Control: strconv.Itoa(c.CPU.Control), Workers: c.CPU.WorkersText,
			Idle: api.ConfigIdle{Mode: string(c.CPU.Idle.Mode), MaxSleep: c.CPU.Idle.MaxSleep.String()},
		},
		Arpbuf: api.ConfigArpbuf{
			Profile: c.Arpbuf.Profile, PacketsPerNexthop: c.Arpbuf.PacketsPerNexthop, MaxNexthops: c.Arpbuf.MaxNexthops,
			MaxPackets: c.Arpbuf.MaxPackets, MaxAge: c.Arpbuf.MaxAge.String(), AgeFrom: string(c.Arpbuf.AgeFrom),
			Overflow: string(c.Arpbuf.Overflow), OnFailure: string(c.Arpbuf.OnFailure),
			Gated: api.ConfigGated{
				PacketsPerNexthop: c.Arpbuf.Gated.PacketsPerNexthop, MaxNexthops: c.Arpbuf.Gated.MaxNexthops,
				MaxPackets: c.Arpbuf.Gated.MaxPackets, MaxAge: c.Arpbuf.Gated.MaxAge.String(),
			},
		},
		Neighbors: api.ConfigNeighbors{
			RetransTime: c.Neighbors.RetransTime.String(), McastSolicit: c.Neighbors.McastSolicit, UcastSolicit: c.Neighbors.UcastSolicit,
			BaseReachableTime: c.Neighbors.BaseReachableTime.String(), FailedHoldoff: c.Neighbors.FailedHoldoff.String(),
			MaxEntries: c.Neighbors.MaxEntries, ProbeRate: c.Neighbors.ProbeRate, Announcements: c.Neighbors.Announcements,
			DuplicateDetection: string(c.Neighbors.DuplicateDetection), ForeignSender: string(c.Neighbors.ForeignSender),
			ManageRoutes: c.Neighbors.ManageRoutes, MaxMoves: c.Neighbors.MaxMoves,
		},
		Metrics: api.ConfigMetrics{Listen: c.Metrics.Listen},
		State:   api.ConfigState{Dir: c.State.Dir},
		API:     api.ConfigAPI{Socket: c.API.Socket, Mode: fmt.Sprintf("%04o", c.API.Mode)},
		Log:     api.ConfigLog{Format: string(c.Log.Format), Level: string(c.Log.Level)},
	}
	for _, p := range c.Ports {
		out.Ports = append(out.Ports, api.ConfigPort{
			Name: p.Name, Vdev: p.Vdev, PCI: p.PCI, Netdev: p.Netdev, IfaceID: p.IfaceID, NetworkName: p.NetworkName,
			MTU: p.MTU, RxQueues: p.RxQueues,
		})
	}
	viewLogical(c, &out)
	return out
}

// viewLogical adds the logical network.
func viewLogical(c *config.Config, out *api.Config) {
	for _, s := range c.Topology.Switches {
		one := api.ConfigSwitch{Name: s.Name, OtherConfig: map[string]string{"fdb_age_threshold": strconv.Itoa(int(s.FDBAgeThreshold))}}
		for _, p := range s.Ports {
			port := api.ConfigSwitchPort{Name: p.Name, Type: p.Type.String(), Addresses: addresses(p), ParkUntil: event(p), Tag: int(p.Tag),
				Options: portOptions(p)}
			viewLimits(&port, p)
			one.Ports = append(one.Ports, port)
		}
		out.LogicalSwitches = append(out.LogicalSwitches, one)
	}
	for _, r := range c.Topology.Routers {
		one := api.ConfigRouter{Name: r.Name, Options: api.ConfigRouterOptions{
			AlwaysLearn: r.Options.AlwaysLearnFromARPRequest, LearnNA: r.Options.LearnFromUnsolicitedNA, AgeThreshold: r.Options.MACBindingAgeThreshold,
			InboundIfaddr: !r.Options.ICMPErrorsFromEgress,
		}, CoPP: r.CoPP}
		for _, p := range r.Ports {
			port := api.ConfigRouterPort{Name: p.Name, MAC: p.MAC.String(), Networks: texts(p.Networks), IPv6RAConfigs: viewRA(&p.RA)}
			if p.GatewayMTU != 0 || p.RouteTable != "" {
				port.Options = &api.ConfigRouterPortOptions{GatewayMTU: int(p.GatewayMTU), RouteTable: p.RouteTable}
			}
			one.Ports = append(one.Ports, port)
		}
		for _, route := range r.StaticRoutes {
			one.StaticRoutes = append(one.StaticRoutes, viewRoute(&route))
		}
		one.Policies = viewPolicies(r.Policies)
		out.LogicalRouters = append(out.LogicalRouters, one)
	}
	for _, m := range c.Topology.Meters {
		out.Meters = append(out.Meters, api.ConfigMeter{Name: m.Name, Unit: "pktps", Bands: []api.ConfigBand{{Rate: m.Rate, BurstSize: m.Burst}}})
	}
	for _, row := range c.Topology.CoPP {
		one := api.ConfigCoPP{Name: row.Name}
		for _, m := range row.Meters {
			one.Meters = append(one.Meters, api.ConfigCoPPMeter(m))
		}
		out.CoPP = append(out.CoPP, one)
	}
	viewAddressSets(c, out)
	for _, b := range c.Topology.StaticMACBindings {
		out.StaticMACBindings = append(out.StaticMACBindings, api.ConfigStaticMACBinding{LogicalPort: b.LogicalPort, IP: b.IP.String(), MAC: b.MAC.String()})
	}
}

func texts[T fmt.Stringer](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = strings.ToLower(v.String())
	}
	return out
}
