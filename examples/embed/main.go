// SPDX-License-Identifier: Apache-2.0

// Command embed is a small gateway made from Go, without a configuration file and
// with nothing but the public packages dpdk, forwarder and arpbuf: one router between
// two ports, and a static route. It runs until Ctrl-C and prints its counters.
//
//	go run ./examples/embed
//	sudo go run ./examples/embed -left net_tap0,iface=left -right net_tap1,iface=right
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/forwarder"
)

func main() {
	left := flag.String("left", "net_null0,no-rx=1", "the DPDK device of the left port")
	right := flag.String("right", "net_null1,no-rx=1", "the DPDK device of the right port")
	flag.Parse()
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	if err := run(ctx, os.Stdout, *left, *right); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

// run is the program: DPDK, a gateway on two devices, and an end without leftovers.
func run(ctx context.Context, out io.Writer, left, right string) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	// The worker polls on the last CPU: the rest of the program keeps off it, where
	// there is another one.
	allowed, err := dpdk.AllowedCPUs()
	if err != nil {
		return err
	}
	if cpus := allowed.List(); len(cpus) > 1 {
		if err := dpdk.ConfineProcess(allowed.Without(dpdk.CPUs(cpus[len(cpus)-1]))); err != nil {
			return err
		}
	}
	// Ordinary memory, so that it runs anywhere. The EAL starts once in a process.
	eal, err := dpdk.Start(dpdk.EALConfig{Program: "embed", Memory: dpdk.MemoryNoHuge, MemorySize: 256 << 20, Logger: log})
	if err != nil {
		return err
	}
	err = serve(ctx, out, eal, log, allowed, forwarder.Port{Device: left}, forwarder.Port{Device: right})
	return errors.Join(err, eal.Close())
}

// serve runs a gateway on two ports until ctx ends: control on the first of the
// allowed CPUs, the worker on the last.
func serve(ctx context.Context, out io.Writer, eal *dpdk.EAL, log *slog.Logger, allowed dpdk.CPUSet, left, right forwarder.Port) (err error) {
	left.Name, left.IfaceID = "left", "left-host"
	right.Name, right.IfaceID = "right", "right-hosts"

	cfg := forwarder.Defaults()
	cfg.EAL = eal
	cfg.Logger = log
	cfg.Ports = []forwarder.Port{left, right}
	cfg.Topology = network()
	cpus := allowed.List()
	cfg.Workers = cpus[len(cpus)-1:]
	f, err := forwarder.New(cfg)
	if err != nil {
		return err
	}
	defer func() {
		// Stop says when an mbuf is missing or the counters do not balance.
		stop, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = errors.Join(err, f.Stop(stop))
		print(out, f)
	}()

	control := arpbuf.DefaultConfig()
	control.EAL = eal
	control.Logger = log
	control.CPUs = dpdk.CPUs(cpus[0])
	r, err := arpbuf.New(f, control)
	if err != nil {
		return err
	}
	if err := f.Start(); err != nil {
		return err
	}
	return r.Run(ctx) // resolves, answers and drains until ctx ends
}

// network is the logical network: the router lr0 between the switches sw-left, whose
// one host is known, and sw-right, whose hosts are found out.
func network() forwarder.Topology {
	mac := func(s string) forwarder.MAC {
		m, err := forwarder.ParseMAC(s)
		if err != nil {
			panic(err) // a typing error below
		}
		return m
	}
	cable := func(routerPort string) forwarder.SwitchPort {
		return forwarder.SwitchPort{Name: "to-" + routerPort, Type: forwarder.PortRouter, RouterPort: routerPort}
	}
	host := forwarder.PortAddress{MAC: mac("02:00:00:00:01:02"), IPs: []netip.Addr{netip.MustParseAddr("10.0.1.2")}}
	return forwarder.Topology{
		Switches: []forwarder.Switch{
			{Name: "sw-left", Ports: []forwarder.SwitchPort{{Name: "left-host", Addresses: []forwarder.PortAddress{host}}, cable("lrp-left")}},
			{Name: "sw-right", Ports: []forwarder.SwitchPort{{Name: "right-hosts", Unknown: true}, cable("lrp-right")}},
		},
		Routers: []forwarder.Router{{
			Name: "lr0",
			Ports: []forwarder.RouterPort{
				{Name: "lrp-left", MAC: mac("02:00:00:00:01:01"), Networks: []netip.Prefix{netip.MustParsePrefix("10.0.1.1/24")}},
				{Name: "lrp-right", MAC: mac("02:00:00:00:02:01"), Networks: []netip.Prefix{netip.MustParsePrefix("10.0.2.1/24")}},
			},
			StaticRoutes: []forwarder.StaticRoute{
				{Prefix: netip.MustParsePrefix("198.51.100.0/24"), Nexthop: netip.MustParseAddr("10.0.2.254")},
			},
		}},
	}
}

// print writes where all packets came from and went.
func print(out io.Writer, f *forwarder.Forwarder) {
	c := f.Counters()
	fmt.Fprintf(out, "received %d, originated %d, sent %d, consumed %d, parked %d\n", c.Rx, c.Originated, c.Tx, c.Consumed, c.ParkedNow())
	for i, reason := range forwarder.DropReasons() {
		if n := c.Drops[i]; n > 0 {
			fmt.Fprintf(out, "dropped %d: %s\n", n, reason.What)
		}
	}
	fmt.Fprintf(out, "balance %d\n", c.Balance())
}
