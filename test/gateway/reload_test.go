// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/lab"
)

// write puts another configuration in the file that the gateway was started with.
func (g *gateway) write(config string) {
	g.Helper()
	g.must(os.WriteFile(filepath.Join(g.dir, "gateway.yaml"), []byte(strings.ReplaceAll(config, "@SOCKET@", g.socket)), 0o644))
}

// hangUp sends SIGHUP and waits until the reload is over.
func (g *gateway) hangUp() api.Reloads {
	g.Helper()
	before := reloadsOf(g)
	g.must(g.proc.Signal(syscall.SIGHUP))
	var now api.Reloads
	g.must(lab.Wait(g.ctx, "the reload", func() error {
		if now = reloadsOf(g); now.Done+now.Failed == before.Done+before.Failed {
			return errors.New("not yet")
		}
		return nil
	}))
	return now
}

func reloadsOf(g *gateway) api.Reloads {
	g.Helper()
	r, err := g.client.Reloads(g.ctx)
	g.must(err)
	return r
}

// reloaded reloads by SIGHUP and wants that to go well.
func (g *gateway) reloaded(config string) {
	g.Helper()
	g.write(config)
	if r := g.hangUp(); !r.LastOK {
		g.Fatalf("refused: %s", r.LastError)
	}
}

// TestReload: a flood of pings goes on, every one answered, while routes, ports and
// bindings beside it come and go; a file that is no good changes nothing; a router port
// that is gone and comes back works; a new address is announced and answers.
func TestReload(t *testing.T) {
	const extPort = "networks: [192.168.123.254/24, \"2001:db8:f0f0::1/64\"]"
	roomy := func(pairs ...string) string { // for tables that are there twice
		return strings.Replace(seed(t, pairs...), "size: 256MiB", "size: 384MiB", 1)
	}
	good := roomy()
	g := start(t, good)
	g.attach(article...)
	for _, e := range []end{pc3, pcExt} {
		g.ping(pc1, e.ip(0), 1).wantAll(g)
		g.ping(pc1, e.ip(1), 1).wantAll(g)
	}

	done := make(chan struct{})
	go atOnce(func() {
		defer close(done)
		atOnce(
			func() { g.ping(pc1, pc3.ip(0), 2000, "-i", "0.002").wantAll(g) },
			func() { g.ping(pc2, pcExt.ip(1), 2000, "-i", "0.002").wantAll(g) },
		)
	})
	reloads := 0
	for running := true; running; reloads++ {
		var routes strings.Builder
		routes.WriteString("- " + defaultRoute)
		for k := range 1 + reloads%5 {
			fmt.Fprintf(&routes, "\n      - {ip_prefix: 10.%d.%d.0/24, nexthop: 192.168.123.%d}", reloads%250, k, 2+k)
			fmt.Fprintf(&routes, "\n      - {ip_prefix: \"2001:db8:%x::/48\", nexthop: \"2001:db8:f0f0::%x\"}", 0x1000+reloads+k, 0x20+k)
		}
		bindings := fmt.Sprintf("static_mac_bindings: [{logical_port: lrp1, ip: 1.1.7.%d, mac: \"02:00:00:00:07:07\"}]", 1+reloads%200)
		g.reloaded(roomy("- "+defaultRoute, routes.String(), "static_mac_bindings: []", bindings))
		select {
		case <-done:
			running = false
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Logf("%d reloads beside 4000 pings", reloads)
	if reloads < 5 {
		t.Errorf("only %d reloads", reloads)
	}
	g.reloaded(good)

	// A file that is no good, and one that takes a restart: as it was.
	routes := g.cli("show", "routes")
	g.write(strings.Replace(good, "nexthop: 192.168.123.1,", "nexthop: 192.168.123,", 1))
	g.refused(3, "gateway.yaml:", "next hop")
	g.write(strings.Replace(good, "packets_per_nexthop: 64", "packets_per_nexthop: 32", 1))
	g.refused(1, "arpbuf.packets_per_nexthop changed, which takes a restart; nothing was changed")
	if r := g.hangUp(); r.LastOK || !strings.Contains(r.LastError, "packets_per_nexthop") {
		t.Errorf("%+v", r)
	}
	if now := g.cli("show", "routes"); now != routes {
		t.Errorf("routes were\n%s\nand are\n%s", routes, now)
	}
	g.ping(pc1, pc3.ip(0), 1).wantAll(g)

	// A new address is announced, and answers.
	extra := netip.MustParseAddr("192.168.77.254")
	c := g.capture(pcExt.name, "arp")
	g.write(strings.Replace(good, extPort, strings.Replace(extPort, "/24,", "/24, 192.168.77.254/24,", 1), 1))
	if out := g.cli("reload"); !strings.Contains(out, "router port lr0-ext changed\n") || !strings.Contains(out, ": 1 changes\n") {
		t.Errorf("reload says %q", out)
	}
	g.ping(pc1, extra, 1).wantAll(g)
	found := packets(g.frames(c), func(p lab.Packet) bool { return p.EtherType == lab.EtherARP && p.SPA == extra && p.TPA == extra })
	if len(found) == 0 {
		t.Error("the new address is not announced")
	}
	g.reloaded(good)
	g.ping(pc1, extra, 1, "-W", "1").wantNone(g)

	// The router port to sw2 goes with its switch's cable, and comes back.
	lrp2 := `      - {name: lrp2, mac: "00:00:02:ff:00:02", networks: [1.2.254.254/16, "2001:db8:2::1/64"]}` + "\n"
	plug2 := `      - {name: sw2-portr0, type: router, addresses: ["00:00:02:ff:00:02"], options: {router-port: lrp2}}` + "\n"
	without := strings.Replace(strings.Replace(good, lrp2, "", 1), plug2, "", 1)
	if strings.Contains(without, "lrp2") {
		t.Fatal("configs/seed.yaml does not name lrp2 as this test thinks")
	}
	g.reloaded(without)
	g.ping(pc1, pc3.ip(0), 1, "-W", "1").wantNone(g)
	g.ping(pc1, pcExt.ip(0), 1).wantAll(g)
	g.reloaded(good)
	for i := range families {
		g.ping(pc1, pc3.ip(i), 2).wantAll(g)
		g.ping(pc4, pc1.ip(i), 2).wantAll(g)
	}
}

// wantNone asserts that no packet came back.
func (p pinged) wantNone(g *gateway) {
	g.Helper()
	if p.received != 0 {
		g.Errorf("%s: %d replies", p.what, p.received)
	}
}

// refused runs `parkway reload` and wants it to fail.
func (g *gateway) refused(exit int, want ...string) {
	g.Helper()
	out, err := lab.Root.Run(g.ctx, parkway, "--socket", g.socket, "reload")
	text := out
	if err != nil {
		text += err.Error()
	}
	for _, w := range want {
		if err == nil || !strings.Contains(text, w) {
			g.Errorf("reload: want %q in %q", w, text)
		}
	}
	if !strings.Contains(text, fmt.Sprintf("exit status %d", exit)) {
		g.Errorf("reload: want status %d: %q", exit, text)
	}
}
