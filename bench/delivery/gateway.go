// SPDX-License-Identifier: Apache-2.0

package delivery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/lab"
)

// The names of a gateway's taps.
const (
	tapIn  = "in"
	tapOut = "out"
)

// startTime is how long a gateway may take to start.
const startTime = time.Minute

// Host is the part of the machine that gateways get.
type Host struct {
	Dir             string // for files; the caller's
	Control, Worker int    // CPUs
}

// Gateway is a running gateway and what is behind its taps. It stands still but while a
// load runs.
type Gateway struct {
	Name string

	wire   *wire
	pause  func() error
	resume func() error
	stop   []func() error // undone from the end
}

// Run has a load through the gateway, once a ping has shown that it is awake.
func (g *Gateway) Run(ctx context.Context, l Load) (Outcome, error) {
	if err := g.resume(); err != nil {
		return Outcome{}, err
	}
	if err := g.wire.settle(ctx); err != nil {
		return Outcome{}, fmt.Errorf("%s: %w", g.Name, err)
	}
	o, err := g.wire.run(ctx, l)
	if err != nil {
		return o, fmt.Errorf("%s, %s: %w", g.Name, l.Label, err)
	}
	return o, g.pause()
}

// Stop ends the gateway; nothing of it is left.
func (g *Gateway) Stop() error {
	var errs []error
	for i := range g.stop {
		errs = append(errs, g.stop[len(g.stop)-1-i]())
	}
	g.stop = nil
	return errors.Join(errs...)
}

// ready finishes a start: the taps' ends, a ping through, and then it stands still.
func (g *Gateway) ready(ctx context.Context, ns *lab.NS) error {
	w, err := newWire(ctx, ns)
	if err != nil {
		return err
	}
	g.wire = w
	// Before what was deferred earlier: a socket hears of its tap's end otherwise.
	g.stop = append(g.stop, func() error { w.close(); return nil })
	if err := w.settle(ctx); err != nil {
		return err
	}
	return g.pause()
}

// begun returns a gateway whose start went well, or ends it; an error of what this machine
// lacks stays one.
func begun(g *Gateway, err error) (*Gateway, error) {
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", g.Name, err), g.Stop())
	}
	return g, nil
}

var namespaces atomic.Int32

// StartParkway starts the daemon of a binary with defaults, but for lines of arpbuf's
// section: "packets_per_nexthop: 1024".
func StartParkway(ctx context.Context, h Host, name, binary, arpbuf string) (*Gateway, error) {
	g := &Gateway{Name: name}
	return begun(g, g.startParkway(ctx, h, binary, arpbuf))
}

func (g *Gateway) startParkway(ctx context.Context, h Host, binary, arpbuf string) error {
	if os.Geteuid() != 0 {
		return &target.Unavailable{What: "a network namespace with taps", Mend: "run as root"}
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	dir, err := os.MkdirTemp(h.Dir, "pw-")
	if err != nil {
		return err
	}
	g.stop = append(g.stop, func() error { return os.RemoveAll(dir) })
	ns, err := lab.AddNS(ctx, fmt.Sprintf("pwlab-%d-delivery%d", os.Getpid(), namespaces.Add(1)))
	if err != nil {
		return err
	}
	g.stop = append(g.stop, func() error { return ns.Delete(context.Background()) })
	file, socket := filepath.Join(dir, "gw.yaml"), filepath.Join(dir, "gw.sock")
	if err := os.WriteFile(file, []byte(parkwayConfig(h, arpbuf)), 0o600); err != nil {
		return err
	}
	var p *target.Process
	err = ns.Do(func() (err error) {
		p, err = target.StartProcess(nil, binary, "run", "-c", file, "--socket", socket)
		return err
	})
	if err != nil {
		return err
	}
	g.stop = append(g.stop, func() error { return p.Stop(syscall.SIGTERM) })
	g.pause, g.resume = p.Pause, p.Resume
	client := api.Dial(socket)
	defer client.Close()
	err = p.Until(ctx, func() bool {
		health, err := client.Health(ctx)
		return err == nil && health.OK()
	})
	if err != nil {
		return err
	}
	return g.ready(ctx, ns)
}

func parkwayConfig(h Host, arpbuf string) string {
	if arpbuf != "" {
		arpbuf = "arpbuf: {" + arpbuf + "}\n"
	}
	return fmt.Sprintf(`version: 1
system: {name: bench}
dpdk:
  memory: {mode: no-huge, size: 512MiB}
cpu: {control: "%d", workers: "%d"}
ports:
  - {name: p-in, vdev: "net_tap0,iface=%s", iface_id: in}
  - {name: p-out, vdev: "net_tap1,iface=%s", iface_id: out}
logical_switches:
  - name: sw-in
    ports:
      - {name: in, addresses: ["%s %s"]}
      - {name: in-lr, type: router, addresses: [router], options: {router-port: lr-in}}
  - name: sw-out
    ports:
      - {name: out, addresses: [unknown]}
      - {name: out-lr, type: router, addresses: [router], options: {router-port: lr-out}}
logical_routers:
  - name: lr0
    ports:
      - {name: lr-in, mac: "%s", networks: ["%s"]}
      - {name: lr-out, mac: "%s", networks: ["%s"]}
%smetrics: {listen: ""}
api: {mode: "0600"}
`, h.Control, h.Worker, tapIn, tapOut, senderMAC, sender, target.RouterInMAC, target.RouterIn[0], target.RouterOutMAC, target.RouterOut[0], arpbuf)
}

// StartOVN starts OVN on OVS-DPDK. An error that is target.Unavailable means that this
// machine lacks it.
func StartOVN(ctx context.Context, h Host) (*Gateway, error) {
	g := &Gateway{Name: "ovn"}
	return begun(g, g.startOVN(ctx, h))
}

func (g *Gateway) startOVN(ctx context.Context, h Host) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	dir, err := os.MkdirTemp(h.Dir, "ovn-")
	if err != nil {
		return err
	}
	g.stop = append(g.stop, func() error { return os.RemoveAll(dir) })
	n, err := target.StartOVN(ctx, target.OVNConfig{Dir: dir, Control: h.Control, Worker: h.Worker, Memory: target.NoHuge})
	if err != nil {
		return err
	}
	g.stop = append(g.stop, n.Stop)
	g.pause, g.resume = n.Pause, n.Resume
	if err := n.NB(ctx, slices.Concat([][]string{
		{"ls-add", "sw-in"}, {"ls-add", "sw-out"}, {"lr-add", "lr0"},
		{"lsp-add", "sw-in", "in"}, {"lsp-set-addresses", "in", senderMAC.String() + " " + sender.String()},
		{"lsp-add", "sw-out", "out"}, {"lsp-set-addresses", "out", "unknown"},
	}, target.OVNRouterPort("in", target.RouterInMAC, target.RouterIn), target.OVNRouterPort("out", target.RouterOutMAC, target.RouterOut))...); err != nil {
		return err
	}
	// net_tap wants as many receive as transmit queues, and OVS takes two of these: one
	// for its polling thread, one for the main thread.
	for i, tap := range []string{tapIn, tapOut} {
		if err := n.AddPort(ctx, tap, fmt.Sprintf("net_tap%d,iface=%s", i, tap), "n_rxq=2"); err != nil {
			return err
		}
	}
	return g.ready(ctx, n.NS())
}

// refused is how many frames the tap in has refused so far, for its queue was full.
func (w *wire) refused(ctx context.Context) (int, error) {
	out, err := w.ns.Run(ctx, "ip", "-s", "-j", "link", "show", "dev", tapIn)
	if err != nil {
		return 0, err
	}
	return parseRefused(out)
}

func parseRefused(text string) (int, error) {
	var links []struct {
		Stats struct {
			Tx struct {
				Dropped int `json:"dropped"`
			} `json:"tx"`
		} `json:"stats64"`
	}
	if err := json.Unmarshal([]byte(text), &links); err != nil || len(links) != 1 {
		return 0, fmt.Errorf("ip link: %q: %w", text, err)
	}
	return links[0].Stats.Tx.Dropped, nil
}
