// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/internal/api"
)

func cost() Case {
	return Case{Name: "cost", Title: "Cycles per packet by stage, and what measuring them costs; 4,096 flows of 64 octets, 16 routes by 16 gateways", Run: runCost}
}

// samplings are the ways to measure that take turns; stages are read at the one marked.
var samplings = []struct {
	name  string
	every int
	read  bool
}{{"sampling off", 0, false}, {"sampling 1/1024", 1024, false}, {"sampling 1/16", 16, true}, {"sampling 1/1", 1, false}}

const (
	allStages = "all stages"
	byLoop    = "show workers" // what the loop counts around every poll with packets
)

const costMethod = "One worker core; net_pcap (infinite_rx) to net_null, every MAC known. The stages' figures are those of `parkway show stages`, " +
	"TSC cycles per packet received, of one poll in 16; \"" + byLoop + "\" is its cycles_per_packet with sampling off. " +
	"A row \"sampling\" is the CPU time of the worker's thread per packet sent, in TSC cycles, with so many polls measured. " +
	"All take turns on the same daemons; median and quartiles of the rounds."

// costs collects samples, one per arm and round.
type costs struct {
	arms []Arm
}

func (c *costs) add(name string, x float64, label string, sample float64) {
	for i := range c.arms {
		if a := &c.arms[i]; a.Name == name && a.X == x {
			a.Samples = append(a.Samples, sample)
			return
		}
	}
	c.arms = append(c.arms, Arm{Name: name, X: x, XLabel: label, Samples: []float64{sample}})
}

// addStages adds the cycles of every stage that ever had packets, per packet received, so
// that they add up to the last arm.
func (c *costs) addStages(x float64, label string, s *api.Stages) error {
	if s.Packets == 0 {
		return fmt.Errorf("%s: no measured poll had packets", label)
	}
	for _, one := range s.Stages {
		if one.Calls > 0 {
			c.add(one.Stage, x, label, float64(one.Cycles)/float64(s.Packets))
		}
	}
	c.add(allStages, x, label, s.CyclesPerPacket)
	return nil
}

func runCost(ctx context.Context, r *Runner) (*Result, error) {
	res := &Result{Unit: "cycles/packet", Axis: "family", Method: costMethod}
	var all []*live
	for _, p := range []Position{{X: 4, Label: "IPv4", Scenario: standard(target.IPv4)}, {X: 6, Label: "IPv6", Scenario: standard(target.IPv6)}} {
		s := p.Scenario
		s.Name, s.Memory = "cost-"+string(s.Family), r.Memory
		if err := r.capture(&s); err != nil {
			return nil, err
		}
		all = append(all, &live{System: System{New: func() target.Target { return target.NewParkway(ours, r.Binary) }, Scenario: s, X: p.X, XLabel: p.Label}})
	}
	c := new(costs)
	for done := 0; done < r.Rounds; done += freshEvery {
		if err := r.costSession(ctx, all, c, done, min(freshEvery, r.Rounds-done)); err != nil {
			return nil, err
		}
	}
	for i := range c.arms {
		c.arms[i].Summarize()
	}
	res.Arms = c.arms
	judgeCost(res)
	return res, nil
}

// costSession starts a daemon for each family, has the ways to measure take turns for so
// many rounds, and ends them.
func (r *Runner) costSession(ctx context.Context, all []*live, c *costs, from, rounds int) (err error) {
	defer func() {
		for _, l := range all {
			err = errors.Join(err, r.end(l))
		}
	}()
	for _, l := range all {
		l.arm = Arm{Name: ours, X: l.X, XLabel: l.XLabel}
		if err := r.begin(ctx, l); err != nil {
			return err
		}
	}
	for round := range rounds {
		for _, l := range all {
			for _, way := range samplings {
				if err := r.costWindow(ctx, l, c, way.name, way.every, way.read); err != nil {
					return fmt.Errorf("%s, %s: %w", l.XLabel, way.name, err)
				}
			}
			r.Logf("  round %d of %d: %s", from+round+1, r.Rounds, l.XLabel)
		}
	}
	for _, l := range all {
		if err := check(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// costWindow takes one sample of one way to measure.
func (r *Runner) costWindow(ctx context.Context, l *live, c *costs, name string, every int, read bool) (err error) {
	daemon := l.target.(*target.Parkway).API()
	if err := resume(l.target); err != nil {
		return err
	}
	if _, err := daemon.SampleStages(ctx, every); err != nil {
		return err
	}
	before, err := daemon.Stages(ctx)
	if err != nil {
		return err
	}
	loop, err := daemon.Workers(ctx)
	if err != nil {
		return err
	}
	l.arm.Samples = nil
	if err := r.window(ctx, l); err != nil {
		return err
	}
	c.add(name, l.X, l.XLabel, NSPerPacket(l.arm.Samples[0])*float64(before.TSCHz)/1e9)
	if err := resume(l.target); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pause(l.target)) }()
	if every == 0 {
		now, err := daemon.Workers(ctx)
		if err != nil {
			return err
		}
		c.add(byLoop, l.X, l.XLabel, float64(now[0].BusyCycles-loop[0].BusyCycles)/float64(now[0].Packets-loop[0].Packets))
	}
	if !read {
		return nil
	}
	stages, err := daemon.Stages(ctx)
	if err != nil {
		return err
	}
	return c.addStages(l.X, l.XLabel, &stages)
}

// judgeCost says what measuring costs, and how much of a packet's time the stages explain.
func judgeCost(res *Result) {
	for _, x := range []float64{4, 6} {
		off, known := res.Arm(samplings[0].name, x)
		if !known {
			continue
		}
		for _, way := range samplings[1:] {
			if on, known := res.Arm(way.name, x); known {
				res.Ratios = append(res.Ratios, NewRatio(on, off, Quotient))
			}
		}
		if sum, known := res.Arm(allStages, x); known {
			share := NewRatio(sum, off, Quotient)
			res.Ratios = append(res.Ratios, share)
			res.Notes = append(res.Notes, fmt.Sprintf("%s: the stages explain %.0f %% of a packet's time; the looks at the counter are in them, and the loop between polls is not.", off.XLabel, 100*share.Median))
		}
	}
}
