// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/api"
)

// table writes rows under a heading, in columns, without spaces at the ends of lines.
func table(w io.Writer, heading string, rows func(row func(cells ...any))) error {
	var b bytes.Buffer
	tw := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, strings.ReplaceAll(heading, " ", "\t"))
	rows(func(cells ...any) {
		for i, c := range cells {
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			if c == "" {
				c = "-"
			}
			fmt.Fprint(tw, c)
		}
		fmt.Fprintln(tw)
	})
	if err := tw.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// seconds writes a time for people.
func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

func writePorts(w io.Writer, ports []api.Port) error {
	return table(w, "NAME DEVICE LINK MAC MTU RX-PACKETS RX-BYTES RX-MISSED RX-NOMBUF TX-PACKETS TX-BYTES TX-DROPPED", func(row func(...any)) {
		for _, p := range ports {
			row(p.Name, p.Device, p.Link, p.MAC, p.MTU, p.RxPackets, p.RxBytes, p.RxMissed, p.RxNombuf, p.TxPackets, p.TxBytes, p.TxDropped)
		}
	})
}

func writeNeighbors(w io.Writer, neighbors []api.Neighbor) error {
	return table(w, "ROUTER PORT IP MAC STATE AGE ORIGIN", func(row func(...any)) {
		for _, n := range neighbors {
			row(n.Router, n.RouterPort, n.IP, n.MAC, flapping(n), seconds(n.AgeSeconds), n.Origin)
		}
	})
}

// flapping is a neighbor's state, marked when its MAC changes too often.
func flapping(n api.Neighbor) string {
	if n.Flapping {
		return n.State + " (flapping)"
	}
	return n.State
}
func writeWorkers(w io.Writer, workers []api.Worker) error {
	return table(w, "LCORE CPU BUSY PACKETS PACKETS/BURST CYCLES/PACKET MAX-POLL-GAP RX-QUEUES", func(row func(...any)) {
		for _, k := range workers {
			busy := 0.0
			if all := float64(k.BusyCycles) + float64(k.IdleCycles); all > 0 {
				busy = 100 * float64(k.BusyCycles) / all
			}
			var queues []string
			for _, q := range k.RxQueues {
				queues = append(queues, fmt.Sprintf("%s:%d", q.Port, q.Queue))
			}
			burst := ""
			if n := len(k.BurstSizes); n > 0 && k.BurstSizes[n-1].Count > 0 {
				burst = fmt.Sprintf("%.1f", float64(k.Packets)/float64(k.BurstSizes[n-1].Count))
			}
			row(k.Lcore, k.CPU, fmt.Sprintf("%.1f%%", busy), k.Packets, burst, fmt.Sprintf("%.0f", k.CyclesPerPacket),
				fmt.Sprintf("%.1fus", k.MaxPollGapUS), strings.Join(queues, " "))
		}
	})
}

func writeCounters(w io.Writer, c api.Counters) error {
	return table(w, "PACKETS", func(row func(...any)) {
		row(c.Rx, "rx", "received from ports")
		row(c.Originated, "originated", "made by the gateway")
		row(c.Tx, "tx", "accepted by transmit queues")
		row(c.Consumed, "consumed", "used by control, or cut into fragments")
		row(c.Parked, "parked", "waiting for a next hop now")
		for _, reason := range slices.Sorted(maps.Keys(c.Drops)) {
			if n := c.Drops[reason]; n > 0 {
				row(n, "drop", reason)
			}
		}
		for _, m := range c.CoPP {
			if m.Dropped > 0 {
				row(m.Dropped, "over limit", m.RouterPort+" "+m.Protocol+", part of the drops")
			}
		}
		row(c.Balance, "balance", "rx + originated - tx - consumed - parked - drops; 0 at rest")
	})
}

func writeDrops(w io.Writer, drops []api.Drop, all bool) error {
	return table(w, "PACKETS REASON STAGE WHAT", func(row func(...any)) {
		for _, d := range drops {
			if d.Count > 0 || all {
				row(d.Count, d.Reason, d.Stage, d.What)
				row(" ", " ", " ", "  -> "+d.Remedy)
			}
		}
	})
}

// writeConfig writes the configuration as YAML, as a file would hold it: JSON is
// YAML in another style.
func writeConfig(w io.Writer, c api.Config) error {
	b, err := api.Encode(c)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return err
	}
	restyle(&doc, 0)
	e := yaml.NewEncoder(w)
	e.SetIndent(2)
	if err := e.Encode(&doc); err != nil {
		return err
	}
	return e.Close()
}

// restyle gives sections and lists a line per element and leaves the elements
// themselves on one line, unless there are lists of mappings in them.
func restyle(n *yaml.Node, depth int) {
	if n.Kind == yaml.ScalarNode {
		n.Style = plain(n)
		return
	}
	n.Style = 0
	if depth > 2 && !nested(n) || len(n.Content) == 0 {
		n.Style = yaml.FlowStyle
	}
	for i, child := range n.Content {
		if n.Kind == yaml.MappingNode && i%2 == 0 {
			child.Style = 0
			continue
		}
		restyle(child, depth+1)
	}
}

// nested reports whether a list of mappings is somewhere in n.
func nested(n *yaml.Node) bool {
	if n.Kind == yaml.SequenceNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode {
		return true
	}
	return slices.ContainsFunc(n.Content, nested)
}

// plain drops the quotation marks around what reads well without; the encoder puts
// them back where YAML needs them.
func plain(n *yaml.Node) yaml.Style {
	if n.Tag == "!!str" && (n.Value == "" || strings.ContainsAny(n.Value, ":, []{}#\"'")) {
		return yaml.DoubleQuotedStyle
	}
	return 0
}
