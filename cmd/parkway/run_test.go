// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
)

// packets are Ethernet frames for a pcap port: n UDP datagrams through the static
// route, whose next hop nobody has resolved, and one to nowhere.
func packets(t *testing.T, n int) string {
	t.Helper()
	file := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	file = append(file, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0)
	add := func(frame string) {
		b, err := hex.DecodeString(strings.ReplaceAll(frame, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []int{0, 0, len(b), len(b)} {
			file = binary.LittleEndian.AppendUint32(file, uint32(word))
		}
		file = append(file, b...)
	}
	for range n {
		add("020000000101 020000000102 0800 4500 0020 0001 0000 4011 4590 0a000102 c6336407 1234 0009 000c 0000 70617263")
	}
	add("020000000101 020000000102 0800 4500 0020 0001 0000 4011 a3c9 0a000102 cc000001 1234 0009 000c 0000 70617263")
	name := filepath.Join(t.TempDir(), "in.pcap")
	if err := os.WriteFile(name, file, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestLife is a gateway from start to SIGTERM: packets from a pcap file park behind
// a next hop that never answers, everything is shown and adds up, and stopping while
// they wait loses no mbuf.
func TestLife(t *testing.T) {
	const parked = 5
	out := filepath.Join(t.TempDir(), "out.pcap")
	listen := freeAddress(t)
	d := newDaemon(t, "@LISTEN@", listen, "@LEFT@", "net_pcap0,rx_pcap="+packets(t, parked)+",tx_pcap="+out)
	d.start()
	show := func(what string, v any) {
		t.Helper()
		args := append([]string{"--socket", d.socket(), "show", "-o", "json"}, strings.Fields(what)...)
		r := parkway(t, nil, args...)
		if r.exit != 0 || r.stderr != "" {
			t.Fatalf("show %s: exit %d, %s", what, r.exit, r.stderr)
		}
		if err := json.Unmarshal([]byte(r.stdout), v); err != nil {
			t.Fatalf("show %s: %v: %s", what, err, r.stdout)
		}
	}
	var p api.Parked
	d.eventually("packets are parked", func() error {
		show("parked", &p)
		if p.Totals.InRing != parked {
			return fmt.Errorf("%+v", p)
		}
		return nil
	})
	if len(p.NextHops) != 1 || p.NextHops[0].IP != "10.0.2.254" || p.NextHops[0].RouterPort != "lrp-right" || p.NextHops[0].Packets != parked {
		t.Errorf("%+v", p)
	}
	var c api.Counters
	show("counters", &c)
	if c.Rx != parked+1 || c.Parked != parked || c.Drops["ip_no_route"] != 1 || c.Balance != 0 || c.Originated == 0 {
		t.Errorf("%+v", c)
	}
	var ports []api.Port
	show("ports", &ports)
	if len(ports) != 2 || ports[0].Name != "p-left" || ports[0].RxPackets != parked+1 {
		t.Errorf("%+v", ports)
	}
	var neighbors []api.Neighbor
	show("neighbors", &neighbors)
	if len(neighbors) != 2 || neighbors[0].State != "PERMANENT" || neighbors[1].State != "INCOMPLETE" {
		t.Errorf("%+v", neighbors)
	}
	var workers []api.Worker
	show("workers", &workers)
	if len(workers) != 1 || workers[0].Packets != parked+1 || fmt.Sprint(workers[0].CPU) != workerCPU() || len(workers[0].RxQueues) != 2 {
		t.Errorf("%+v", workers)
	}
	var routes []api.Route
	show("routes", &routes)
	if len(routes) != 4 {
		t.Errorf("%+v", routes)
	}
	var drops []api.Drop
	show("drops", &drops)
	if len(drops) != len(c.Drops) {
		t.Errorf("%d reasons, %d counters", len(drops), len(c.Drops))
	}
	var cfg api.Config
	show("config", &cfg)
	if cfg.Arpbuf.MaxAge != "1m0s" || cfg.CPU.Control != "0" {
		t.Errorf("%+v", cfg)
	}
	var topology api.Topology
	show("", &topology)
	if r := topology.Routers[0].Ports[1]; r.Parked != parked || r.Neighbors["INCOMPLETE"] != 1 || topology.Switches[0].Ports[0].Binding.RxPackets != parked+1 {
		t.Errorf("%+v", topology)
	}
	if r := parkway(t, nil, "--socket", d.socket(), "show"); !strings.Contains(r.stdout, "\n    port lrp-right\n") || !strings.Contains(r.stdout, "parked: 5 packets") {
		t.Errorf("%+v", r)
	}
	for _, tc := range []struct {
		args string
		exit int
		want string
	}{
		{"", 0, "flushed "},
		{"--router-port lrp-nowhere", 1, `there is no router port "lrp-nowhere"`},
		{"--ip 300.1.1.1", 1, `"300.1.1.1" is no IP address`},
	} {
		r := parkway(t, nil, append([]string{"--socket", d.socket(), "neighbor", "flush"}, strings.Fields(tc.args)...)...)
		if r.exit != tc.exit || !strings.Contains(r.stdout+r.stderr, tc.want) {
			t.Errorf("flush %s: %+v", tc.args, r)
		}
	}
	for path, want := range map[string]string{"/metrics": `parkway_parked_packets{family="ipv4",router_port="lrp-right"} 5`, "/readyz": "ok", "/healthz": "ok"} {
		resp, err := http.Get("http://" + listen + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d without %s", path, resp.StatusCode, want)
		}
	}
	d.stop(syscall.SIGTERM)
	if !strings.Contains(d.stderr.String(), "every mbuf is back") {
		t.Errorf("log:\n%s", &d.stderr)
	}
	if r := parkway(t, nil, "--socket", d.socket(), "show"); r.exit != 4 {
		t.Errorf("show after the end: %+v", r)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A second instance fails and leaves the first alone; a killed one is no obstacle to
// the next.
func TestInstances(t *testing.T) {
	d := newDaemon(t)
	d.start()
	second := parkway(t, nil, "run", "-c", d.config)
	want := fmt.Sprintf("parkway: another instance (pid %d) answers on %s; stop it, or give this one an api.socket of its own\n", d.cmd.Process.Pid, d.socket())
	if second.exit != 1 || second.stderr != want {
		t.Errorf("exit %d\ngot  %swant %s", second.exit, second.stderr, want)
	}
	if h, err := d.client.Health(t.Context()); err != nil || !h.OK() {
		t.Errorf("the first instance: %+v, %v", h, err)
	}
	_ = d.cmd.Process.Kill()
	<-d.done
	stale := d.leftovers()
	if r := parkway(t, nil, "--socket", d.socket(), "show"); r.exit != 4 || !strings.Contains(r.stderr, "nobody listens there any more") {
		t.Errorf("%+v", r)
	}
	if len(stale) < len(d.before)+4 { // folder, socket, lock, DPDK's folder
		t.Errorf("no stale files to test with: %v", stale)
	}
	next := *d
	next.done, next.stderr = make(chan struct{}), bytes.Buffer{}
	next.start()
	next.before = append(d.before, filepath.Dir(d.socket())) // which the killed one made
	next.stop(os.Interrupt)
}

// Two gateways never share a tap, and its name is free again after the first.
func TestTapInUse(t *testing.T) {
	if _, err := os.Stat("/dev/net/tun"); err != nil || os.Geteuid() != 0 {
		t.Skip("needs root and /dev/net/tun")
	}
	const tap = "net_tap0,iface=pwtest0"
	first := newDaemon(t, "@LEFT@", tap)
	first.start()
	second := newDaemon(t, "@LEFT@", tap)
	r := parkway(t, nil, "run", "-c", second.config)
	if want := "the interface pwtest0 is there already and in use"; r.exit != 1 || !strings.Contains(r.stderr, want) {
		t.Errorf("exit %d, %s", r.exit, r.stderr)
	}
	second.wantNothingLeft()
	first.stop(syscall.SIGTERM)
}

// A signal while it starts ends it just as well.
func TestSignalWhileStarting(t *testing.T) {
	for _, after := range []time.Duration{20, 60, 120, 200, 300} {
		d := newDaemon(t)
		d.launch()
		time.Sleep(after * time.Millisecond)
		_ = d.cmd.Process.Signal(syscall.SIGTERM)
		<-d.done
		state := d.cmd.ProcessState
		if code := state.ExitCode(); code != 0 && state.Sys().(syscall.WaitStatus).Signal() != syscall.SIGTERM { // too early to catch it
			t.Errorf("after %d ms: %v; log:\n%s", after, state, &d.stderr)
		}
		d.wantNothingLeft()
	}
}

// What keeps a gateway from starting is one line that names the place and the mend,
// and nothing is left.
func TestRefusals(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
	for _, tc := range []struct {
		name   string
		values []string
		as     *syscall.Credential
		want   []string
	}{
		{"missing driver", []string{"@LEFT@", "net_nosuch0"}, nil, []string{`port "p-left"`, "net_nosuch0", "is there a driver net_nosuch"}},
		{"a worker's CPU", []string{"@WORKERS@", "1000"}, nil, []string{"cpu.workers: this process may not run on CPU 1000, only on ", "AllowedCPUs="}},
		{"hugepages", []string{"@MEMORY@", "hugepages", "256MiB", "1000000MiB"}, nil, []string{"too few hugepages: 1000000 MiB wanted", "nr_hugepages", "no-huge"}},
		{"metrics port", []string{"@LISTEN@", taken.Addr().String()}, nil, []string{"metrics.listen " + taken.Addr().String(), "address already in use", "choose another"}},
		{"tap without permission", []string{"@LEFT@", "net_tap0,iface=pwtest0", "@SOCKET@", filepath.Join(openDir(t), "s")}, nobody,
			[]string{`port "p-left" (net_tap0,iface=pwtest0)`, "no permission", "run as root"}},
		{"socket without permission", []string{"@SOCKET@", "/run/pwtest/parkway.sock"}, nobody, []string{"api.socket /run/pwtest/parkway.sock", "permission denied; run as root"}},
		{"no place for a socket", []string{"@SOCKET@", "/proc/version/parkway.sock"}, nil, []string{"api.socket /proc/version/parkway.sock", "a file stands where its folder should be"}},
		{"no such interface", []string{`vdev: "@LEFT@"`, "netdev: pwtest9"}, nil, []string{`port "p-left"`, "there is no network interface pwtest9"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.as != nil && os.Geteuid() != 0 {
				t.Skip("needs root to become somebody else")
			}
			d := newDaemon(t, tc.values...)
			if err := errors.Join(os.Chmod(d.dir, 0o755), os.Chmod(filepath.Dir(d.dir), 0o755)); err != nil {
				t.Fatal(err)
			}
			r := parkway(t, tc.as, "run", "-c", d.config)
			msg := lastLine(r.stderr)
			if r.exit != 1 || !strings.HasPrefix(msg, "parkway: ") || r.stdout != "" {
				t.Errorf("exit %d, stderr %s", r.exit, r.stderr)
			}
			for _, want := range tc.want {
				if !strings.Contains(msg, want) {
					t.Errorf("%s\nlacks %q", msg, want)
				}
			}
			for line := range strings.Lines(r.stderr) {
				if !strings.HasPrefix(line, "{") && !strings.HasPrefix(line, "parkway: ") && !strings.Contains(line, "warning: ") {
					t.Errorf("a line of another form: %s", line)
				}
			}
			d.wantNothingLeft()
		})
	}
}

// openDir is a folder where everybody may write.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(filepath.Dir(dir), 0o755), os.Chmod(dir, 0o777)); err != nil {
		t.Fatal(err)
	}
	return dir
}
