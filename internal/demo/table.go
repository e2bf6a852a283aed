// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// The article's two runs (Lorenzo Bianconi, "IP packet buffering in OVN", Red Hat
// Developers, 7 December 2018): ping to 192.168.123.10 over IPv4, once a second.
var articleRuns = []Run{
	{Name: "unbuffered", PingOutput: articlePing(9, 9214, 0, 0.649, 0.321, 0.331, 0.137, 0.125, 0.200, 0.244, 0.224, 0.271)},
	{Name: "buffered", PingOutput: articlePing(10, 9208, 1.92, 0.177, 0.277, 0.139, 0.281, 0.247, 0.211, 0.187, 0.439, 0.253)},
}

// articlePing takes times in ms; 0 is a lost packet.
func articlePing(received, total int, ms ...float64) PingOutput {
	p := PingOutput{Sent: len(ms), Received: received, TotalMS: total, RTT: map[int]time.Duration{}}
	for i, t := range ms {
		if t > 0 {
			p.RTT[i+1] = time.Duration(t * float64(time.Millisecond))
		}
	}
	return p
}

const (
	labelWidth  = 22
	columnWidth = 14
)

// WriteTable prints the measurement beside the article's, within 80 columns.
func (r Result) WriteTable(w io.Writer) error {
	var b strings.Builder
	row := func(label string, cells ...string) {
		line := fmt.Sprintf("  %-*s", labelWidth-2, label)
		for _, c := range cells {
			line += fmt.Sprintf("%*s", columnWidth, c)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	each := func(label string, runs []Run, cell func(Run) string) {
		cells := make([]string, len(runs))
		for i, run := range runs {
			cells[i] = cell(run)
		}
		row(label, cells...)
	}

	runs := append(slices.Clone(articleRuns), r.Runs...)
	fmt.Fprintf(&b, "%d pings from PC1 to PC-EXT; the gateway knows no neighbor when they start\n\n", pingCount)
	row("", "the article,", "OVN, 2018", "parkway,", "now")
	each("", runs, func(run Run) string { return run.Name })
	for seq := 1; seq <= pingCount; seq++ {
		label := fmt.Sprintf("packet %d", seq)
		each(label, runs, func(run Run) string { return rtt(run.RTT, seq) })
	}
	each("received", runs, func(run Run) string { return fmt.Sprintf("%d of %d", run.Received, run.Sent) })
	each("total time", runs, func(run Run) string { return fmt.Sprintf("%d ms", run.TotalMS) })
	if slices.ContainsFunc(r.Runs, func(run Run) bool { return run.Duplicates > 0 }) {
		each("duplicates", runs, func(run Run) string { return fmt.Sprint(run.Duplicates) })
	}

	b.WriteString("\nSeen on the wire at PC-EXT\n")
	for _, run := range r.Runs {
		question, answer := "ARP request", "reply"
		if run.Name == "IPv6" {
			question, answer = "neighbor solicitation", "advertisement"
		}
		fmt.Fprintf(&b, "  %s  %s%s\n", run.Name, count(len(run.Asked), question), forWhat(run.Asked))
		if run.Answer > 0 {
			fmt.Fprintf(&b, "        %s from the question to the %s\n", micros(run.Answer), answer)
		}
		if run.Release > 0 {
			fmt.Fprintf(&b, "        %s from the %s to the parked packet\n", micros(run.Release), answer)
		}
		if !slices.IsSorted(run.Requests) {
			fmt.Fprintf(&b, "        packets out of order: %v\n", run.Requests)
		}
	}
	b.WriteString("\nThe article pinged once a second on other hardware; these pings are 0.2 s\napart. Compare who loses the first packet, not the milliseconds.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func rtt(times map[int]time.Duration, seq int) string {
	d, ok := times[seq]
	if !ok {
		return "lost"
	}
	ms := float64(d) / float64(time.Millisecond)
	switch {
	case ms < 1:
		return fmt.Sprintf("%.3f ms", ms)
	case ms < 10:
		return fmt.Sprintf("%.2f ms", ms)
	default:
		return fmt.Sprintf("%.1f ms", ms)
	}
}

func micros(d time.Duration) string {
	return fmt.Sprintf("%d µs", d.Round(time.Microsecond).Microseconds())
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if n == 0 {
		return "no " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func forWhat(asked []netip.Addr) string {
	var names []string
	for _, ip := range asked {
		if !slices.Contains(names, ip.String()) {
			names = append(names, ip.String())
		}
	}
	if names == nil {
		return ""
	}
	return " for " + strings.Join(names, ", ")
}
