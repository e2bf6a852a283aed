// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

// end is a host at a tap.
type end struct {
	name, iface string
	lab.Host
}

func newEnd(name, iface, mac, addrs, gateways string) end {
	e := end{name: name, iface: iface, Host: lab.Host{MAC: mustMAC(mac)}}
	for a := range strings.FieldsSeq(addrs) {
		e.Addrs = append(e.Addrs, netip.MustParsePrefix(a))
	}
	for a := range strings.FieldsSeq(gateways) {
		e.Gateways = append(e.Gateways, netip.MustParseAddr(a))
	}
	return e
}

func mustMAC(s string) topology.MAC {
	m, err := topology.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

func (e *end) ip(family int) netip.Addr { return e.Addrs[family].Addr() }

// families index addresses: an end has one of each, IPv4 first.
var families = []string{"IPv4", "IPv6"}

// The article's hosts, address for address.
var (
	pc1   = newEnd("pc1", "vm1", "00:00:01:00:00:01", "1.1.0.1/16 2001:db8:1::11/64", "1.1.254.254 2001:db8:1::1")
	pc2   = newEnd("pc2", "vm2", "00:00:01:00:00:02", "1.1.0.2/16 2001:db8:1::12/64", "1.1.254.254 2001:db8:1::1")
	pc3   = newEnd("pc3", "vm3", "00:00:02:00:00:03", "1.2.0.3/16 2001:db8:2::13/64", "1.2.254.254 2001:db8:2::1")
	pc4   = newEnd("pc4", "vm4", "00:00:02:00:00:04", "1.2.0.4/16 2001:db8:2::14/64", "1.2.254.254 2001:db8:2::1")
	pcExt = newEnd("pc-ext", "ext0", "02:0a:7f:00:01:0a", "192.168.123.10/24 2001:db8:f0f0::10/64", "192.168.123.254 2001:db8:f0f0::1")

	inside  = []end{pc1, pc2, pc3, pc4}
	article = []end{pc1, pc2, pc3, pc4, pcExt}
)

// The router's port on the external network.
var (
	extMAC  = mustMAC("02:0a:7f:00:01:29")
	extIPs  = []netip.Addr{netip.MustParseAddr("192.168.123.254"), netip.MustParseAddr("2001:db8:f0f0::1")}
	extLink = netip.MustParseAddr("fe80::a:7fff:fe00:129") // of extMAC, RFC 4291 appendix A
)

const defaultRoute = "{ip_prefix: 0.0.0.0/0, nexthop: 192.168.123.1, output_port: lr0-ext}"

// seed is configs/seed.yaml, fitted to this machine and changed by pairs of what
// stands there and what shall.
func seed(t *testing.T, pairs ...string) string {
	t.Helper()
	text := readConfig(t, "seed.yaml")
	control, worker := cpus()
	pairs = append(pairs,
		"memory: {mode: auto, size: 512MiB}", "memory: {mode: no-huge, size: 256MiB}",
		`control: "0"`, fmt.Sprintf("control: %q", control),
		`workers: "1"`, fmt.Sprintf("workers: %q", worker),
		"socket: /run/parkway/parkway.sock", "socket: @SOCKET@")
	for i := 0; i < len(pairs); i += 2 {
		if strings.Count(text, pairs[i]) != 1 {
			t.Fatalf("configs/seed.yaml has %q %d times, want once", pairs[i], strings.Count(text, pairs[i]))
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

func readConfig(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../configs/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// twoRouters is configs/two-routers.yaml, fitted to this machine.
func twoRouters(t *testing.T) string {
	control, worker := cpus()
	return readConfig(t, "two-routers.yaml") + fmt.Sprintf(`
dpdk: {memory: {mode: no-huge, size: 256MiB}}
cpu: {control: %q, workers: %q}
api: {socket: @SOCKET@}
`, control, worker)
}

// cpus gives control the first CPU that this process may use and the worker the
// second.
func cpus() (control, worker string) {
	var set unix.CPUSet
	var found []string
	if unix.SchedGetaffinity(0, &set) == nil {
		for cpu := 0; cpu < 1024 && len(found) < 2; cpu++ {
			if set.IsSet(cpu) {
				found = append(found, strconv.Itoa(cpu))
			}
		}
	}
	if len(found) == 0 {
		return "0", "1"
	}
	return found[0], found[len(found)-1]
}

// attach gives the gateway's taps to hosts.
func (g *gateway) attach(ends ...end) {
	g.Helper()
	for _, e := range ends {
		g.plug(e)
		g.must(g.hosts[e.name].Setup(g.ctx, e.iface, e.Host))
	}
}

// plug moves an end's tap into a namespace and leaves it down.
func (g *gateway) plug(e end) {
	g.Helper()
	g.hosts[e.name], g.links[e.name] = g.lab.NS(g, e.name), e.iface
	g.must(lab.MoveLink(g.ctx, g.ns, e.iface, g.hosts[e.name]))
}

// startArticle is the article's network: all hosts are Linux.
func startArticle(t *testing.T, pairs ...string) *gateway {
	t.Helper()
	g := start(t, seed(t, pairs...))
	g.attach(article...)
	return g
}

// unmanaged keeps the gateway from asking for next hops without a packet, for tests that
// count questions.
var unmanaged = []string{"max_entries: 65536", "max_entries: 65536\n  manage_routes: false"}

// startScripted is the article's network with a scripted neighbor in PC-EXT's place.
// Nobody is asked for but by packets.
func startScripted(t *testing.T, n lab.NeighborConfig, pairs ...string) (*gateway, *lab.Neighbor) {
	t.Helper()
	g := start(t, seed(t, append(slices.Clone(unmanaged), pairs...)...))
	g.attach(inside...)
	g.plug(pcExt)
	nb, err := g.lab.StartNeighbor(g.ctx, g.hosts[pcExt.name], pcExt.iface, n)
	g.must(err)
	// What waits in the tests is the gateway's business and not PC1's own.
	for _, gw := range pc1.Gateways {
		g.ping(pc1, gw, 1).wantAll(g)
	}
	return g, nb
}

// packets parses the frames that match accepts.
func packets(frames []lab.Frame, match func(lab.Packet) bool) []timed {
	var out []timed
	for _, f := range frames {
		if p := lab.ParsePacket(f.Data); match(p) {
			out = append(out, timed{p, f})
		}
	}
	slices.SortStableFunc(out, func(a, b timed) int { return a.Time.Compare(b.Time) })
	return out
}

type timed struct {
	lab.Packet
	lab.Frame
}
