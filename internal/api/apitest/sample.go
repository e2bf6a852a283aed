// SPDX-License-Identifier: Apache-2.0

package apitest

import "github.com/parkway-gw/parkway/internal/api"

// Sample is a Source with a small gateway's answers: a router between a switch and a
// localnet network, one neighbor known, one asked for with three packets waiting, and
// a pod that isn't there yet with twelve.
// The documents' examples are its answers.
func Sample() *Source {
	return &Source{Answers: Answers{
		Health: api.Health{Status: api.StatusOK, Version: "v0.1.0", Name: "gw1", PID: 4711, UptimeSeconds: 61.5},
		Ports: []api.Port{
			{Name: "p-vm1", Device: "net_tap0", Link: "up", MAC: "00:64:74:61:70:00", MTU: 1500,
				RxPackets: 117, RxBytes: 11466, TxPackets: 104, TxBytes: 10192},
			{Name: "p-ext", Device: "net_tap4", Link: "up", MAC: "00:64:74:61:70:04", MTU: 1500,
				RxPackets: 118, RxBytes: 11564, RxMissed: 2, RxNombuf: 1, TxPackets: 107, TxBytes: 10486, TxDropped: 1},
		},
		Neighbors: []api.Neighbor{
			{Router: "lr0", RouterPort: "lr0-ext", IP: "192.168.123.1", MAC: "", State: "INCOMPLETE", AgeSeconds: 0.25, Origin: "arp"},
			{Router: "lr0", RouterPort: "lr0-ext", IP: "2001:db8:f0f0::10", MAC: "00:00:03:00:00:10", State: "REACHABLE", AgeSeconds: 12.5, Origin: "nd"},
			{Router: "lr0", RouterPort: "lrp1", IP: "1.1.0.1", MAC: "00:00:01:00:00:01", State: "PERMANENT", AgeSeconds: 61.5, Origin: "static"},
		},
		Parked: api.Parked{
			NextHops: []api.ParkedNextHop{
				{RouterPort: "lr0-ext", IP: "192.168.123.1", Worker: 0, Packets: 3, OldestSeconds: 0.25, WaitingFor: "arp",
					Probes: 1, AgeSeconds: 0.25},
				{RouterPort: "lrp1", IP: "1.1.0.9", Worker: 0, Packets: 12, OldestSeconds: 20.5, WaitingFor: "up",
					AgeSeconds: 20.5, Port: "pod1"},
			},
			Totals: api.ParkedTotals{Parked: 26, Drained: 10, Evicted: 1, Rejected: 2, InRing: 15},
			Gated:  api.ParkedTotals{Parked: 14, Drained: 2, InRing: 12},
			Waits: []api.Waits{
				{Kind: api.WaitsNextHop, Count: 8, SumSeconds: 2.42, Buckets: []api.WaitBucket{
					{LeSeconds: 0.001, Count: 0}, {LeSeconds: 0.01, Count: 2}, {LeSeconds: 0.1, Count: 2}, {LeSeconds: 1, Count: 8}, {LeSeconds: 10, Count: 8}}},
				{Kind: api.WaitsGated, Count: 2, SumSeconds: 2.25, Buckets: []api.WaitBucket{
					{LeSeconds: 0.001, Count: 0}, {LeSeconds: 0.01, Count: 0}, {LeSeconds: 0.1, Count: 0}, {LeSeconds: 1, Count: 1}, {LeSeconds: 10, Count: 2}}},
			},
		},
		History: []api.Resolution{
			{At: "2026-01-15T12:00:41.250125Z", RouterPort: "lr0-ext", IP: "2001:db8:f0f0::10", Result: api.ResultResolved, MAC: "00:00:03:00:00:10",
				Packets: 6, Probes: 1, WaitSeconds: 0.400125, AnswerSeconds: 0.4, DrainSeconds: 0.000042},
			{At: "2026-01-15T12:00:36.5Z", RouterPort: "lr0-ext", IP: "192.168.123.77", Result: api.ResultFailed,
				Packets: 1, Probes: 3, WaitSeconds: 3},
			{At: "2026-01-15T12:00:30Z", RouterPort: "lrp1", IP: "1.1.0.9", Port: "pod1", Result: api.ResultReleased, MAC: "00:00:01:00:00:09",
				Packets: 2, WaitSeconds: 1.500018, DrainSeconds: 0.000018},
		},
		Resolutions: api.Resolutions{
			ByResult: map[string]uint64{"resolved": 2, "failed": 1, "released": 1, "discarded": 0, "expired": 0},
			Probes: []api.ProbeCount{
				{Family: api.FamilyIPv4, Kind: api.ProbeMulticast, Count: 4}, {Family: api.FamilyIPv4, Kind: api.ProbeUnicast, Count: 0},
				{Family: api.FamilyIPv6, Kind: api.ProbeMulticast, Count: 1}, {Family: api.FamilyIPv6, Kind: api.ProbeUnicast, Count: 1},
			},
			Deferred: 0,
			Moves:    4, MovesDamped: 1, ForeignSenders: 2,
			Conflicts: []api.PortConflicts{{RouterPort: "lr0-ext", Count: 2}, {RouterPort: "lrp1", Count: 0}},
		},
		Gates: []api.Gate{{Port: "pod1", SinceSeconds: 20.75, Packets: 12}},
		Routes: []api.Route{
			{Router: "lr0", Prefix: "0.0.0.0/0", Policy: "dst-ip", Nexthop: "192.168.123.1", OutputPort: "lr0-ext", Origin: "static", Weight: 2, State: "in"},
			{Router: "lr0", Prefix: "0.0.0.0/0", Policy: "dst-ip", Nexthop: "192.168.123.2", OutputPort: "lr0-ext", Origin: "static", Weight: 1, State: "out"},
			{Router: "lr0", Prefix: "1.1.0.0/16", Policy: "dst-ip", Nexthop: "", OutputPort: "lrp1", Origin: "connected"},
			{Router: "lr0", Prefix: "192.168.123.0/24", Policy: "dst-ip", Nexthop: "", OutputPort: "lr0-ext", Origin: "connected"},
			{Router: "lr0", Prefix: "203.0.113.0/24", Policy: "dst-ip", Nexthop: "prohibit", OutputPort: "", Origin: "static", Reason: "ticket 4711"},
			{Router: "lr0", RouteTable: "blue", Prefix: "1.1.7.0/24", Policy: "src-ip", Nexthop: "192.168.123.9", OutputPort: "lr0-ext", Origin: "static"},
		},
		Policies: []api.Policy{
			{Router: "lr0", Priority: 200, Match: `ip4.src == $guests && tcp.dst == 25`, Action: "drop", Packets: 7},
			{Router: "lr0", Priority: 100, Match: `inport == "lrp1" && ip4.dst == 198.51.100.0/24`, Action: "reroute", PktMark: 7, Packets: 12,
				Nexthops: []api.PolicyNexthop{{IP: "192.168.123.1", OutputPort: "lr0-ext", State: "in"}, {IP: "192.168.123.2", OutputPort: "lr0-ext", State: "out"}}},
		},
		Workers: []api.Worker{
			{Lcore: 1, CPU: 1, BusyCycles: 470000, IdleCycles: 164000000000, Packets: 235, CyclesPerPacket: 2000, MaxPollGapUS: 61.5,
				RxQueues: []api.RxQueue{{Port: "p-vm1", Queue: 0}, {Port: "p-ext", Queue: 0}},
				PollGaps: api.PollGaps{Count: 61500000, SumSeconds: 30.75, Buckets: sampleGaps(61000000, 61400000, 61499990, 61499998, 61499998, 61499999, 61500000)},
				BurstSizes: []api.BurstBucket{{Le: 1, Count: 90}, {Le: 2, Count: 110}, {Le: 4, Count: 117}, {Le: 8, Count: 120},
					{Le: 16, Count: 120}, {Le: 32, Count: 120}, {Le: 64, Count: 121}}},
		},
		Stages: sampleStages(),
		Counters: api.Counters{Rx: 235, Originated: 5, Tx: 210, Consumed: 9, Parked: 15,
			Drops:     map[string]uint64{"ip_no_route": 2, "ip_ttl_exceeded": 0, "park_evicted": 1, "park_nexthops_full": 2, "tx_full": 1},
			Fragments: 2, CoPP: []api.CoPP{
				{RouterPort: "lr0-ext", Protocol: "arp", Rate: 10000, BurstSize: 1000},
				{RouterPort: "lr0-ext", Protocol: "icmp4-error", Rate: 100, BurstSize: 50, Dropped: 3},
			}},
		Drops: []api.Drop{
			{Reason: "ip_no_route", Stage: "lr_in_ip_routing", Count: 2, What: "no route matches the destination",
				Remedy: "add a static route, or find out why the sender uses this router"},
			{Reason: "ip_ttl_exceeded", Stage: "lr_in_ip_routing", Count: 0, What: "TTL or hop limit ran out here",
				Remedy: "traceroute does this; otherwise look for a routing loop"},
			{Reason: "park_evicted", Stage: "lr_in_arp_request", Count: 1, What: "the oldest packet gave way to a newer one in a full park ring (RFC 4861 7.2.2)",
				Remedy: "raise arpbuf.packets_per_nexthop"},
			{Reason: "park_nexthops_full", Stage: "lr_in_arp_request", Count: 2, What: "every park ring of the worker waits for another next hop",
				Remedy: "raise arpbuf.max_nexthops; is somebody scanning?"},
			{Reason: "tx_full", Stage: "ls_out_delivery", Count: 1, What: "the port's transmit queue stayed full",
				Remedy: "the receiver or the link is slower than the traffic; see show ports"},
		},
		Pools:    []api.Pool{{Name: "mbufs", Size: 16384, Available: 15304}},
		Config:   sampleConfig(),
		Topology: sampleTopology(),
		FDB: api.FDB{Entries: []api.FDBEntry{
			{Switch: "sw-ext", MAC: "00:00:03:00:00:10", SwitchPort: "ext-localnet", Origin: api.FDBLearned, AgeSeconds: 12.5, Moves: 1},
			{Switch: "sw-ext", MAC: "02:0a:7f:00:01:29", SwitchPort: "ext-lr0", Origin: api.FDBStatic},
			{Switch: "sw1", MAC: "00:00:01:00:00:01", SwitchPort: "sw1-port1", Origin: api.FDBStatic},
		}, Totals: api.FDBTotals{Learned: 1, Max: 65536, Limited: 4, Moves: 1, Aged: 7}},
		SwitchPorts: []api.SwitchPortLimits{
			{Switch: "sw1", SwitchPort: "sw1-port1", Security: 3},
			{Switch: "sw-ext", SwitchPort: "ext-localnet", Learned: 1, MACLimit: 100, Limited: 4, StormBroadcast: 250},
		},
		Flushed: 2,
		Added:   api.AddNeighborReply{RouterPort: "lr0-ext", IP: "192.168.123.9", MAC: "00:00:03:00:00:09"},
		Deleted: api.DeleteNeighborReply{RouterPort: "lr0-ext", IP: "192.168.123.1", Packets: 3},
		Probed: api.ProbeNeighborReply{RouterPort: "lr0-ext", IP: "2001:db8:f0f0::10", Kind: api.ProbeUnicast, Answered: true,
			MAC: "00:00:03:00:00:10", RTTSeconds: 0.000125},
		Reloaded: api.ReloadReply{File: "/etc/parkway/parkway.yaml", Changes: []string{"route 10.0.0.0/8 of router lr0 added", "router port lrp2 changed"},
			RoutesSet: 3, RoutesDeleted: 2, Seconds: 0.0125},
		Reloads: api.Reloads{Done: 3, Failed: 1, LastOK: true, LoadedAt: 1767225600.5},
	}}
}

// sampleGaps are polls by their gaps, cumulative; those without a figure have the last one.
func sampleGaps(polls ...uint64) (out []api.GapBucket) {
	for le := 1e-6; le < 1.1; le *= 2 {
		i := min(len(out), len(polls)-1)
		out = append(out, api.GapBucket{LeSeconds: le, Count: polls[i]})
	}
	return out
}

func sampleStages() api.Stages {
	costs := api.StageCosts{Polls: 9, Interrupted: 1, Packets: 16, Cycles: 16000, CyclesPerPacket: 1000, Stages: []api.Stage{
		{Stage: "rx", Calls: 9, Packets: 16, Cycles: 6400, CyclesPerPacket: 400, Share: 0.4},
		{Stage: "ls_in_admission", Calls: 9, Packets: 16, Cycles: 1600, CyclesPerPacket: 100, Share: 0.1},
		{Stage: "ls_in_check_port_sec"},
		{Stage: "lr_in_ip_routing", Calls: 8, Packets: 12, Cycles: 3200, CyclesPerPacket: 266.6666666666667, Share: 0.2},
		{Stage: "tx", Calls: 8, Packets: 12, Cycles: 4800, CyclesPerPacket: 400, Share: 0.3},
	}}
	return api.Stages{SampleEvery: 16, TSCHz: 2700000000, StageCosts: costs,
		Workers: []api.WorkerStages{{Lcore: 1, CPU: 1, StageCosts: costs}}}
}

func sampleTopology() api.Topology {
	return api.Topology{
		Switches: []api.Switch{
			{Name: "sw1", Ports: []api.SwitchPort{
				{Name: "sw1-port1", Addresses: []string{"00:00:01:00:00:01 1.1.0.1"},
					Binding: &api.Binding{Port: "p-vm1", Link: "up", RxPackets: 117, TxPackets: 104}},
				{Name: "pod1", Addresses: []string{"00:00:01:00:00:09 1.1.0.9"}, ParkUntil: "up",
					Gate: &api.Gate{Port: "pod1", SinceSeconds: 20.75, Packets: 12}},
				{Name: "sw1-portr0", Type: "router", Addresses: []string{"00:00:01:ff:00:01"}, RouterPort: "lrp1"},
			}},
			{Name: "sw-ext", Ports: []api.SwitchPort{
				{Name: "ext-localnet", Type: "localnet", Addresses: []string{"unknown"}, Tag: 100, Network: "physnet1",
					Binding: &api.Binding{Port: "p-ext", Link: "up", RxPackets: 118, TxPackets: 107}},
				{Name: "ext-lr0", Type: "router", Addresses: []string{"02:0a:7f:00:01:29"}, RouterPort: "lr0-ext"},
			}},
		},
		Routers: []api.Router{
			{Name: "lr0", Ports: []api.RouterPort{
				{Name: "lrp1", MAC: "00:00:01:ff:00:01", Networks: []string{"1.1.254.254/16"}, RouteTable: "blue",
					Neighbors: map[string]int{"PERMANENT": 1}, Parked: 12,
					Addresses: []api.Address{{IP: "1.1.254.254", State: "unique", InUse: true}}},
				{Name: "lr0-ext", MAC: "02:0a:7f:00:01:29", Networks: []string{"192.168.123.254/24", "2001:db8:f0f0::1/64"},
					Neighbors: map[string]int{"INCOMPLETE": 1, "REACHABLE": 1}, Parked: 3,
					Addresses: []api.Address{{IP: "192.168.123.254", State: "duplicate", InUse: true, Conflicts: 2, MAC: "00:00:03:00:00:66"},
						{IP: "2001:db8:f0f0::1", State: "unique", InUse: true}}},
			}},
		},
	}
}

func sampleConfig() api.Config {
	return api.Config{
		Version: 1,
		System:  api.ConfigSystem{Name: "gw1"},
		DPDK:    api.ConfigDPDK{Memory: api.ConfigMemory{Mode: "auto", Size: "512MiB"}, Mbufs: 16384},
		CPU:     api.ConfigCPU{Control: "0", Workers: "1", Idle: api.ConfigIdle{Mode: "adaptive", MaxSleep: "50us"}},
		Ports: []api.ConfigPort{
			{Name: "p-vm1", Vdev: "net_tap0,iface=vm1", IfaceID: "sw1-port1", MTU: 1500, RxQueues: 1},
			{Name: "p-ext", Vdev: "net_tap4,iface=ext0", NetworkName: "physnet1", MTU: 1500, RxQueues: 1},
		},
		LogicalSwitches: []api.ConfigSwitch{
			{Name: "sw1", OtherConfig: map[string]string{"fdb_age_threshold": "300"}, Ports: []api.ConfigSwitchPort{
				{Name: "sw1-port1", Addresses: []string{"00:00:01:00:00:01 1.1.0.1"}, PortSecurity: []string{"00:00:01:00:00:01 1.1.0.1"},
					StormControl: &api.ConfigStormControl{Broadcast: 10000}},
				{Name: "pod1", Addresses: []string{"00:00:01:00:00:09 1.1.0.9"}, ParkUntil: "up"},
				{Name: "sw1-portr0", Type: "router", Addresses: []string{"00:00:01:ff:00:01"}, Options: map[string]string{"router-port": "lrp1"}},
			}},
			{Name: "sw-ext", Ports: []api.ConfigSwitchPort{
				{Name: "ext-localnet", Type: "localnet", Addresses: []string{"unknown"}, Options: map[string]string{"network_name": "physnet1"}, Tag: 100},
				{Name: "ext-lr0", Type: "router", Addresses: []string{"02:0a:7f:00:01:29"}, Options: map[string]string{"router-port": "lr0-ext"}},
			}},
		},
		Meters:      []api.ConfigMeter{{Name: "m1", Unit: "pktps", Bands: []api.ConfigBand{{Rate: 100, BurstSize: 50}}}},
		CoPP:        []api.ConfigCoPP{{Name: "copp0", Meters: []api.ConfigCoPPMeter{{Protocol: "icmp4-error", Meter: "m1"}}}},
		AddressSets: []api.ConfigAddressSet{{Name: "guests", Addresses: []string{"1.1.9.0/24"}}},
		LogicalRouters: []api.ConfigRouter{{
			Name:    "lr0",
			CoPP:    "copp0",
			Options: api.ConfigRouterOptions{AlwaysLearn: true, LearnNA: true, AgeThreshold: "300", InboundIfaddr: true},
			Ports: []api.ConfigRouterPort{
				{Name: "lrp1", MAC: "00:00:01:ff:00:01", Networks: []string{"1.1.254.254/16"}},
				{Name: "lr0-ext", MAC: "02:0a:7f:00:01:29", Networks: []string{"192.168.123.254/24", "2001:db8:f0f0::1/64"},
					Options: &api.ConfigRouterPortOptions{GatewayMTU: 1500}},
			},
			StaticRoutes: []api.ConfigStaticRoute{
				{IPPrefix: "0.0.0.0/0", Nexthop: "192.168.123.1", OutputPort: "lr0-ext", Weight: 2},
				{IPPrefix: "203.0.113.0/24", Nexthop: "discard", Reason: "ticket 4711"},
			},
			Policies: []api.ConfigPolicy{
				{Priority: 200, Match: `ip4.src == $guests && tcp.dst == 25`, Action: "drop"},
				{Priority: 100, Match: `inport == "lrp1" && ip4.dst == 198.51.100.0/24`, Action: "reroute",
					Nexthops: []string{"192.168.123.1", "192.168.123.2"}, Options: &api.ConfigPolicyOptions{PktMark: 7}},
			},
		}},
		Arpbuf: api.ConfigArpbuf{Profile: "default", PacketsPerNexthop: 64, MaxNexthops: 1024, MaxPackets: 4096, MaxAge: "3s",
			AgeFrom: "arrival", Overflow: "drop-oldest", OnFailure: "icmp-unreachable",
			Gated: api.ConfigGated{PacketsPerNexthop: 256, MaxNexthops: 256, MaxPackets: 1024, MaxAge: "1m"}},
		Neighbors: api.ConfigNeighbors{RetransTime: "1s", McastSolicit: 3, UcastSolicit: 3, BaseReachableTime: "30s",
			FailedHoldoff: "5s", MaxEntries: 65536, ProbeRate: 1000, Announcements: 3,
			DuplicateDetection: "report", ForeignSender: "refuse", ManageRoutes: true, MaxMoves: 5},
		Metrics: api.ConfigMetrics{Listen: "127.0.0.1:9470"},
		State:   api.ConfigState{Dir: "/var/lib/parkway"},
		API:     api.ConfigAPI{Socket: "/run/parkway/parkway.sock", Mode: "0660"},
		Log:     api.ConfigLog{Format: "auto", Level: "info"},
	}
}
