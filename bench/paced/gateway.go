// SPDX-License-Identifier: Apache-2.0

package paced

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"runtime"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/traffic"
	"github.com/parkway-gw/parkway/forwarder"
)

// How large the network is. Flow i of 4,096 goes to 48.0.0.0 + i: 16 routes share them.
const (
	routes   = 16
	maxFlows = 4096
	groups   = 3 // frame sizes of a mix; each has flows of its own
)

// gateway is a running gateway, with the source on its in port and the sink on its out port.
type gateway struct {
	cfg  target.PacedConfig
	eal  *dpdk.EAL
	f    *forwarder.Forwarder
	src  *traffic.Source
	sink *traffic.Sink
	hz   float64
	made []traffic.Group
	ends []func() error // in the order of starting
}

func (g *gateway) onStop(f func() error) { g.ends = append(g.ends, f) }

func (g *gateway) stop() error {
	var errs []error
	for i := len(g.ends) - 1; i >= 0; i-- {
		errs = append(errs, g.ends[i]())
	}
	return errors.Join(errs...)
}

// start makes one; when it fails, nothing of it is left.
func start(cfg target.PacedConfig) (*gateway, error) {
	if cfg.Flows < 1 || cfg.Flows > maxFlows || len(cfg.Sizes) < 1 || len(cfg.Sizes) > groups || cfg.Queue < 1 {
		return nil, fmt.Errorf("paced gateway: %d flows, %d frame sizes, a queue of %d; 1 to %d, 1 to %d, and one packet at least are possible",
			cfg.Flows, len(cfg.Sizes), cfg.Queue, maxFlows, groups)
	}
	made := &gateway{cfg: cfg}
	if err := made.begin(); err != nil {
		return nil, errors.Join(err, made.stop())
	}
	return made, nil
}

// begin starts the EAL and all on it; stop ends what it has started, also when it fails.
func (g *gateway) begin() error {
	cfg := g.cfg
	control := dpdk.CPUs(cfg.Control)
	if err := dpdk.ConfineProcess(control); err != nil {
		return err
	}
	runtime.GOMAXPROCS(4) // the runtime would go by the affinity, and the worker's CPU is not in it
	mode := dpdk.MemoryNoHuge
	if cfg.Memory == target.Hugepages {
		mode = dpdk.MemoryHugePages
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	if g.eal, err = dpdk.Start(dpdk.EALConfig{Program: "parkway-bench", Memory: mode, MemorySize: cfg.Octets, Control: control, Logger: log,
		FilePrefix: fmt.Sprintf("paced-%d", os.Getpid()), Extra: []string{"--no-telemetry"}}); err != nil {
		return err
	}
	g.onStop(g.eal.Close)
	fc, ac := forwarder.Defaults(), arpbuf.DefaultConfig()
	fc.EAL, fc.Topology, fc.Logger, fc.Workers, fc.Adaptive = g.eal, network(), log, []int{cfg.Worker}, false
	ac.EAL, ac.CPUs, ac.Logger, ac.Announcements, ac.ManageRoutes, ac.DuplicateDetection = g.eal, control, log, 0, false, arpbuf.DetectOff
	return g.run(fc, ac)
}

// run makes ports, source and sink, and starts workers and control.
func (g *gateway) run(fc forwarder.Config, ac arpbuf.Config) error {
	in, err := dpdk.AttachPort("net_null0,no-rx=1")
	if err != nil {
		return err
	}
	out, err := dpdk.AttachPort("net_null1,no-rx=1")
	if err != nil {
		return errors.Join(err, in.Close())
	}
	fc.Ports = []forwarder.Port{{Name: "in", Attached: &in, IfaceID: "in"}, {Name: "out", Attached: &out, IfaceID: "out"}}
	if g.f, err = forwarder.New(fc); err != nil {
		return err
	}
	g.onStop(func() error {
		err := g.f.Stop(context.Background())
		if g.src != nil {
			g.src.Close()
		}
		if g.sink != nil {
			g.sink.Close()
		}
		return err
	})
	g.hz = float64(g.f.TSCHz())
	flows := g.cfg.Flows * len(g.cfg.Sizes)
	if g.src, err = traffic.NewSource(traffic.SourceConfig{Port: in, Pool: g.f.Pool(), Flows: flows, Backlog: g.cfg.Queue}); err != nil {
		return err
	}
	if g.sink, err = traffic.NewSink(traffic.SinkConfig{Port: out, Flows: flows}); err != nil {
		return err
	}
	for i, s := range g.cfg.Sizes {
		g.made = append(g.made, traffic.Group{Weight: s.Parts, First: i * g.cfg.Flows, Flows: g.cfg.Flows, Size: s.Size,
			Src: netip.MustParseAddr("198.18.0.2"), Dst: netip.MustParseAddr("48.0.0.0"), SrcMAC: [6]byte(sender), DstMAC: [6]byte(routerIn)})
	}
	r, err := arpbuf.New(g.f, ac)
	if err != nil {
		return err
	}
	if err := g.f.Start(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	g.onStop(func() error { cancel(); return <-ended })
	select {
	case <-r.Ready():
		return nil
	case <-time.After(10 * time.Second):
		return errors.New("paced gateway: control does not start")
	}
}

var (
	sender    = forwarder.MAC{2, 0, 0, 0, 1, 2}
	routerIn  = forwarder.MAC{2, 0, 0, 0, 1, 1}
	routerOut = forwarder.MAC{2, 0, 0, 0, 2, 1}
)

// network is a router between a switch with the sender and one with 16 gateways, each of
// them the next hop of a route; every MAC is known.
func network() forwarder.Topology {
	prefix := func(s string) []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix(s)} }
	cable := func(name string) forwarder.SwitchPort {
		return forwarder.SwitchPort{Name: name + "-lr", Type: forwarder.PortRouter, RouterPort: name}
	}
	hosts := forwarder.SwitchPort{Name: "out"}
	router := forwarder.Router{Name: "lr0", Ports: []forwarder.RouterPort{
		{Name: "lr-in", MAC: routerIn, Networks: prefix("198.18.0.1/24")},
		{Name: "lr-out", MAC: routerOut, Networks: prefix("198.19.0.1/24")},
	}}
	for i := range byte(routes) {
		ip := netip.AddrFrom4([4]byte{198, 19, 0, 16 + i})
		hosts.Addresses = append(hosts.Addresses, forwarder.PortAddress{MAC: forwarder.MAC{2, 0, 0, 0, 3, i}, IPs: []netip.Addr{ip}})
		router.StaticRoutes = append(router.StaticRoutes, forwarder.StaticRoute{
			Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{48, 0, i, 0}), 24), Nexthop: ip})
	}
	in := forwarder.SwitchPort{Name: "in", Addresses: []forwarder.PortAddress{{MAC: sender, IPs: []netip.Addr{netip.MustParseAddr("198.18.0.2")}}}}
	return forwarder.Topology{
		Switches: []forwarder.Switch{
			{Name: "sw-in", Ports: []forwarder.SwitchPort{in, cable("lr-in")}},
			{Name: "sw-out", Ports: []forwarder.SwitchPort{hosts, cable("lr-out")}},
		},
		Routers: []forwarder.Router{router},
	}
}
