// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/bench/traffic"
)

const (
	rxQueue       = 512 // packets: the receive descriptors that Parkway asks of a port
	ndrRounds     = 3   // searches of a full run, each of some twenty trials
	ndrRepeat     = 2   // a failed trial is repeated so often before it counts
	ndrPrecise    = 0.01
	pdrLoss       = 0.005
	pacedFlows    = 4096
	pacedOctets   = 512 << 20
	fedShare      = 0.97 // of a trial that the worker must have had its CPU, or it is taken again
	starvedTrials = 3    // at most
	headroom      = 1.05 // over what the worker polls for, so that the search begins above it
)

// mixOf is a position on the axis of frame sizes.
type mixOf struct {
	x     float64
	label string
	sizes []traffic.Share
}

func sizeOf(n int) mixOf { return mixOf{float64(n), fmt.Sprint(n), traffic.Fixed(n)} }

// imix stands at its average size.
func imix() mixOf {
	total, parts := 0, 0
	for _, s := range traffic.IMIX() {
		total, parts = total+s.Size*s.Parts, parts+s.Parts
	}
	return mixOf{float64(total) / float64(parts), "imix", traffic.IMIX()}
}

// pacedSizes are RFC 2544's and the mix; quick: the smallest and the mix.
func pacedSizes(quick bool) (all []mixOf) {
	for _, n := range traffic.Sizes() {
		if quick && n != 64 {
			continue
		}
		all = append(all, sizeOf(n))
	}
	return append(all, imix())
}

// paced is a running gateway with its source and sink.
type paced struct {
	*target.Paced
	r   *Runner
	ran float64 // least share of its CPU that the worker had in a trial
}

// paced starts a gateway for a mix, calls f, and stops it.
func (r *Runner) paced(ctx context.Context, m mixOf, f func(*paced) error) (ran float64, err error) {
	if r.Memory == target.Hugepages {
		if err := r.pages.reserve(pacedOctets); err != nil {
			return 0, err
		}
	}
	dir, err := r.Folder("paced")
	if err != nil {
		return 0, err
	}
	limited, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	t, err := target.StartPaced(limited, r.Binary, dir, target.PacedConfig{Control: r.Control, Worker: r.Worker,
		Memory: r.Memory, Octets: pacedOctets, Queue: rxQueue, Sizes: m.sizes, Flows: pacedFlows})
	if err != nil {
		return 0, err
	}
	p := &paced{Paced: t, r: r, ran: 1}
	defer func() { ran, err = p.ran, errors.Join(err, t.Stop()) }()
	return 0, f(p)
}

// trialLength is a third of a window: a second, where RFC 2544 asks for 60.
func (r *Runner) trialLength() time.Duration { return r.Window / 3 }

// at is one trial at a rate; 0: as many packets as the worker polls for. One in which the
// worker had too little of its CPU says nothing about the rate and is taken again.
func (p *paced) at(ctx context.Context, mpps float64) (res target.PacedResult, err error) {
	for range starvedTrials {
		res, err = p.Trial(ctx, target.PacedTrial{PPS: uint64(mpps * 1e6), Length: p.r.trialLength()})
		if err != nil || res.Ran >= fedShare {
			break
		}
	}
	if err == nil {
		p.ran = min(p.ran, res.Ran)
	}
	return res, err
}

// most is the rate at which the worker sends when there is always a packet, in Mpps, per
// second of its CPU time.
func (p *paced) most(ctx context.Context) (float64, error) {
	res, err := p.at(ctx, 0)
	if err == nil && res.Sent == 0 {
		err = errors.New("no packet was sent in a whole trial")
	}
	ran := res.Seconds * min(res.Ran, 1)
	if ran == 0 { // the kernel has not counted yet
		ran = res.Seconds
	}
	return float64(res.Sent) / ran / 1e6, err
}

// search finds the rate with so much loss at most, below the most.
func (p *paced) search(ctx context.Context, most, loss float64) (Found, error) {
	s := Search{Max: most * headroom, Resolution: ndrPrecise, Loss: loss, Repeat: ndrRepeat}
	return s.Run(ctx, func(ctx context.Context, mpps float64) (Trial, error) {
		res, err := p.at(ctx, mpps)
		return Trial{Rate: mpps, Offered: res.Offered, Lost: res.Offered - res.Sent}, err
	})
}

// pacedMethod says how; the trial's length belongs to it.
func (r *Runner) pacedMethod(more string) string {
	return fmt.Sprintf("The gateway (forwarder and arpbuf) in one process with a source that keeps to a rate and a sink, which work inside the worker's poll and cost part of its time. "+
		"%d IPv4 flows, 16 routes by 16 gateways, frames without FCS. What is due while the worker is elsewhere waits in a queue of %d packets; what finds it full is lost. Trials of %v, not of 60 s. %s",
		pacedFlows, rxQueue, r.trialLength(), more)
}

// pacedNotes says what the worker's CPU was otherwise used for.
func pacedNotes(ran float64) []string {
	if ran >= 0.97 {
		return nil
	}
	return []string{fmt.Sprintf("The machine was not quiet: in one trial the worker had %.0f %% of its CPU. Losses count what was due meanwhile, so rates without loss are the machine's, not the gateway's.", ran*100)}
}

const searchMethod = "NDR: RFC 2544 §26.1's throughput, the highest rate without loss; PDR: with 0.5 % at most; both by binary search with loss verification (ETSI GS NFV-TST 009 §12.3.3): " +
	"a failed trial is repeated twice before it counts, and what is found passed once more. max: as fast as the worker polls, per second of its CPU time."

func ndr() Case {
	return Case{Name: "ndr", Title: "Highest rate without loss by frame size, 4,096 IPv4 flows, 16 routes", Run: runNDR}
}

func runNDR(ctx context.Context, r *Runner) (*Result, error) {
	res := &Result{Unit: "Mpps", Higher: true, Axis: "frame size", Method: r.pacedMethod(searchMethod)}
	least, again, trials := 1.0, 0, 0
	for _, m := range pacedSizes(r.Quick) {
		arms := []Arm{{Name: "parkway max"}, {Name: "parkway NDR"}, {Name: "parkway PDR"}}
		ran, err := r.paced(ctx, m, func(p *paced) error {
			for range min(r.Rounds, ndrRounds) {
				most, err := p.most(ctx)
				if err != nil {
					return err
				}
				arms[0].Samples = append(arms[0].Samples, most)
				for i, loss := range []float64{0, pdrLoss} {
					f, err := p.search(ctx, most, loss)
					if err != nil {
						return err
					}
					arms[1+i].Samples = append(arms[1+i].Samples, f.Rate)
					trials, again = trials+f.Trials, again+f.Again
				}
				r.Logf("  %s octets: max %.2f, NDR %.2f, PDR %.2f Mpps", m.label, most, last(arms[1].Samples), last(arms[2].Samples))
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		least = min(least, ran)
		for i := range arms {
			arms[i].X, arms[i].XLabel = m.x, m.label
			arms[i].Summarize()
		}
		res.Arms = append(res.Arms, arms...)
		for i := range arms[1:] {
			res.Ratios = append(res.Ratios, NewRatio(&arms[1+i], &arms[0], Quotient))
		}
	}
	res.Notes = append(pacedNotes(least), fmt.Sprintf("%d trials; %d of them failed and passed when repeated.", trials, again))
	return res, nil
}

func last(samples []float64) float64 { return samples[len(samples)-1] }
