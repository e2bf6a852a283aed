// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxComments = 100 // switch ports without a port that comments list
	maxReported = 20  // rows of a table that the file's last comments list
)

// write writes the whole file but for its last comments.
func (b *builder) write(w *writer, sections []*node, networks, vifs []binding, o Options) {
	version := ""
	if b.db.Schema != nil && b.db.Schema.Version != "" {
		version = ", schema " + b.db.Schema.Version
	}
	w.print(comment(fmt.Sprintf("# From %s (%s%s).", b.db.Source, DatabaseName, version)) + "\n")
	w.print("version: 1\n")
	ports, unbound := portsNode(networks, vifs, o)
	w.print(memory(ports, sections))
	if slices.ContainsFunc(ports.kids, func(p *node) bool { return strings.HasPrefix(p.text("netdev"), "set-me-") }) {
		w.print("# OVN does not know this node's NICs: replace each set-me by the NIC, such as eth1,\n" +
			"# or by pci: \"0000:3b:00.0\", or by vdev: \"net_tap0,iface=tap0\".\n")
	}
	w.section(ports)
	w.unbound(unbound, o.Taps)
	for i, s := range sections {
		if i < 3 || hasLive(s) { // the first three are there even when they are empty
			w.section(s)
		}
	}
}

// unbound lists the switch ports that no port of this node is for.
func (w *writer) unbound(list []binding, taps bool) {
	if len(list) == 0 {
		return
	}
	switch {
	case taps:
		w.print(fmt.Sprintf("  # These find no room: a gateway has %d ports.\n", maxPorts))
	default:
		w.print("  # For hosts on this node, a port each (--port NAME=DEVICE writes one, --taps all as taps):\n")
	}
	for i, b := range list {
		if i == maxComments {
			w.print(fmt.Sprintf("  # and %d more\n", len(list)-i))
			break
		}
		w.print(fmt.Sprintf("  # - {name: v%d, netdev: set-me, %s: %s}\n", i, b.key, b.name))
	}
}

// trailer repeats in comments what was left out, where who reads the file sees it.
func (b *builder) trailer() string {
	lines := Report(b.left, maxReported)
	if len(lines) == 0 {
		return ""
	}
	return "# Not imported:\n#   " + strings.Join(lines, "\n#   ") + "\n"
}
