// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

// toEverybody keeps the probes that went to everybody.
func toEverybody(probes []lab.Recorded) []lab.Recorded {
	return slices.DeleteFunc(slices.Clone(probes), func(r lab.Recorded) bool { return r.Dst[0]&1 == 0 })
}

// life runs one gateway with a scripted neighbor, whose gateway keeps its state in dir.
func life(t *testing.T, name, dir string, mac topology.MAC, script lab.Script, scenario func(*gateway, *lab.Neighbor)) {
	t.Helper()
	t.Run(name, func(t *testing.T) {
		config := lab.NeighborConfig{MAC: mac, Echo: true, IPs: map[netip.Addr]lab.Script{}}
		for _, ip := range onExt(30) {
			config.IPs[ip] = script
		}
		g, nb := startScripted(t, config, "log: {", fmt.Sprintf("state: {dir: %q}\nlog: {", dir))
		scenario(g, nb)
	})
}

// TestRestart: what one gateway has learned the next one uses. The first packet passes
// and nobody is asked for, until use has the neighbor verified, alone; one that has got
// another MAC meanwhile is found by that.
func TestRestart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	life(t, "learns", dir, neighborMAC, lab.AtOnce, func(g *gateway, nb *lab.Neighbor) {
		for i, ip := range onExt(30) {
			g.ping(pc1, ip, 1).wantAll(g)
			if n := len(nb.Probes(ip)); n != 1 {
				t.Errorf("%s: %d probes in the first life, want 1", families[i], n)
			}
		}
	})
	life(t, "knows", dir, neighborMAC, lab.AtOnce, func(g *gateway, nb *lab.Neighbor) {
		for i, ip := range onExt(30) {
			if n := neighborOf(show[[]neighborView](g, "neighbors"), ip); n.State != "STALE" || n.MAC != neighborMAC.String() {
				t.Errorf("%s: %+v after the start, want STALE", families[i], n)
			}
			g.ping(pc1, ip, 3).wantAll(g)
			if probes := nb.Probes(ip); len(probes) != 0 {
				t.Errorf("%s: asked for after a restart: %v", families[i], probes)
			}
		}
		if p := show[parkedView](g, "parked").Totals.Parked; p != 0 {
			t.Errorf("%d packets were parked", p)
		}
		for i, ip := range onExt(30) { // DELAY, PROBE
			_, err := nb.WaitSeen(g.ctx, "the probe", 1, func(r lab.Recorded) bool { asked, ok := r.Asks(); return ok && asked == ip })
			g.must(err)
			g.must(lab.Wait(g.ctx, "the neighbor to be verified", func() error {
				if n := neighborOf(show[[]neighborView](g, "neighbors"), ip); n.State != "REACHABLE" {
					return fmt.Errorf("%+v", n)
				}
				return nil
			}))
			if everybody := toEverybody(nb.Probes(ip)); len(everybody) != 0 {
				t.Errorf("%s: everybody was asked: %v", families[i], everybody)
			}
		}
	})
	life(t, "another MAC", dir, otherMAC, func(p lab.Probe) []lab.Answer {
		if p.Dst[0]&1 == 0 {
			return nil // to the MAC of before: a switch would not bring it here
		}
		return []lab.Answer{{}}
	}, func(g *gateway, nb *lab.Neighbor) {
		for i, ip := range onExt(30) {
			g.must(lab.Wait(g.ctx, "a ping to reach the neighbor's new MAC", func() error {
				if p := g.ping(pc1, ip, 1, "-W", "1"); p.received == 0 {
					return errors.New(p.text)
				}
				return nil
			}))
			probes := nb.Probes(ip)
			if all := toEverybody(probes); len(probes)-len(all) != 3 || len(all) != 1 || probes[0].Dst != neighborMAC {
				t.Errorf("%s: %d probes to the old MAC and %d to everybody, want 3 and then 1", families[i], len(probes)-len(all), len(all))
			}
		}
	})
}

// TestRestartWithADamagedFile: the gateway says so, starts, asks, and saves anew.
func TestRestartWithADamagedFile(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	file := filepath.Join(dir, "neighbors.json")
	if err := errors.Join(os.Mkdir(dir, 0o755), os.WriteFile(file, []byte(`{"format": "parkway-neighbors", "version": 1, "sav`), 0o644)); err != nil {
		t.Fatal(err)
	}
	life(t, "starts", dir, neighborMAC, lab.AtOnce, func(g *gateway, nb *lab.Neighbor) {
		g.ping(pc1, onExt(30)[0], 1).wantAll(g)
		if log := g.proc.Log(); strings.Count(log, "the saved neighbors can't be used") != 1 {
			t.Error(log)
		}
	})
	text, err := os.ReadFile(file)
	if err != nil || !json.Valid(text) || !strings.Contains(string(text), neighborMAC.String()) {
		t.Errorf("%s, %v", text, err)
	}
}

// TestNeighborCommands: what an operator does to single neighbors.
func TestNeighborCommands(t *testing.T) {
	g, nb := startScripted(t, lab.NeighborConfig{MAC: neighborMAC, Echo: true, IPs: map[netip.Addr]lab.Script{
		onExt(30)[0]: nil, onExt(30)[1]: nil, onExt(31)[0]: lab.Never, onExt(31)[1]: lab.Never}})
	for i, ip := range onExt(30) {
		out := g.cli("neighbor", "probe", "lr0-ext", ip.String())
		if !strings.HasPrefix(out, fmt.Sprintf("%s is at %s behind lr0-ext, ", ip, neighborMAC)) || !strings.Contains(out, "; everybody was asked\n") {
			t.Errorf("%s: %q", families[i], out)
		}
		t.Logf("%s: %s", families[i], strings.TrimSpace(out))
		g.ping(pc1, ip, 1).wantAll(g)
		if out := g.cli("neighbor", "probe", "lr0-ext", ip.String()); !strings.Contains(out, "; its known MAC was asked\n") {
			t.Errorf("%s: %q", families[i], out)
		}
		if out := g.cli("neighbor", "del", "lr0-ext", ip.String()); out != fmt.Sprintf("deleted %s %s behind lr0-ext\n", ip, neighborMAC) {
			t.Errorf("%s: %q", families[i], out)
		}
		g.ping(pc1, ip, 1).wantAll(g)
	}
	for i, ip := range onExt(31) { // nobody answers for it; nobody needs to
		out, err := lab.Root.Run(g.ctx, parkway, "--socket", g.socket, "neighbor", "probe", "lr0-ext", ip.String(), "--wait", "100ms")
		if exitStatus(err) != 1 || !strings.Contains(fmt.Sprint(out, err), "no answer from "+ip.String()+" behind lr0-ext within 100ms; everybody was asked") {
			t.Errorf("%s: %q, %v", families[i], out, err)
		}
		g.cli("neighbor", "add", "lr0-ext", ip.String(), neighborMAC.String())
		nb.Forget()
		g.ping(pc1, ip, 2).wantAll(g)
		if probes := nb.Probes(ip); len(probes) != 0 {
			t.Errorf("%s: an added neighbor is asked for: %v", families[i], probes)
		}
		if n := neighborOf(show[[]neighborView](g, "neighbors"), ip); n.State != "PERMANENT" || n.Origin != "added" {
			t.Errorf("%s: %+v", families[i], n)
		}
	}
	for _, c := range []struct{ args, want string }{
		{"add lr0-ext 10.9.9.9 " + neighborMAC.String(), "10.9.9.9 is in no network of lr0-ext; the networks are 192.168.123.0/24"},
		{"add lrp1 1.1.0.1 " + neighborMAC.String(), "1.1.0.1 behind lrp1 has the MAC 00:00:01:00:00:01 by the configuration; change it there"},
		{"add lr0-ext 192.168.123.40 02:xx", `"02:xx" is no MAC; write it like`},
		{"del lr0-ext 192.168.123.99", "there is no neighbor 192.168.123.99 behind lr0-ext; "},
		{"del nowhere 192.168.123.99", `there is no router port "nowhere"; `},
		{"probe lr0-ext 192.168.123.254", "192.168.123.254 is an address of the router lr0 itself; "},
		{"probe lr0-ext one", `"one" is no IP address`},
	} {
		out, err := lab.Root.Run(g.ctx, parkway, append([]string{"--socket", g.socket, "neighbor"}, strings.Fields(c.args)...)...)
		if exitStatus(err) != 1 || !strings.Contains(fmt.Sprint(out, err), c.want) {
			t.Errorf("%s: %q, %v", c.args, out, err)
		}
	}
}
