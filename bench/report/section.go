// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/bench"
	"github.com/parkway-gw/parkway/bench/plot"
)

// section writes one case: plot and verdict at first sight, the rest folded. It names
// commit and machine unless all cases have them in common.
func section(doc *strings.Builder, r *bench.Result, files map[string][]byte, common bool) {
	fmt.Fprintf(doc, "\n<a id=\"%s\"></a>\n\n### %s\n\n", r.Case, cell(title(r)))
	for _, p := range pictures(r) {
		path := Folder + "/" + p.name + ".svg"
		files[path] = p.svg
		fmt.Fprintf(doc, "![%s](%s)\n\n", cell(title(r)), path)
	}
	if lines := verdicts(r); lines != "" {
		doc.WriteString(lines + "\n")
	}
	if !r.Met() {
		doc.WriteString(why(texts, r.Case))
	}
	fmt.Fprintf(doc, "<details><summary>Figures, method, and how to repeat it</summary>\n\n")
	doc.WriteString(armTable(r))
	doc.WriteString(ratioTable(r))
	if r.Method != "" {
		doc.WriteString(sentence(r.Method) + "\n\n")
	}
	if p, name, ok := spreadOf(r.Arms); ok && p > 0 {
		fmt.Fprintf(doc, "Widest spread, quartile to quartile: %s of the median (%s).\n\n", quantity(p, "%"), cell(name))
	}
	for _, n := range r.Notes {
		fmt.Fprintf(doc, "- %s\n", sentence(n))
	}
	if len(r.Notes) > 0 {
		doc.WriteString("\n")
	}
	if r.Command != "" {
		fmt.Fprintf(doc, "```sh\n%s\n```\n\n", strings.TrimSpace(r.Command))
	}
	if !common {
		doc.WriteString(caption(r) + "\n\n")
	}
	doc.WriteString("</details>\n")
}

// why is what text/why-CASE.txt says of a goal that is not met: what was tried, what
// bounds it. It is for people to write, without figures: those are the results'.
func why(texts fs.FS, name string) string {
	b, err := fs.ReadFile(texts, "text/why-"+name+".txt")
	if err != nil {
		return "" // nobody has
	}
	return string(b) + "\n"
}

// verdicts lists what the case demands and what it got; where it demands nothing, the
// ratio that it is about.
func verdicts(r *bench.Result) string {
	var b strings.Builder
	for _, c := range r.Checks {
		bound := "at most"
		if c.Least {
			bound = "at least"
		}
		limit := fmt.Sprintf("%s %s", bound, quantity(c.Limit, c.Unit))
		switch {
		case c.Missing != "":
			fmt.Fprintf(&b, "- %s: not measured (goal: %s): %s\n", cell(c.What), limit, sentence(c.Missing))
		case c.Met:
			fmt.Fprintf(&b, "- %s: %s; goal: %s, met.\n", cell(c.What), quantity(c.Value, c.Unit), limit)
		default:
			fmt.Fprintf(&b, "- %s: %s; goal: %s, **not met**.\n", cell(c.What), quantity(c.Value, c.Unit), limit)
		}
	}
	if b.Len() == 0 && r.Ratio != nil {
		fmt.Fprintf(&b, "- %s to %s: %s ×.\n", cell(r.Ratio.Of), cell(r.Ratio.To), median(r.Ratio.Median, r.Ratio.Low, r.Ratio.High))
	}
	return b.String()
}

// armTable has a line per position and a column per system where something varies, or
// the other way round where there are many; else a line per system.
func armTable(r *bench.Result) string {
	if len(r.Arms) == 0 {
		return "No figures.\n\n"
	}
	if keys := percentiles(r.Arms); len(keys) > 0 {
		return percentileTable(r, keys)
	}
	var b strings.Builder
	names, places := r.Names(), positions(r.Arms)
	if r.Axis == "" || len(places) < 2 || mixedUnits(r) && !many(names) {
		// A rate is also told as what a packet takes, which adds up.
		also, rule := "", ""
		if r.Unit == "Mpps" {
			also, rule = " ns/packet |", "---|"
		}
		fmt.Fprintf(&b, "| | %s |%s rounds |\n|---|---|%s---|\n", heading(r.Unit), also, rule)
		for _, a := range r.Arms {
			ns := ""
			if also != "" && !absent(a) && (a.Unit == "" || a.Unit == r.Unit) {
				ns = median(nanoseconds(a.Median), nanoseconds(a.High), nanoseconds(a.Low))
			}
			if also != "" {
				ns = " " + ns + " |"
			}
			fmt.Fprintf(&b, "| %s | %s |%s %s |\n", cell(full(a)), figure(a, r), ns, count(a))
		}
		return b.String() + "\n"
	}
	if many(names) {
		b.WriteString("| " + heading(r.Unit) + " |")
		for _, p := range places {
			fmt.Fprintf(&b, " %s |", cell(p.name(r.Axis)))
		}
		b.WriteString("\n|---|" + strings.Repeat("---|", len(places)) + "\n")
		for _, n := range names {
			fmt.Fprintf(&b, "| %s |", cell(n))
			for _, p := range places {
				b.WriteString(" " + p.figure(n, r) + "|")
			}
			b.WriteString("\n")
		}
		return b.String() + "\n"
	}
	fmt.Fprintf(&b, "| %s |", cell(r.Axis))
	for _, n := range names {
		fmt.Fprintf(&b, " %s, %s |", cell(n), heading(r.Unit))
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(names)) + "\n")
	for _, p := range places {
		fmt.Fprintf(&b, "| %s |", cell(p.label))
		for _, n := range names {
			b.WriteString(" " + p.figure(n, r) + "|")
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}

// figure is what a name has at a position, with a blank behind it; nothing for nothing.
func (p position) figure(name string, r *bench.Result) string {
	if a := p.arm(name); a != nil {
		return figure(*a, r) + " "
	}
	return ""
}

// percentileTable has a line per arm and a column per percentile. Where none is the
// median, that of the rounds stands before them.
func percentileTable(r *bench.Result, keys []string) string {
	var b strings.Builder
	rounds := !slices.Contains(keys, "p50")
	if rounds {
		keys = append([]string{"median of the rounds"}, keys...)
	}
	fmt.Fprintf(&b, "| %s | %s |\n|---|%s\n", heading(r.Unit), strings.Join(keys, " | "), strings.Repeat("---|", len(keys)))
	for _, a := range r.Arms {
		fmt.Fprintf(&b, "| %s |", cell(full(a)))
		for i, k := range keys {
			v, known := a.Percentiles[k]
			switch {
			case i == 0 && (rounds || absent(a)):
				b.WriteString(" " + figure(a, r))
			case i == 0 && len(a.Percentiles) == 0:
				b.WriteString(" median " + figure(a, r))
			case known:
				b.WriteString(" " + plot.Number(v))
			}
			b.WriteString(" |")
		}
		b.WriteString("\n")
	}
	return b.String() + "\n"
}

// ratioTable lists the ratios that go with the arms.
func ratioTable(r *bench.Result) string {
	all := r.Ratios
	if len(all) == 0 && r.Ratio != nil && len(r.Checks) > 0 {
		all = []bench.Ratio{*r.Ratio}
	}
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("| ratio, pair by pair | | × |\n|---|---|---|\n")
	for _, q := range all {
		fmt.Fprintf(&b, "| %s | to %s | %s |\n", cell(q.Of), cell(q.To), median(q.Median, q.Low, q.High))
	}
	return b.String() + "\n"
}

func heading(unit string) string {
	if unit == "" {
		return "figure"
	}
	return cell(unit)
}

// full is an arm's name with its position.
func full(a bench.Arm) string {
	if a.XLabel == "" {
		return a.Name
	}
	return a.Name + ", " + a.XLabel
}

// figure is an arm's median with its quartiles, or that there is none.
func figure(a bench.Arm, r *bench.Result) string {
	if absent(a) {
		return "not measured"
	}
	s := median(a.Median, a.Low, a.High)
	if a.Unit != "" && a.Unit != r.Unit {
		s += " " + cell(a.Unit)
	}
	return s
}

func count(a bench.Arm) string {
	if len(a.Samples) == 0 {
		return ""
	}
	return fmt.Sprint(len(a.Samples))
}
