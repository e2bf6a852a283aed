// SPDX-License-Identifier: Apache-2.0

package updates

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/forwarder"
)

// Serve reads a target.UpdatesConfig from in and writes a result to out after each round.
// An error says what could not be done or given back.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	var cfg target.UpdatesConfig
	if err := json.NewDecoder(in).Decode(&cfg); err != nil {
		return err
	}
	reply := func(r target.UpdatesResult) error {
		b, err := json.Marshal(r)
		if err == nil {
			_, err = fmt.Fprintf(out, "%s%s\n", target.UpdatesReply, b)
		}
		return err
	}
	err := run(ctx, cfg, reply)
	if err != nil {
		err = errors.Join(err, reply(target.UpdatesResult{Error: err.Error()}))
	}
	return err
}

// router is the one that all routes are of.
const router = "lr0"

func run(ctx context.Context, cfg target.UpdatesConfig, reply func(target.UpdatesResult) error) (err error) {
	allowed, err := dpdk.AllowedCPUs()
	if err == nil {
		err = dpdk.ConfineProcess(allowed.Without(dpdk.CPUs(cfg.Worker)).Union(dpdk.CPUs(cfg.Control)))
	}
	if err != nil {
		return err
	}
	eal, err := dpdk.Start(dpdk.EALConfig{Program: "parkway", Memory: dpdk.MemoryNoHuge, MemorySize: cfg.Octets,
		FilePrefix: fmt.Sprintf("updates-%d", os.Getpid()), Extra: []string{"--no-telemetry"}, Control: dpdk.CPUs(cfg.Control), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, eal.Close()) }()
	routes := [2][]forwarder.StaticRoute{static(cfg.Routes4), static(cfg.Routes6)}
	f, err := start(eal, cfg, append(append([]forwarder.StaticRoute(nil), routes[0]...), routes[1]...))
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		err = errors.Join(err, f.Stop(ctx))
	}()
	for range cfg.Rounds {
		var result target.UpdatesResult
		for v6, list := range routes {
			for _, size := range cfg.Sizes {
				if size > len(list) {
					continue
				}
				rates, err := batches(ctx, f, list, size, cfg.Seconds)
				if err != nil {
					return err
				}
				for i := range rates {
					rates[i].V6 = v6 == 1
				}
				result.Rates = append(result.Rates, rates[:]...)
			}
		}
		if err := reply(result); err != nil {
			return err
		}
	}
	return nil
}

func static(list []target.Route) (out []forwarder.StaticRoute) {
	for _, r := range list {
		out = append(out, forwarder.StaticRoute{Prefix: r.Prefix, Nexthop: r.Nexthop})
	}
	return out
}

// start makes a gateway with one port that nothing comes in by: its worker polls.
func start(eal *dpdk.EAL, cfg target.UpdatesConfig, routes []forwarder.StaticRoute) (*forwarder.Forwarder, error) {
	fc := forwarder.Defaults()
	fc.EAL, fc.Logger, fc.Mbufs, fc.Workers = eal, slog.New(slog.DiscardHandler), 16384, []int{cfg.Worker}
	fc.Ports = []forwarder.Port{{Name: "out", Device: "net_null_updates,no-rx=1", IfaceID: "out"}}
	fc.Topology = forwarder.Topology{
		Switches: []forwarder.Switch{{Name: "sw", Ports: []forwarder.SwitchPort{{Name: "out", Unknown: true},
			{Name: "to-lr", Type: forwarder.PortRouter, RouterPort: "lrp"}}}},
		Routers: []forwarder.Router{{Name: router, StaticRoutes: routes, Ports: []forwarder.RouterPort{{Name: "lrp",
			MAC: forwarder.MAC(target.RouterOutMAC), Networks: append([]netip.Prefix(nil), target.RouterOut...)}}}},
	}
	f, err := forwarder.New(fc)
	if err != nil {
		return nil, err
	}
	if err := f.Start(); err != nil {
		return nil, errors.Join(err, f.Stop(context.Background()))
	}
	return f, nil
}

// batches deletes routes in batches until the time is up, and adds them again. Before, each
// of the two FIBs is brought up to date, which the change before has left to be done.
func batches(ctx context.Context, f *forwarder.Forwarder, list []forwarder.StaticRoute, size int, seconds float64) (rates [2]target.UpdatesRate, err error) {
	gone := 0
	for range 2 {
		for _, add := range []bool{false, true} {
			if err := update(f, list[len(list)-1:], add, new(time.Duration)); err != nil {
				return rates, err
			}
		}
	}
	for k, add := range []bool{false, true} {
		var longest time.Duration
		began, n := time.Now(), 0
		for at := 0; at+size <= len(list)-1 && (at == 0 || add || time.Since(began).Seconds() < seconds); at += size {
			if add && at+size > gone {
				break
			}
			if ctx.Err() != nil {
				return rates, context.Cause(ctx)
			}
			if err := update(f, list[at:at+size], add, &longest); err != nil {
				return rates, err
			}
			n += size
		}
		if !add {
			gone = n
		}
		rates[k] = target.UpdatesRate{Added: add, Size: size, Routes: n, Seconds: time.Since(began).Seconds(), Commit: longest.Seconds()}
	}
	return rates, nil
}

// update is one batch. It demands that as many entries change as it has routes.
func update(f *forwarder.Forwarder, batch []forwarder.StaticRoute, add bool, longest *time.Duration) error {
	del := batch
	if add {
		batch, del = del, nil
	} else {
		batch = nil
	}
	p, err := f.PrepareRoutes(router, batch, del)
	if err != nil {
		return err
	}
	began := time.Now()
	change, err := p.Commit()
	if err != nil {
		return err
	}
	*longest = max(*longest, time.Since(began))
	if n := change.RoutesSet + change.RoutesDeleted; n != len(batch)+len(del) {
		return fmt.Errorf("%d entries changed for %d routes", n, len(batch)+len(del))
	}
	f.Maintain()
	return nil
}
