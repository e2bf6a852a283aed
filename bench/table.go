// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
)

// WriteTable prints a result for people.
func WriteTable(w io.Writer, r *Result) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", r.Case, r.Title)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	head := []string{"  system"}
	if r.Axis != "" {
		head = append(head, r.Axis)
	}
	head = append(head, r.Unit, "quartiles")
	rates := r.Unit == "Mpps"
	if rates {
		head = append(head, "ns/packet")
	}
	fmt.Fprintln(t, strings.Join(head, "\t"))
	for i := range r.Arms {
		a := &r.Arms[i]
		row := []string{"  " + a.Name}
		if r.Axis != "" {
			row = append(row, a.XLabel)
		}
		switch {
		case a.Missing != "":
			row = append(row, "not measured")
		case len(a.Samples) == 0:
			row = append(row, percentiles(a))
		default:
			row = append(row, figure(a.Median), figure(a.Low)+" to "+figure(a.High))
			if rates {
				row = append(row, figure(NSPerPacket(a.Median)))
			}
			if p := percentiles(a); p != "" {
				row = append(row, p)
			}
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, x := range r.Ratios {
		fmt.Fprintf(&b, "  %s / %s: %.2f (%.2f to %.2f)\n", x.Of, x.To, x.Median, x.Low, x.High)
	}
	for _, c := range r.Checks {
		fmt.Fprintf(&b, "  %s\n", c)
	}
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "  note: %s\n", n)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String says what was demanded, measured and whether that is enough.
func (c Check) String() string {
	bound := "at most"
	if c.Least {
		bound = "at least"
	}
	if c.Missing != "" {
		return fmt.Sprintf("%s, %s %s %s: not measured: %s", c.What, bound, figure(c.Limit), c.Unit, c.Missing)
	}
	verdict := "not met"
	if c.Met {
		verdict = "met"
	}
	return fmt.Sprintf("%s: %s %s, %s %s %s: %s", c.What, figure(c.Value), c.Unit, bound, figure(c.Limit), c.Unit, verdict)
}

func percentiles(a *Arm) string {
	var parts []string
	for _, name := range []string{"p50", "p90", "p99", "p99.9", "p99.99", "max"} {
		if v, has := a.Percentiles[name]; has {
			parts = append(parts, name+" "+figure(v))
		}
	}
	return strings.Join(parts, ", ")
}

// figure writes a number with three digits that count.
func figure(v float64) string {
	switch size := math.Abs(v); {
	case size >= 100:
		return fmt.Sprintf("%.0f", v)
	case size >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}
