// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/bench/traffic"
)

// Position is a place on a case's axis: what the scenario is there.
type Position struct {
	X        float64
	Label    string
	Scenario target.Scenario
}

// Contender is a system of a Throughput.
type Contender struct {
	New   func(*Runner) target.Target
	First bool // at the first position only: it does not depend on the axis
}

// Throughput is a case that measures packets per second of one worker along an axis, from
// a capture that repeats for ever (net_pcap) into a port that swallows all (net_null).
type Throughput struct {
	Axis      string // "" where there is one position
	LogX      bool
	Positions func(quick bool) []Position
	Systems   []Contender
	Slow      bool          // starts take long: once for all rounds
	Judge     func(*Result) // fills in ratios and checks
	Notes     []string
}

const method = "One worker core; net_pcap (infinite_rx) to net_null, frames without FCS, every MAC known. " +
	"Packets sent by the out port, per second of CPU time of the thread that forwards. " +
	"Systems take turns; median and quartiles of the rounds."

// Run runs it.
func (t Throughput) Run(ctx context.Context, r *Runner) (*Result, error) {
	res := &Result{Unit: "Mpps", Higher: true, Axis: t.Axis, LogX: t.LogX, Method: method, Notes: t.Notes}
	contenders, judge := t.Systems, t.Judge
	if r.Against != "" {
		contenders = []Contender{baseline, parkway}
		judge = func(res *Result) { againstBase(res, r.Allowed) }
	}
	var systems []System
	for i, p := range t.Positions(r.Quick) {
		s := p.Scenario
		s.Name, s.Memory = fmt.Sprintf("%d", i), r.Memory
		if err := r.capture(&s); err != nil {
			return nil, err
		}
		for _, c := range contenders {
			if c.First && i > 0 {
				continue
			}
			systems = append(systems, System{New: func() target.Target { return c.New(r) }, Scenario: s, X: p.X, XLabel: p.Label})
		}
	}
	if t.Slow {
		res.Notes = append(res.Notes, "Started once for all rounds: the spread does not hold what differs from start to start.")
	}
	arms, notes, err := r.Interleave(ctx, systems, !t.Slow)
	if err != nil {
		return nil, err
	}
	res.Arms, res.Notes = arms, append(res.Notes, notes...)
	for i := range arms {
		if arms[i].Missing != "" {
			res.Notes = append(res.Notes, arms[i].Label()+" was left out: "+arms[i].Missing)
		}
	}
	if judge != nil {
		judge(res)
	}
	return res, nil
}

// capture writes a scenario's packets and names its ports.
func (r *Runner) capture(s *target.Scenario) error {
	dir, err := r.Folder("captures")
	if err != nil {
		return err
	}
	spec := s.Network().Traffic()
	s.Packets = spec.Packets()
	s.Pcap = filepath.Join(dir, s.Name+".pcap")
	s.In, s.Out = "net_pcap,rx_pcap="+s.Pcap+",infinite_rx=1", "net_null,no-rx=1"
	return traffic.WritePcap(s.Pcap, spec)
}
