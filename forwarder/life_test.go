// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func stopForwarder(t *testing.T, f *Forwarder) {
	t.Helper()
	if err := f.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// nothingLeft demands that no port is attached, and that a forwarder can be made
// again from the same names and the same memory.
func nothingLeft(t *testing.T) {
	t.Helper()
	if ports := dpdk.Ports(); len(ports) != 0 {
		t.Errorf("ports are left: %v", ports)
	}
}

func TestStartStopTwentyTimes(t *testing.T) {
	for i := range 20 {
		g := newGateway(t, article(), 1+i%2, Port{IfaceID: "vm1"}, Port{IfaceID: "vm3"})
		for range 10 { // some of them are on their way when it stops
			g.send("vm1", 0, udp(t, vm1MAC, lrp1MAC, "1.1.0.1", "192.168.123.9", 64, 9)) // parks
			g.send("vm1", 0, udp(t, vm1MAC, lrp1MAC, "1.1.0.1", "1.1.254.254", 64, 9))   // is punted
		}
		if i%3 == 0 {
			g.drops("park_evicted", 2)
		}
		dpdktest.Drain(g.wires["vm1"].in[0]) // what nobody has received is not the forwarder's
		g.stop()
		nothingLeft(t)
		if c := g.Counters(); c.Balance() != 0 || c.ParkedNow() != 0 {
			t.Fatalf("round %d: %+v", i, c)
		}
		g.stop() // again: nothing happens
	}
}

func TestStopSaysWhatIsMissing(t *testing.T) {
	g := newGateway(t, article(), 1, Port{IfaceID: "vm1"}, Port{IfaceID: "vm3"})
	g.send("vm1", 0, udp(t, vm1MAC, lrp1MAC, "1.1.0.1", "1.2.0.3", 64, 9))
	for g.wires["vm3"].out[0].Len() == 0 {
		time.Sleep(time.Millisecond)
	}
	pool := g.Pool()
	err := g.Stop(context.Background())
	if err == nil || !strings.Contains(err.Error(), "1 of 4096 mbufs are not back") || !strings.Contains(err.Error(), "sent 1") {
		t.Errorf("an mbuf is in the peer's ring: %v", err)
	}
	dpdktest.Drain(g.wires["vm3"].out[0])
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
	g.quietAfterStop(t)
}

// Readers may come at any time, also while it stops.
func TestReadersNeverMeetFreedMemory(t *testing.T) {
	g := newGateway(t, article(), 1, Port{IfaceID: "vm1"})
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
					g.quietAfterStop(t)
					time.Sleep(100 * time.Microsecond)
				}
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	g.stop()
	time.Sleep(5 * time.Millisecond)
	close(done)
	wg.Wait()
}

func (g *gateway) quietAfterStop(t *testing.T) {
	c := g.Counters()
	_ = g.ControlCounters()
	if p := g.PortStatus(); len(p) == 0 || p[0].Device == "" || p[0].MTU != 1500 || p[0].RxQueues != 1 {
		t.Errorf("ports %+v", p)
	}
	if w := g.Workers(); len(w) != 1 || c.Balance() < 0 {
		t.Errorf("workers %+v", w)
	}
	if p := g.PoolStatus(); p.Mbufs != 4096 || g.TSCHz() < 1e8 || len(g.Routes()) == 0 {
		t.Errorf("pool %+v, %d Hz", p, g.TSCHz())
	}
}

func TestFailuresLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	capture := filepath.Join(dir, "in.pcap")
	header := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0}
	if err := os.WriteFile(capture, header, 0o600); err != nil {
		t.Fatal(err)
	}
	pcap := "net_pcap_f0,rx_pcap=" + capture + ",tx_pcap=" + filepath.Join(dir, "out.pcap")
	null := Port{Name: "n", Device: "net_null_f0", IfaceID: "vm1"}
	for _, tc := range []struct {
		name, want string
		workers    int
		change     func(*Config)
	}{
		{"too many workers for net_pcap", "offers 1 tx queues, and each of 2 workers needs one", 2,
			func(c *Config) { c.Ports = append(c.Ports, Port{Name: "p", Device: pcap}) }},
		{"no such driver", "net_wombat", 1, func(c *Config) { c.Ports = append(c.Ports, Port{Name: "p", Device: "net_wombat0"}) }},
		{"the same device twice", "attached already", 1,
			func(c *Config) { c.Ports = append(c.Ports, Port{Name: "p", Device: "net_null_f0"}) }},
		{"bound twice", "is bound to port", 1,
			func(c *Config) { c.Ports = append(c.Ports, Port{Name: "p", Device: "net_null_f1", IfaceID: "vm1"}) }},
		{"no such file", "/nowhere", 1, func(c *Config) {
			c.Ports = append(c.Ports, Port{Name: "p", Device: "net_pcap_f1,rx_pcap=/nowhere,tx_pcap=/nowhere"})
		}},
		{"pool too small", "needed are", 1, func(c *Config) { c.Mbufs, c.Workers = 1024, []int{0, 0, 0} }},
		{"no memory", "rte_pktmbuf_pool_create", 1, func(c *Config) { c.Mbufs = 1 << 22 }},
		{"FIBs beyond memory", "router", 1, func(c *Config) { c.Topology = manyRouters(1 + dpdktest.MemorySize>>25) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := testConfig(article(), tc.workers)
			cfg.Ports = []Port{null}
			tc.change(&cfg)
			if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
			nothingLeft(t)
		})
	}
	t.Run("no such CPU", func(t *testing.T) {
		cfg := testConfig(article(), 2)
		cfg.Ports = []Port{null}
		cfg.Workers[1] = 1000
		f, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Start(); err == nil || !strings.Contains(err.Error(), "worker 1 on CPU 1000") {
			t.Errorf("%v", err)
		}
		if err := f.Start(); err == nil {
			t.Error("started after a failed start")
		}
		stopForwarder(t, f)
		stopForwarder(t, f)
		nothingLeft(t)
	})
	t.Run("then it works", func(t *testing.T) {
		cfg := testConfig(article(), 1)
		cfg.Ports = []Port{null}
		f, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		stopForwarder(t, f) // without a start
		nothingLeft(t)
	})
}

func manyRouters(n int) (topo Topology) {
	for i := range n {
		m := MAC{2, 0, 0, 0, 9, byte(i)}
		name := "r" + string(rune('a'+i))
		topo.Switches = append(topo.Switches, Switch{Name: "sw" + name, Ports: []SwitchPort{cable(name + "p")}})
		topo.Routers = append(topo.Routers, Router{Name: name, Ports: []RouterPort{lrp(name+"p", m.String(), "10.0.0.1/24")}})
	}
	return topo
}

// The drivers that need no NIC all start, forward or not, and leave nothing.
func TestDrivers(t *testing.T) {
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcap")
	writePcap(t, in, udp(t, vm1MAC, lrp1MAC, "1.1.0.1", "1.2.0.3", 64, 9))
	for _, tc := range []struct {
		name    string
		ports   []Port
		workers int
		needs   string
		sends   bool
	}{
		{"net_pcap", []Port{{Name: "a", Device: "net_pcap_d0,rx_pcap=" + in + ",tx_pcap=" + filepath.Join(dir, "x.pcap"), IfaceID: "vm1", MTU: 1400},
			{Name: "b", Device: "net_pcap_d1,rx_pcap=" + in + ",tx_pcap=" + out, IfaceID: "vm3"}}, 1, "", true},
		{"net_null", []Port{{Name: "a", Device: "net_null_d0", IfaceID: "vm1"}, {Name: "b", Device: "net_null_d1", IfaceID: "vm3"}}, 2, "", false},
		{"net_tap", []Port{{Name: "a", Device: "net_tap_d0,iface=pwfwd0", IfaceID: "vm1", MTU: 1400}, {Name: "b", Device: "net_tap_d1,iface=pwfwd1", IfaceID: "vm3"}}, 2, "/dev/net/tun", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if tc.needs != "" {
				if file, err := os.OpenFile(tc.needs, os.O_RDWR, 0); err != nil || os.Getuid() != 0 {
					t.Skipf("needs root and %s: %v", tc.needs, err)
				} else {
					_ = file.Close()
				}
			}
			cfg := testConfig(article(), tc.workers)
			cfg.Ports = tc.ports
			f, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer nothingLeft(t)
			defer stopForwarder(t, f)
			if err := f.Start(); err != nil {
				t.Fatal(err)
			}
			if tc.needs != "" {
				if i, err := net.InterfaceByName("pwfwd0"); err != nil || i.MTU != 1400 {
					t.Errorf("interface %+v, %v", i, err)
				}
			}
			for _, p := range f.PortStatus() {
				if p.Driver != tc.name || p.MTU < 1400 || p.MAC.IsZero() && tc.name != "net_null" {
					t.Errorf("%+v", p)
				}
			}
			for end := time.Now().Add(5 * time.Second); tc.sends && f.Counters().Tx == 0 && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
		})
	}
	// The packet of b's capture is for lrp1, which is not on its switch; a's arrives.
	got, err := os.ReadFile(out)
	want := udp(t, lrp2MAC, vm3MAC, "1.1.0.1", "1.2.0.3", 63, 9)
	if err != nil || len(got) != 24+16+len(want) || string(got[40:]) != string(want) {
		t.Errorf("captured %x, %v; want %x", got, err, want)
	}
}

func writePcap(t *testing.T, name string, frame []byte) {
	t.Helper()
	n := byte(len(frame))
	data := []byte{0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0, n, 0, 0, 0, n, 0, 0, 0}
	if err := os.WriteFile(name, append(data, frame...), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStopHasADeadline(t *testing.T) {
	g := newGateway(t, article(), 1, Port{IfaceID: "vm1"})
	w := g.workers[0]
	real := w.done
	w.done = make(chan struct{}) // a worker that does not end
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if err := g.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "worker 0 on CPU") {
		t.Errorf("%v", err)
	}
	w.done = real
}
