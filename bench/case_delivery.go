// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parkway-gw/parkway/bench/delivery"
	"github.com/parkway-gw/parkway/bench/target"
)

func firstPacketOVN() Case {
	return Case{Name: "first-packet-ovn", Title: "Packets to a next hop that answers 300 ms late: what arrives, beside OVN on OVS-DPDK",
		Run: deliver}
}

// deliveryLoads are the pings and bursts of the case.
func deliveryLoads(quick bool) []delivery.Load {
	return pick(quick, []delivery.Load{{Label: "burst of 10", Packets: 10}, {Label: "burst of 100", Packets: 100}}, []delivery.Load{
		{Label: "10 pings", Packets: 10, Every: 100 * time.Millisecond, Ping: true},
		{Label: "burst of 10", Packets: 10},
		{Label: "burst of 100", Packets: 100},
		{Label: "burst of 1,000", Packets: 1000},
	})
}

// deliveryGateways are the systems of the case, and how each starts.
func deliveryGateways(r *Runner) []deliveryGateway {
	h := delivery.Host{Dir: r.Dir, Control: r.Control, Worker: r.Worker}
	start := func(name, arpbuf string) deliveryGateway {
		return deliveryGateway{name, func(ctx context.Context) (*delivery.Gateway, error) {
			return delivery.StartParkway(ctx, h, name, r.Binary, arpbuf)
		}}
	}
	return []deliveryGateway{
		start(ours, ""),
		start(ours+", 1,024 per next hop", "packets_per_nexthop: 1024"),
		{reference, func(ctx context.Context) (*delivery.Gateway, error) { return delivery.StartOVN(ctx, h) }},
	}
}

type deliveryGateway struct {
	name  string
	start func(context.Context) (*delivery.Gateway, error)
}

// deliver has all gateways take turns, load by load.
func deliver(ctx context.Context, r *Runner) (res *Result, err error) {
	res = &Result{Unit: "%", Higher: true, Axis: "load",
		Method: fmt.Sprintf("Two taps (net_tap); 64 octets; every load goes to an address that was never asked for, and whose neighbor answers %v after the question. "+
			"Packets that the neighbor saw, of those that the gateway's tap took. Systems take turns, each in a network namespace of its own; median and quartiles of the rounds.", delivery.AnswerAfter)}
	loads := deliveryLoads(r.Quick)
	var running []*delivery.Gateway
	defer func() {
		for _, g := range running {
			err = errors.Join(err, g.Stop())
		}
	}()
	missing := map[string]string{}
	var names []string
	for _, system := range deliveryGateways(r) {
		names = append(names, system.name)
		g, err := system.start(ctx)
		if target.IsUnavailable(err) && ctx.Err() == nil {
			missing[system.name] = err.Error()
			res.Notes = append(res.Notes, system.name+" was left out: "+err.Error())
			continue
		}
		if err != nil {
			return nil, err
		}
		running = append(running, g)
	}
	for i, l := range loads {
		for _, name := range names {
			res.Arms = append(res.Arms, Arm{Name: name, X: float64(i + 1), XLabel: l.Label, Missing: missing[name]})
		}
	}
	seen := map[string]map[string][]delivery.Outcome{} // by gateway and load
	for _, g := range running {
		seen[g.Name] = map[string][]delivery.Outcome{}
	}
	for round := range r.Rounds {
		for i, l := range loads {
			for _, g := range running {
				o, err := g.Run(ctx, l)
				if err != nil {
					return nil, err
				}
				arm, _ := res.Arm(g.Name, float64(i+1))
				arm.Samples = append(arm.Samples, o.Percent())
				seen[g.Name][l.Label] = append(seen[g.Name][l.Label], o)
				r.Logf("  round %d of %d: %s: %d of %d arrived, %d out of order, %d questions", round+1, r.Rounds, arm.Label(), o.Delivered, o.Sent, o.Reordered, o.Questions)
			}
		}
	}
	for i := range res.Arms {
		res.Arms[i].Summarize()
	}
	for _, g := range running {
		res.Notes = append(res.Notes, g.Name+": "+tell(loads, seen[g.Name])+".")
	}
	return res, nil
}

// tell sums up what percentages do not say, of one gateway's outcomes by load.
func tell(loads []delivery.Load, seen map[string][]delivery.Outcome) string {
	var questions []string
	reordered, duplicates, text := 0, 0, ""
	for _, l := range loads {
		var asked []int
		replies := 0
		for _, o := range seen[l.Label] {
			asked = append(asked, o.Questions)
			reordered, duplicates, replies = reordered+o.Reordered, duplicates+o.Duplicates, replies+o.Replies
		}
		if len(asked) == 0 {
			continue
		}
		slices.Sort(asked)
		questions = append(questions, fmt.Sprintf("%d for %s", asked[len(asked)/2], l.Label))
		if l.Ping {
			text = fmt.Sprintf("; %d of %d pings were answered", replies, l.Packets*len(asked))
		}
	}
	return fmt.Sprintf("questions for the MAC (median): %s; %d packets out of order, %d twice%s", strings.Join(questions, ", "), reordered, duplicates, text)
}
