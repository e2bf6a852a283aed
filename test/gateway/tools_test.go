// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"net/netip"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/lab"
)

// startTools is configs/two-routers.yaml with a narrow transit and router advertisements
// to the east, and its two hosts.
func startTools(t *testing.T) (g *gateway, east, west end) {
	t.Helper()
	east = newEnd("east", "east", "02:00:00:00:10:0a", "10.1.0.10/24 2001:db8:10::10/64", "10.1.0.1 2001:db8:10::1")
	west = newEnd("west", "west", "02:00:00:00:20:0a", "10.2.0.10/24 2001:db8:20::10/64", "10.2.0.1 2001:db8:20::1")
	text := twoRouters(t)
	for old, mended := range map[string]string{
		`"2001:db8:ff::1/64"]}`: `"2001:db8:ff::1/64"], options: {gateway_mtu: 1400}}`,
		`"2001:db8:10::1/64"]}`: `"2001:db8:10::1/64"], ipv6_ra_configs: {address_mode: slaac}}`,
	} {
		if !strings.Contains(text, old) {
			t.Fatalf("configs/two-routers.yaml has no %s", old)
		}
		text = strings.Replace(text, old, mended, 1)
	}
	g = start(t, text)
	g.attach(east, west)
	return g, east, west
}

// tool runs a program in a host's namespace; what it says on standard output must match
// each pattern.
func (g *gateway) tool(e end, line string, want ...string) string {
	g.Helper()
	args := strings.Fields(line)
	if _, err := exec.LookPath(args[0]); err != nil {
		g.Errorf("%s is not installed; run make deps", args[0])
		return ""
	}
	out, err := g.hosts[e.name].Run(g.ctx, args[0], args[1:]...)
	if err != nil {
		g.Errorf("%s: %v\n%s", line, err, out)
	}
	for _, w := range want {
		if !regexp.MustCompile(`(?m)` + w).MatchString(out) {
			g.Errorf("%s: nothing matches %q in\n%s", line, w, out)
		}
	}
	return out
}

// hops are what traceroute must print: each address in its line, and no more lines.
func hops(addrs ...string) (patterns []string) {
	for i, a := range addrs {
		patterns = append(patterns, `^ *`+string(rune('1'+i))+` +`+regexp.QuoteMeta(a)+` `)
	}
	return patterns
}

// TestTraceroute: every kind of traceroute sees both routers and the host behind, in
// order, and the routers' own addresses as the last hop.
func TestTraceroute(t *testing.T) {
	g, east, west := startTools(t)
	paths := [][]string{{"10.1.0.1", "100.64.0.2", "10.2.0.10"}, {"2001:db8:10::1", "2001:db8:ff::2", "2001:db8:20::10"}}
	far := [][]string{{"10.1.0.1", "10.2.0.1"}, {"2001:db8:10::1", "2001:db8:20::1"}} // the second router's own address
	near := [][]string{{"10.1.0.1"}, {"2001:db8:10::1"}}
	for i, family := range families {
		g.ping(east, west.ip(i), 1).wantAll(g) // everybody is resolved
		for _, how := range []string{"", "-I", "-T -p 80", "-U -p 53"} {
			for _, path := range [][]string{paths[i], far[i], near[i]} {
				line := "traceroute -n -q 2 -w 3 -N 1 " + []string{"-4 ", "-6 "}[i] + how + " " + path[len(path)-1]
				out := g.tool(east, line, hops(path...)...)
				if n := strings.Count(strings.TrimSpace(out), "\n"); n != len(path) {
					g.Errorf("%s, %s: %d hops, want %d\n%s", family, line, n, len(path), out)
				}
				if strings.ContainsAny(out, "*!") {
					g.Errorf("%s, %s: an answer is missing or wrong\n%s", family, line, out)
				}
			}
		}
	}
}

// TestMTRAndTracepath: mtr loses nothing on the way, tracepath finds the narrow transit.
func TestMTRAndTracepath(t *testing.T) {
	g, east, west := startTools(t)
	for i, path := range [][]string{{"10.1.0.1", "100.64.0.2", "10.2.0.10"}, {"2001:db8:10::1", "2001:db8:ff::2", "2001:db8:20::10"}} {
		version := []string{"-4 ", "-6 "}[i]
		g.ping(east, west.ip(i), 1).wantAll(g)
		var lines []string
		for k, a := range path {
			lines = append(lines, `^ *`+string(rune('1'+k))+`\.\|-- `+regexp.QuoteMeta(a)+` +0\.0% +3 `)
		}
		for _, how := range []string{"", "--udp ", "--tcp "} {
			g.tool(east, "mtr -n -r -c 3 -i 0.3 "+version+how+path[2], lines...)
		}
		g.tool(east, "tracepath -n "+version+path[2], `pmtu 1400$`, `Resume: pmtu 1400 hops 3 `, `^ 3: +`+regexp.QuoteMeta(path[2])+` .*reached`)
	}
}

// TestNeighborTools: arping, its duplicate detection, ndisc6 and rdisc6 see a router.
func TestNeighborTools(t *testing.T) {
	g, east, _ := startTools(t)
	mac := "02:00:00:00:10:01"
	g.tool(east, "arping -c 2 -w 5 -I east 10.1.0.1", `(?i)Unicast reply from 10\.1\.0\.1 \[`+mac+`\]`, `^Received 2 response`)
	out, err := g.hosts[east.name].Run(g.ctx, "arping", "-D", "-c", "2", "-w", "5", "-I", "east", "10.1.0.1")
	if exitStatus(err) != 1 || !strings.Contains(out, "Received 1 response") {
		g.Errorf("arping -D of the router's address: %v\n%s", err, out)
	}
	out, err = g.hosts[east.name].Run(g.ctx, "arping", "-c", "1", "-w", "1", "-I", "east", "10.1.0.77")
	if exitStatus(err) != 1 {
		g.Errorf("arping of nobody's address: %v\n%s", err, out)
	}
	for _, target := range []string{"2001:db8:10::1", "fe80::ff:fe00:1001"} {
		g.tool(east, "ndisc6 -1 "+target+" east", `(?i)Target link-layer address: `+mac)
	}
	g.tool(east, "rdisc6 -1 east", `Prefix +: 2001:db8:10::/64`, `(?i)Source link-layer address: `+mac, `from fe80::ff:fe00:1001`)
}

// TestNmap: the router is a host that is up and whose ports are closed, next door and two
// routers away.
func TestNmap(t *testing.T) {
	g, east, _ := startTools(t)
	for i, targets := range [][]string{{"10.1.0.1", "10.2.0.1"}, {"2001:db8:10::1", "2001:db8:20::1"}} {
		for _, target := range targets {
			g.ping(east, netip.MustParseAddr(target), 1).wantAll(g)
			nmap := "nmap -n --max-retries 3 " + []string{"", "-6 "}[i]
			g.tool(east, nmap+"-sn "+target, `Host is up`)
			g.tool(east, nmap+"-Pn -sT -p 22,80,179 "+target, `^22/tcp +closed`, `^80/tcp +closed`, `^179/tcp +closed`)
			g.tool(east, nmap+"-Pn -sU -p 53,123 "+target, `^53/udp +closed`, `^123/udp +closed`)
		}
	}
	g.tool(east, "nmap -n -Pn -sO -p 1,6,17,132 10.2.0.1", `^132 +closed`)
	c := show[struct {
		Drops map[string]uint64 `json:"drops"`
	}](g, "counters")
	if c.Drops["local_port_closed"] < 4*5 || c.Drops["punt_rate_limited"] != 0 {
		g.Errorf("%v", c.Drops)
	}
}

// TestTCPConnectionRefused: a connection to the router itself is refused at once, in both
// families, and the reset's checksum is right.
func TestTCPConnectionRefused(t *testing.T) {
	g, east, _ := startTools(t)
	c := g.capture(east.name, "tcp")
	for i, target := range []string{"10.1.0.1", "10.2.0.1", "2001:db8:10::1", "2001:db8:20::1"} {
		host := target
		if i > 1 {
			host = "[" + target + "]"
		}
		_, err := g.hosts[east.name].Run(g.ctx, "curl", "-sS", "--max-time", "5", "http://"+host+":81/")
		if exitStatus(err) != 7 { // it would be 28 without an answer
			g.Errorf("curl %s: %v", host, err)
		}
	}
	resets := packets(g.frames(c), func(p lab.Packet) bool { return p.Proto == 6 && p.Src != east.MAC })
	if len(resets) != 4 {
		g.Errorf("%d resets", len(resets))
	}
}
