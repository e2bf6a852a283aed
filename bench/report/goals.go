// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/bench"
)

// goal is a line of the table: what the project wants to reach, and the cases whose
// checks say whether it does.
type goal struct {
	figure  string
	want    string
	cases   []string // names; the first that was recorded answers
	check   string   // only checks whose What has this in it; "": all of the case
	instead string   // said when nothing was recorded; "": "not measured"
}

// goals, in the order in which they are shown; their cases are shown in it too.
var goals = []goal{
	{figure: "IPv4, 4,096 flows, 16 routes, whole pipeline: cost over testpmd mac on the same ports", want: "≤ 5 ns/packet",
		cases: []string{"forward-ipv4"}},
	{figure: "against OVN on OVS-DPDK, same topology", want: "≥ 5 × at 4,096 flows, ≥ 10 × at 1M flows",
		cases: []string{"ovn"}},
	{figure: "IPv6 against own IPv4", want: "≥ 0.8 ×", cases: []string{"forward-ipv6"}},
	{figure: "IPv4 routes 16 → 1M, flows spread over them", want: "≥ 0.7 × of own small table", cases: []string{"routes-ipv4"}},
	{figure: "IPv6 routes 16 → 200k, flows spread over them", want: "≥ 0.7 × of own small table", cases: []string{"routes-ipv6"}},
	{figure: "connected neighbors 10 → 64k", want: "≥ 0.7 ×", cases: []string{"neighbors"}},
	{figure: "flows 1 → 1M", want: "≥ 0.9 ×", cases: []string{"flows"}},
	{figure: "parking machinery when nothing is parked", want: "≤ 0.5 ns/packet", cases: []string{"parking-cost"}},
	{figure: "park and drain through a ring, to transmit", want: "≥ 5 M packets/s", cases: []string{"park-drain"}},
	{figure: "worst gap between polls, 60 s of show, reload, scrape and 1,000 route changes/s", want: "≤ 2 × an idle C loop's", cases: []string{"poll-gap"}},
	{figure: "two workers on two queues", want: "≥ 1.9 ×, where there are the cores", cases: []string{"workers"},
		instead: "not measured: it takes three cores"},
	{figure: "first packet: ARP answer on the wire → parked packet on the wire, net_tap", want: "p50 ≤ 100 µs, p99 ≤ 1 ms", cases: []string{"first-packet-answer"}},
	{figure: "idle, `adaptive`", want: "≤ 10 % of a core, wake-up p99 ≤ 200 µs", cases: []string{"idle"}},
	{figure: "start to first forwarded packet", want: "≤ 2 s with 16 routes, ≤ 15 s with 1M", cases: []string{"start"}},
}

func (g goal) wants(name string) bool { return slices.Contains(g.cases, name) }

// goalTable shows every goal with what was measured, and every other case that demands
// something.
func goalTable(results []*bench.Result) string {
	var b strings.Builder
	b.WriteString("| figure | goal | measured | |\n|---|---|---|---|\n")
	used := map[*bench.Result]bool{}
	for _, g := range goals {
		var answer *bench.Result
		var checks []bench.Check
		for _, r := range results {
			if !g.wants(r.Case) {
				continue
			}
			of := slices.DeleteFunc(slices.Clone(r.Checks), func(c bench.Check) bool { return !strings.Contains(c.What, g.check) })
			if answer == nil || len(checks) == 0 {
				answer, checks = r, of
			}
			used[r] = true
		}
		measured, state := verdict(answer, checks)
		if answer == nil && g.instead != "" {
			measured = g.instead
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(g.figure), cell(g.want), measured, state)
	}
	for _, r := range results {
		if !used[r] && len(r.Checks) > 0 {
			measured, state := verdict(r, r.Checks)
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(title(r)), cell(r.Goal), measured, state)
		}
	}
	return b.String()
}

// verdict says what was measured and whether it is enough, as two cells.
func verdict(r *bench.Result, checks []bench.Check) (measured, state string) {
	if r == nil {
		return "not measured", "not measured"
	}
	var figures []string
	met, lacking := true, 0
	for _, c := range checks {
		if c.Missing != "" {
			lacking++
			figures = append(figures, fmt.Sprintf("%s not measured", cell(c.What)))
			continue
		}
		met = met && c.Met
		s := quantity(c.Value, c.Unit)
		if len(checks) > 1 {
			s = cell(c.What) + ": " + s
		}
		figures = append(figures, s)
	}
	measured = strings.Join(figures, "; ") + " ([" + r.Case + "](#" + r.Case + "))"
	switch {
	case len(checks) == 0:
		return "recorded without a verdict: " + link(r), ""
	case lacking == len(checks):
		return "not measured: " + cell(strings.TrimSuffix(checks[0].Missing, ".")) + " (" + link(r) + ")", "not measured"
	case !met:
		return measured, "**not met**"
	case lacking > 0:
		return measured, "met as far as measured"
	}
	return measured, "met"
}
