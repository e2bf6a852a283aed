// SPDX-License-Identifier: Apache-2.0

package target

import (
	"fmt"
	"strings"
)

// ParkwayConfig writes the daemon's file for a scenario: its logical network, every MAC
// configured, and a worker that polls.
func ParkwayConfig(s Scenario) string {
	n := s.Network()
	var b strings.Builder
	fmt.Fprintf(&b, `version: 1
system: {name: bench}
dpdk:
  memory: {mode: %s, size: %dMiB}
  mbufs: %d
cpu: {control: "%d", workers: "%d", idle: {mode: poll}}
ports:
  - {name: p-in, vdev: "%s", iface_id: in}
  - {name: %s, vdev: "%s", iface_id: out}
neighbors: {max_entries: %d, duplicate_detection: "off", announcements: 0}
metrics: {listen: ""}
api: {mode: "0600"}
log: {format: text, level: info}
`, s.Memory, s.MemorySize()/mib, s.Mbufs(), s.Control, s.Worker, numbered(s.In, 0), outPort, numbered(s.Out, 1), max(s.Neighbors*2, 65536))
	fmt.Fprintf(&b, `logical_switches:
  - name: sw-in
    ports:
      - {name: in, addresses: ["%s"]}
      - {name: in-lr, type: router, addresses: [router], options: {router-port: lr-in}}
  - name: sw-out
    ports:
      - {name: out-lr, type: router, addresses: [router], options: {router-port: lr-out}}
      - name: out
        addresses:
`, HostMAC)
	for i := range n.Neighbors {
		fmt.Fprintf(&b, "          - \"%s\"\n", n.Neighbors[i])
	}
	fmt.Fprintf(&b, `logical_routers:
  - name: lr0
    ports:
      - {name: lr-in, mac: "%s", networks: ["%s", "%s"]}
      - {name: lr-out, mac: "%s", networks: ["%s", "%s"]}
`, RouterInMAC, RouterIn[0], RouterIn[1], RouterOutMAC, RouterOut[0], RouterOut[1])
	if len(n.Routes) > 0 {
		b.WriteString("    static_routes:\n")
	}
	for _, r := range n.Routes {
		fmt.Fprintf(&b, "      - {ip_prefix: \"%s\", nexthop: \"%s\"}\n", r.Prefix, r.Nexthop)
	}
	return b.String()
}

// String writes a MAC as everybody does.
func (m MAC) String() string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}

// String writes MAC and addresses as a switch port lists them.
func (n Neighbor) String() string {
	s := n.MAC.String()
	if n.V4.IsValid() {
		s += " " + n.V4.String()
	}
	if n.V6.IsValid() {
		s += " " + n.V6.String()
	}
	return s
}
