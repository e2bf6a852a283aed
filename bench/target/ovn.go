// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// OVN is OVN on OVS-DPDK, as Debian packages them: what a user has today. Its settings
// are those that OVS comes with, but for what Other says, and for what it takes to run
// here: one polling thread on the worker's CPU, and memory for the packets that net_pcap
// repeats.
type OVN struct {
	Label string            // name in results; "": ovn
	Other map[string]string // Open_vSwitch's other_config: {"smc-enable": "true"}
	Ctls  [][]string        // questions to the switch before its first packet: {"dpif-netdev/dpif-impl-set", "dpif_avx512"}

	s       Scenario
	dir     string
	node    *OVNNode
	warmed  ovnCount  // when it was warm
	first   *PMDStats // at the beginning of a window; nil outside
	last    PMDStats  // at its end so far
	windows []PMDStats
}

var (
	_ Target = (*OVN)(nil)
	_ Worker = (*OVN)(nil)
	_ Pauser = (*OVN)(nil)
	_ Sizer  = (*OVN)(nil)
	_ Noter  = (*OVN)(nil)
)

// Name is the label.
func (o *OVN) Name() string {
	if o.Label == "" {
		return "ovn"
	}
	return o.Label
}

// MemorySize is what OVS takes: its pools are larger than others', and its packets too.
func (o *OVN) MemorySize(s Scenario) uint64 { return uint64(ovsPoolFor(s.packets()).MiB()) * mib }

// Start makes the scenario's network in OVN's Northbound database and returns when the
// switch's flow caches have what they will have of the traffic.
func (o *OVN) Start(ctx context.Context, s Scenario) (err error) {
	if err := OVNAvailable(); err != nil {
		return err
	}
	o.s, o.first, o.windows = s, nil, nil
	o.dir = filepath.Join(s.Dir, "ovn")
	if err := os.Mkdir(o.dir, 0o700); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%s: %w", o.Name(), err), o.Stop())
		}
	}()
	pool := ovsPoolFor(s.packets())
	cfg := OVNConfig{Dir: o.dir, Control: s.Control, Worker: s.Worker, Memory: s.Memory, MiB: pool.MiB(), Other: map[string]string{}}
	if pool.queues > 0 {
		cfg.Other["per-port-memory"] = "true"
	}
	for key, value := range o.Other {
		cfg.Other[key] = value
	}
	if o.node, err = StartOVN(ctx, cfg); err != nil {
		return err
	}
	for _, c := range o.Ctls {
		if _, err := o.node.Ctl(c[0], c[1:]...); err != nil {
			return err
		}
	}
	if err := o.node.NB(ctx, ovnCommands(s.Network())...); err != nil {
		return err
	}
	if err := o.node.AddPort(ctx, "out", numbered(s.Out, 0)); err != nil {
		return err
	}
	if err := o.node.AddPort(ctx, "in", numbered(s.In, 1), pool.options()...); err != nil {
		return err
	}
	info, err := o.node.Ctl("netdev-dpdk/get-mempool-info", "in")
	if err != nil {
		return err
	}
	if err := pool.check(info, s.packets()); err != nil {
		return err
	}
	return o.warm(ctx)
}

// Limits of warm: a cache has what it will have when its share of the hits changes by
// less than steady percent points from one look to the next.
const (
	warmEvery  = 250 * time.Millisecond
	warmAtMost = 15 * time.Second
	steady     = 0.5
)

// warm waits until packets leave, no packet goes to the slow path any more, and the
// exact match cache, which takes in one packet of a hundred, serves a steady share.
func (o *OVN) warm(ctx context.Context) error {
	deadline := time.NewTimer(warmAtMost)
	defer deadline.Stop()
	tick := time.NewTicker(warmEvery)
	defer tick.Stop()
	last, share := PMDStats{}, -1.0
	for {
		now, err := o.stats()
		if err != nil {
			return err
		}
		if o.warmed, err = o.count(); err != nil {
			return err
		}
		sent := o.warmed.sent
		since := now.Since(last)
		emc := since.Share(since.EMC)
		change := max(emc-share, share-emc)
		if sent > 0 && since.Received > 0 && since.Upcalls+since.Lost == 0 && share >= 0 && change < steady {
			return nil
		}
		last, share = now, emc
		select {
		case <-tick.C:
		case <-deadline.C:
			if sent == 0 {
				return fmt.Errorf("nothing was forwarded within %v; the polling thread has %+v%s", warmAtMost, now, o.node.switchd.tail())
			}
			return nil // as warm as it gets
		case <-o.node.dead.Done():
			return context.Cause(o.node.dead)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (o *OVN) stats() (PMDStats, error) {
	text, err := o.node.Ctl("dpif-netdev/pmd-stats-show")
	if err != nil {
		return PMDStats{}, err
	}
	return parsePMDStats(text)
}

// Sent is how many packets the port out has sent, by OVS's own statistics of it.
func (o *OVN) Sent() (uint64, error) {
	text, err := o.node.Ctl("dpctl/show", "-s", "netdev@ovs-netdev")
	if err != nil {
		return 0, err
	}
	return parseTx(text, "out")
}

// Packets is Sent. From the first call after Start or Resume to the last one before Pause
// is a window, whose use of the caches Notes tells.
func (o *OVN) Packets() (uint64, error) {
	if o.node == nil {
		return 0, fmt.Errorf("%s is not running", o.Name())
	}
	now, err := o.stats()
	if err != nil {
		return 0, err
	}
	if o.last = now; o.first == nil {
		o.first = &now
	}
	return o.Sent()
}

// Worker is the CPU time of the polling thread.
func (o *OVN) Worker() (time.Duration, error) {
	if o.node == nil {
		return 0, fmt.Errorf("%s is not running", o.Name())
	}
	return CPUTime(o.node.switchd.PID(), o.s.Worker)
}

// Pause stops the node's processes. Its flows do not age meanwhile.
func (o *OVN) Pause() error {
	if o.first != nil && o.last.Received > o.first.Received {
		o.windows = append(o.windows, o.last.Since(*o.first))
	}
	o.first = nil
	return o.node.Pause()
}

// Resume lets them run.
func (o *OVN) Resume() error { return o.node.Resume() }

// ovnCount is both of OVS's counts.
type ovnCount struct {
	received, sent uint64
	moved          uint64 // what received grew by while sent was read
}

func (o *OVN) count() (ovnCount, error) {
	first, err := o.stats()
	if err != nil {
		return ovnCount{}, err
	}
	sent, err := o.Sent()
	if err != nil {
		return ovnCount{}, err
	}
	last, err := o.stats()
	return ovnCount{last.Received, sent, last.Since(first).Received}, err
}

// Check compares OVS's two counts since it was warm: what its polling thread has received,
// and what the port has sent.
func (o *OVN) Check(context.Context) error {
	now, err := o.count()
	if err != nil {
		return err
	}
	received, sent := now.received-o.warmed.received, now.sent-o.warmed.sent
	if slack := received/50 + now.moved + o.warmed.moved; sent > received+slack || sent+slack < received {
		return fmt.Errorf("%s: its polling thread has received %d packets and the port has sent %d; its figure is not one of forwarding", o.Name(), received, sent)
	}
	return nil
}

// Stop ends it.
func (o *OVN) Stop() error {
	if o.dir == "" {
		return nil
	}
	var err error
	if o.node != nil {
		err = o.node.Stop()
		o.node = nil
	}
	err = errors.Join(err, os.RemoveAll(o.dir))
	o.dir = ""
	return err
}

// Notes tells the settings, and what share of the packets each cache served in the windows.
func (o *OVN) Notes() []string {
	settings := "OVS's defaults"
	if len(o.Other)+len(o.Ctls) > 0 {
		settings = fmt.Sprintf("OVS's defaults but for %s", o.tuning())
	}
	notes := []string{fmt.Sprintf("%s: %s; one polling thread; flows do not age (max-idle)", o.Name(), settings)}
	if len(o.windows) == 0 {
		return notes
	}
	share := func(part func(PMDStats) uint64) string {
		low, high := 100.0, 0.0
		for _, w := range o.windows {
			v := w.Share(part(w))
			low, high = min(low, v), max(high, v)
		}
		return fmt.Sprintf("%.1f–%.1f %%", low, high)
	}
	last := o.windows[len(o.windows)-1]
	return append(notes, fmt.Sprintf("%s, %d flows, %d windows: exact match cache %s of the packets, signature match cache %s, megaflows %s (%.1f subtables per hit), slow path %s",
		o.Name(), o.s.Flows, len(o.windows),
		share(func(s PMDStats) uint64 { return s.EMC }), share(func(s PMDStats) uint64 { return s.SMC }),
		share(func(s PMDStats) uint64 { return s.Megaflow }), last.Lookups, share(func(s PMDStats) uint64 { return s.Upcalls + s.Lost })))
}

// tuning lists what differs from the defaults, in order.
func (o *OVN) tuning() string {
	var list []string
	for key, value := range o.Other {
		list = append(list, key+"="+value)
	}
	slices.Sort(list)
	for _, c := range o.Ctls {
		list = append(list, strings.Join(c, " "))
	}
	return strings.Join(list, ", ")
}
