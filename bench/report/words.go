// SPDX-License-Identifier: Apache-2.0

package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/parkway-gw/parkway/bench"
	"github.com/parkway-gw/parkway/bench/plot"
)

// cell makes a text fit for a table: no bars, no line ends.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", "\\|")
}

// sentence ends a text with one full stop.
func sentence(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?:") {
		return s
	}
	return s + "."
}

// title is a case's, with a capital.
func title(r *bench.Result) string {
	first, size := utf8.DecodeRuneInString(r.Title)
	return string(unicode.ToUpper(first)) + r.Title[size:]
}

func link(r *bench.Result) string { return fmt.Sprintf("[%s](#%s)", cell(r.Case), r.Case) }

// quantity writes a value with its unit: 4.8 ns/packet, 5.2 ×, 98 %.
func quantity(v float64, unit string) string {
	if unit == "" {
		return plot.Number(v)
	}
	return plot.Number(v) + " " + unit
}

// median writes a median with its quartiles, where there are any to speak of.
func median(mid, low, high float64) string {
	if low == high || math.IsNaN(low) || math.IsNaN(high) {
		return plot.Number(mid)
	}
	return fmt.Sprintf("%s (%s–%s)", plot.Number(mid), plot.Number(low), plot.Number(high))
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// machine describes where a result comes from, in one line: what stays as it is from
// case to case.
func machine(m bench.Machine) string {
	cpus := fmt.Sprintf("%d CPUs", m.CPUs)
	if m.CPUs == 1 {
		cpus = "1 CPU"
	}
	if m.Virtual != "" {
		cpus += " of a virtual machine"
	}
	parts := []string{cpus, m.CPU}
	if m.MHz > 0 && !strings.Contains(m.CPU, "GHz") {
		parts = append(parts, fmt.Sprintf("%.1f GHz", m.MHz/1000))
	}
	if m.Memory > 0 {
		parts = append(parts, fmt.Sprintf("%.0f GiB", float64(m.Memory)/(1<<30)))
	}
	parts = append(parts, m.OS, linux(m.Kernel), dpdk(m.DPDK), m.Go)
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ", ")
}

func linux(kernel string) string {
	if kernel == "" || strings.HasPrefix(kernel, "Linux") {
		return kernel
	}
	return "Linux " + kernel
}

func dpdk(version string) string {
	if version == "" || strings.HasPrefix(version, "DPDK") {
		return version
	}
	return "DPDK " + version
}

// caption stands under every plot: commit, date, machine.
func caption(r *bench.Result) string {
	return fmt.Sprintf("Commit %s, %s, %s%s.", r.Commit, day(r.When), machine(r.Machine), state(r.Machine))
}

// state is how the machine was when the case began.
func state(m bench.Machine) string {
	var s string
	switch m.Hugepages {
	case "":
	case "no-huge":
		s = ", no hugepages"
	default:
		s = ", " + m.Hugepages
	}
	if l := m.Load; l != [3]float64{} {
		s += fmt.Sprintf(", load %.1f at the start", l[0])
	}
	return s
}

// rounds says how many samples the arms have.
func rounds(arms []bench.Arm) string {
	low, high := math.MaxInt, 0
	for _, a := range arms {
		if !absent(a) && len(a.Samples) > 0 {
			low, high = min(low, len(a.Samples)), max(high, len(a.Samples))
		}
	}
	switch {
	case high == 0:
		return ""
	case high == 1:
		return "one run"
	case low == high:
		return fmt.Sprintf("median and quartiles of %d rounds in turn", high)
	}
	return fmt.Sprintf("median and quartiles of %d to %d rounds in turn", low, high)
}

func better(r *bench.Result) string {
	if r.Higher {
		return "higher is better"
	}
	return "lower is better"
}

// spreadOf is the widest distance between quartiles of the arms, of the median, in per
// cent; false when no arm has more than one sample.
func spreadOf(arms []bench.Arm) (percent float64, name string, ok bool) {
	for _, a := range arms {
		if absent(a) || len(a.Samples) < 2 || a.Median == 0 {
			continue
		}
		if p := 100 * math.Abs((a.High-a.Low)/a.Median); !ok || p > percent {
			percent, name, ok = p, a.Name, true
			if a.XLabel != "" {
				name += ", " + a.XLabel
			}
		}
	}
	return percent, name, ok
}
