// SPDX-License-Identifier: Apache-2.0

package report

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/bench"
)

// Page and Folder are where the document and its plots are, below docs/.
const (
	Page   = "performance.md"
	Folder = "performance"
)

// texts are the sentences that are not of results.
//
//go:embed text
var texts embed.FS

func text(name string) string {
	b, err := texts.ReadFile("text/" + name + ".txt")
	if err != nil {
		panic(err) // it is in the program, or it would not compile with its test
	}
	return string(b)
}

// Make returns the document and its plots by their paths below docs/. It changes no
// result, and takes any: none, some, with arms that are missing.
func Make(results []*bench.Result) map[string][]byte {
	files := map[string][]byte{}
	var cases, costs, short []*bench.Result
	for _, r := range sorted(results) {
		switch {
		case r.Quick:
			short = append(short, r)
		case strings.HasPrefix(r.Case, "cost"):
			costs = append(costs, r)
		default:
			cases = append(cases, r)
		}
	}
	full := append(slices.Clone(cases), costs...)

	var doc strings.Builder
	doc.WriteString("# Performance\n\n<!-- Made of bench/results by `make bench-report`; changes here are lost. -->\n\n")
	doc.WriteString(text("intro"))
	where, common := provenance(full)
	doc.WriteString("\n" + where)
	doc.WriteString("\n## Goals\n\n" + goalTable(full))
	doc.WriteString("\n## Case by case\n")
	for _, r := range cases {
		section(&doc, r, files, common)
	}
	if len(cases) == 0 {
		doc.WriteString("\nNo case has been recorded yet.\n")
	}
	doc.WriteString("\n## Cost model: where the cycles go\n")
	for _, r := range costs {
		section(&doc, r, files, common)
	}
	if len(costs) == 0 {
		doc.WriteString("\nNot measured.\n")
	}
	doc.WriteString("\n## How it is measured\n\n" + text("method"))
	doc.WriteString("\n## Peers that do not come as packages\n\n" + text("peers"))
	doc.WriteString("\n## What was not measured\n\n" + text("gaps") + missing(full, short))
	files[Page] = []byte(doc.String())
	return files
}

// provenance says where the figures come from; common, when they all come from there.
func provenance(results []*bench.Result) (text string, common bool) {
	if len(results) == 0 {
		return "**Nothing has been recorded yet:** `bench/results` holds no result. Every figure below is \"not measured\".\n", false
	}
	type source struct{ machine, commit string }
	var sources []source
	first, last := results[0].When, results[0].When
	for _, r := range results {
		if s := (source{machine(r.Machine), r.Commit}); !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
		if r.When.Before(first) {
			first = r.When
		}
		if r.When.After(last) {
			last = r.When
		}
	}
	days := day(first)
	if day(last) != days {
		days += " to " + day(last)
	}
	if len(sources) == 1 {
		return fmt.Sprintf("Recorded on %s at commit `%s`: %s.\n", days, sources[0].commit, sources[0].machine), true
	}
	return fmt.Sprintf("Recorded on %s, not all at one commit or on one machine; every case names its own.\n", days), false
}

// missing lists what the recorded cases themselves lack.
func missing(recorded, short []*bench.Result) string {
	var b strings.Builder
	for _, r := range recorded {
		var said []string
		for _, a := range r.Arms {
			if !absent(a) {
				continue
			}
			why := strings.TrimSuffix(a.Missing, ".")
			if why == "" {
				why = "no sample was taken"
			}
			line := fmt.Sprintf("- %s, %s: %s.\n", link(r), full(a), why)
			if !slices.Contains(said, line) {
				said = append(said, line)
			}
		}
		b.WriteString(strings.Join(said, ""))
	}
	for _, r := range short {
		fmt.Fprintf(&b, "- %s: recorded in its short form only, which tests the harness and is no figure.\n", title(r))
	}
	return b.String()
}

// sorted returns the results in the order of the goals, then by name.
func sorted(results []*bench.Result) []*bench.Result {
	place := func(r *bench.Result) int {
		for i, g := range goals {
			if g.wants(r.Case) {
				return i
			}
		}
		return len(goals)
	}
	out := slices.Clone(results)
	slices.SortStableFunc(out, func(a, b *bench.Result) int {
		if d := place(a) - place(b); d != 0 {
			return d
		}
		return strings.Compare(a.Case, b.Case)
	})
	return out
}
