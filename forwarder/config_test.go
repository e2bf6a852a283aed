// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func TestPlanQueues(t *testing.T) {
	for _, tc := range []struct {
		name            string
		driver          string
		maxRx, maxTx    uint16
		wanted, workers int
		want            queues
		err             string
	}{
		{"NIC", "net_ixgbe", 64, 64, 0, 2, queues{2, 3, true}, ""},
		{"NIC, one rx queue wanted", "net_ixgbe", 64, 64, 1, 2, queues{1, 3, true}, ""},
		{"NIC with few queues", "net_ixgbe", 2, 2, 0, 2, queues{2, 2, false}, ""},
		{"tap pairs", "net_tap", 16, 16, 1, 1, queues{1, 1, false}, ""},
		{"tap with workers", "net_tap", 16, 16, 0, 3, queues{3, 3, false}, ""},
		{"pcap", "net_pcap", 1, 1, 0, 1, queues{1, 1, false}, ""},
		{"pcap, two workers", "net_pcap", 1, 1, 0, 2, queues{}, "it offers 1 tx queues, and each of 2 workers needs one; run 1 workers at most"},
		{"pcap with two files", "net_pcap", 1, 2, 4, 2, queues{1, 2, false}, ""},
		{"memif", "net_memif", 256, 256, 1, 1, queues{1, 1, false}, ""},
		{"vhost-user with workers", "net_vhost", 4, 4, 2, 2, queues{2, 2, false}, ""},
		{"nothing to receive", "net_x", 0, 4, 0, 1, queues{}, "no rx queue"},
	} {
		info := dpdk.PortInfo{Driver: tc.driver, Device: "dev", MaxRxQueues: tc.maxRx, MaxTxQueues: tc.maxTx}
		got, note, err := planQueues("p", &info, tc.wanted, tc.workers)
		if tc.err == "" && (err != nil || got != tc.want) || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("%s: %+v, %v; want %+v, %q", tc.name, got, err, tc.want, tc.err)
		}
		if (note != "") != (tc.wanted > int(tc.maxRx)) {
			t.Errorf("%s: note %q", tc.name, note)
		}
	}
}

func TestAssignQueuesSpreads(t *testing.T) {
	ports := []*port{{id: 0, queues: queues{rx: 1}}, {id: 1, queues: queues{rx: 1}}, {id: 2, queues: queues{rx: 3}}}
	got := assignQueues(ports, 2)
	want := [][]cgo.RxQueue{{{Port: 0}, {Port: 2}, {Port: 2, Queue: 2}}, {{Port: 1}, {Port: 2, Queue: 1}}}
	for w := range want {
		if !slices.Equal(got[w], want[w]) {
			t.Errorf("worker %d polls %v, want %v", w, got[w], want[w])
		}
	}
}

func TestParkLimit(t *testing.T) {
	cfg := Config{Mbufs: 8192, Workers: []int{0}, Park: ParkConfig{NextHops: 1, PacketsPerNextHop: 64, MaxPackets: 4096}}
	nic := &port{queues: queues{rx: 1, tx: 2}, info: dpdk.PortInfo{Driver: "net_x", RxDesc: dpdk.DescLimits{Default: 512}, TxDesc: dpdk.DescLimits{Default: 512}}}
	if got, err := parkLimit(&cfg, []*port{nic}); got != 4096 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	if got, err := parkLimit(&cfg, []*port{nic, nic, nic}); err != nil || got != 8192-3*3*512-2*384-256 {
		t.Errorf("a smaller share: %d, %v", got, err)
	}
	_, err := parkLimit(&cfg, []*port{nic, nic, nic, nic, nic})
	if err == nil || !strings.Contains(err.Error(), "2560 for rx queues, 5120 for tx queues") || !strings.Contains(err.Error(), "to 12800 or more") {
		t.Errorf("too small a pool: %v", err)
	}
}

func TestCheckRefuses(t *testing.T) {
	one := dpdk.PortID(1)
	null := func(name, iface string) Port { return Port{Name: name, Device: "net_null_" + name, IfaceID: iface} }
	for _, tc := range []struct {
		want   string
		change func(*Config)
	}{
		{"Config.EAL is missing", func(c *Config) { c.EAL = nil }},
		{"33 workers; 1 to 32 are possible", func(c *Config) { c.Workers = make([]int, 33) }},
		{"33 ports, 32 at most", func(c *Config) { c.Ports = make([]Port, 33) }},
		{"RingSize is 1000; it must be a power of two", func(c *Config) { c.RingSize = 1000 }},
		{"Mbufs is 100; 1024 to", func(c *Config) { c.Mbufs = 100 }},
		{"give either Device or Attached", func(c *Config) { c.Ports = []Port{{Name: "p"}} }},
		{"give either Device or Attached", func(c *Config) { c.Ports = []Port{{Name: "p", Device: "x", Attached: &one}} }},
		{`the name is used twice`, func(c *Config) { c.Ports = []Port{null("a", ""), null("a", "")} }},
		{`port "b": the iface_id "vm1" is bound to port "a" already`, func(c *Config) { c.Ports = []Port{null("a", "vm1"), null("b", "vm1")} }},
		{`a port is bound to one of them`, func(c *Config) { c.Ports = []Port{{Name: "a", Device: "x", IfaceID: "a", NetworkName: "b"}} }},
		{"an MTU of 20; 68 to", func(c *Config) { c.Ports = []Port{{Name: "a", Device: "x", MTU: 20}} }},
	} {
		cfg := Defaults()
		cfg.EAL = dpdktest.EAL()
		tc.change(&cfg)
		if err := cfg.check(); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%v, want %q", err, tc.want)
		}
	}
}

// The order of the stages is written in the C pipeline; Stages repeats it.
func TestStagesAreThePipelines(t *testing.T) {
	source, err := os.ReadFile("../cgo/pipeline.c")
	if err != nil {
		t.Fatal(err)
	}
	called := regexp.MustCompile(`\bpw_(l[rs]_\w+)\(`)
	var order []string
	seen := map[string]bool{}
	for _, block := range []string{"ingress(struct", "admit(struct", "route4(struct", "routed(struct"} {
		_, rest, found := strings.Cut(string(source), "\n"+block)
		if !found {
			t.Fatalf("no function %s in the pipeline", block)
		}
		body, _, _ := strings.Cut(rest, "\n}")
		for _, m := range called.FindAllStringSubmatch(body, -1) {
			name := strings.NewReplacer("ip4", "ip", "ip6", "ip").Replace(m[1])
			if !seen[name] {
				seen[name] = true
				order = append(order, name)
			}
		}
	}
	order = append(order, "ls_out_check_port_sec", "ls_out_delivery") // called by lr_out_delivery and ls_in_l2_lkup
	if !slices.Equal(order, Stages()) {
		t.Errorf("the pipeline runs %v\nStages says      %v", order, Stages())
	}
}

func TestDropReasons(t *testing.T) {
	elsewhere := []string{"punt", "inject", "control", "worker"}
	names := map[string]bool{}
	for i, r := range DropReasons() {
		if r.Name == "" || r.What == "" || r.Remedy == "" || names[r.Name] {
			t.Errorf("reason %d: %+v", i, r)
		}
		names[r.Name] = true
		if !slices.Contains(Stages(), r.Stage) && !slices.Contains(elsewhere, r.Stage) {
			t.Errorf("%s: no stage is called %q", r.Name, r.Stage)
		}
	}
}
