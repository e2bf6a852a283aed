// SPDX-License-Identifier: Apache-2.0

// Package golden runs the built gateway on net_pcap ports: frames that the tests
// make go in by one file per port, and what comes out is compared, octet by octet,
// with captures that are kept in testdata/CASE, as are the counters. A change of
// behavior shows as a changed capture; `go test ./test/golden -update` rewrites
// them, and tcpdump -r reads them.
//
// net_pcap has no MAC to set and one tx queue per file, so control has none of its
// own here: all that the router sends itself passes the inject ring.
package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/test/gateway"
)

var update = flag.Bool("update", false, "rewrite the golden captures and counters in testdata")

func TestMain(m *testing.M) { gateway.Main(m) }

// counters is what of the conservation law goes into counters.golden.json.
type counters struct {
	Rx         uint64            `json:"rx"`
	Originated uint64            `json:"originated"`
	Tx         uint64            `json:"tx"`
	Consumed   uint64            `json:"consumed"`
	Parked     uint64            `json:"parked"`
	Drops      map[string]uint64 `json:"drops"` // those that are not 0
}

func reduce(c api.Counters) counters {
	out := counters{Rx: c.Rx, Originated: c.Originated, Tx: c.Tx, Consumed: c.Consumed, Parked: c.Parked, Drops: map[string]uint64{}}
	for reason, n := range c.Drops {
		if n > 0 {
			out.Drops[reason] = n
		}
	}
	return out
}

func (c counters) text() string {
	b, _ := json.MarshalIndent(c, "", "  ")
	return string(b) + "\n"
}

func TestCaptures(t *testing.T) {
	names, err := filepath.Glob("testdata/*/config.yaml")
	if err != nil || len(names) != len(cases) {
		t.Errorf("%d configurations for %d cases", len(names), len(cases))
	}
	for name, in := range cases {
		t.Run(name, func(t *testing.T) { capture(t, filepath.Join("testdata", name), in) })
	}
}

// Every reason to drop a packet has a capture, or a word on why it can't have one.
func TestEveryDropReasonHasACapture(t *testing.T) {
	elsewhere := map[string]string{
		"l2_port_unbound":  "the check of configurations refuses a port that nothing names",
		"l2_flood_no_mbuf": "needs an exhausted pool", "ip_fragment_no_mbuf": "",
		"out_no_room_for_tag": "the pool's headroom has room",
		"storm_broadcast":     "depends on time", "storm_multicast": "", "storm_unknown_unicast": "",
		"tx_full":         "net_pcap takes all it is given",
		"neighbor_failed": "comes after a failure, so it depends on time",
		"park_evicted":    "parking has end-to-end tests of its own", "park_ring_full": "", "park_nexthops_full": "", "park_packets_full": "",
		"park_preempted": "", "park_neighbors_full": "", "park_gate_evicted": "", "park_gate_full": "", "park_gate_expired": "", "park_pool_share": "", "park_expired": "", "park_discarded": "",
		"punt_arp_nd_full": "needs control to lag behind", "punt_ip_full": "", "inject_full": "",
		"punt_rate_limited": "depends on time",
		"shutdown":          "comes after the last reading of the counters",
	}
	files, _ := filepath.Glob("testdata/*/counters.golden.json")
	seen := map[string]bool{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var c counters
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for reason := range c.Drops {
			seen[reason] = true
		}
	}
	config, err := os.ReadFile("testdata/drops/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d := gateway.New(t, lab.ForTest(t), string(config))
	for i := range 9 {
		gateway.WritePcap(t, filepath.Join(d.Dir, fmt.Sprintf("p-%c.in.pcap", 'a'+i)))
	}
	d.Start()
	for reason := range d.Counters().Drops {
		if _, excused := elsewhere[reason]; excused == seen[reason] {
			t.Errorf("%s: in a capture %v, excused %v", reason, seen[reason], excused)
		}
	}
	d.Stop(syscall.SIGTERM)
}

func capture(t *testing.T, dir string, in map[string][][]byte) {
	config, err := os.ReadFile(filepath.Join(dir, "config.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	d := gateway.New(t, lab.ForTest(t), string(config))
	var ports []string
	sent := uint64(0)
	for line := range strings.Lines(string(config)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "- {name: p-"); ok {
			name, _, _ = strings.Cut("p-"+name, ",")
			ports = append(ports, name)
			gateway.WritePcap(t, filepath.Join(d.Dir, name+".in.pcap"), in[name]...)
			sent += uint64(len(in[name]))
		}
	}
	file := filepath.Join(dir, "counters.golden.json")
	want, err := os.ReadFile(file)
	if err != nil && !*update {
		t.Fatal(err)
	}
	d.Start()
	got := settle(t, d, sent, string(want))
	d.Stop(syscall.SIGTERM)
	if *update {
		if err := os.WriteFile(file, []byte(got.text()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got.text() != string(want) {
		t.Errorf("counters:\n%s%s has\n%s", got.text(), file, want)
	}
	for _, p := range ports {
		compare(t, filepath.Join(d.Dir, p+".out.pcap"), filepath.Join(dir, p+".golden.pcap"))
	}
}

// settle waits until the gateway has done with everything: it has counted what it
// should, or, when that comes to nothing or isn't known yet, nothing has changed for
// a while.
func settle(t *testing.T, d *gateway.Daemon, sent uint64, want string) counters {
	t.Helper()
	var c api.Counters
	if !*update && d.Await(5*time.Second, "the counters", func() error {
		c = d.Counters()
		if c.Balance != 0 || reduce(c).text() != want {
			return fmt.Errorf("%+v", c)
		}
		return nil
	}) == nil {
		return reduce(c)
	}
	const quiet = time.Second // longer than all probes of a next hop that never answers
	since := time.Now()
	d.Eventually("all has come in and nothing moves", func() error {
		now := d.Counters()
		if fmt.Sprint(now) != fmt.Sprint(c) {
			c, since = now, time.Now()
		}
		if c.Rx != sent || c.Balance != 0 || time.Since(since) < quiet {
			return fmt.Errorf("%d frames sent, %+v", sent, c)
		}
		return nil
	})
	return reduce(c)
}

// What a port sends is in the order of what came in, but for the router's own
// packets: they come from control, at its time. Control takes ARP and ND, IPv4 and
// IPv6 from different rings and timers, so there is an order within each of these
// only. class tells them apart; captures are sorted by it.
func class(f []byte) string {
	p := lab.ParsePacket(f)
	asks, answers := p.ICMPType == lab.ICMPv6NS, p.ICMPType == lab.ICMPv6NA
	switch {
	case !isRouter(p.Src):
		return "0 switched"
	case p.EtherType == lab.EtherARP:
		return "2 ARP"
	case p.Proto == lab.ProtoICMPv6 && (asks || answers):
		return "3 ND"
	case p.Proto == lab.ProtoICMP && p.EtherType == lab.EtherIPv4 && p.ICMPType != lab.ICMPEchoRequest:
		return "4 ICMP"
	case p.Proto == 6 && p.TTL == 64 && p.EtherType == lab.EtherIPv4: // the hosts' segments are a hop older
		return "7 TCP"
	case p.Proto == 6 && p.TTL == 64 && p.EtherType == lab.EtherIPv6:
		return "8 TCP"
	case p.Proto == lab.ProtoICMPv6 && p.EtherType == lab.EtherIPv6 && p.ICMPType != lab.ICMPv6EchoRequest:
		if p.DstIP.IsLinkLocalUnicast() {
			return "6 ICMPv6 on the link" // never routed: control sends it as it does ND
		}
		return "5 ICMPv6"
	}
	return "1 routed"
}

// isRouter: the cases' router ports, and nobody else, have MACs that begin so.
func isRouter(m topology.MAC) bool { return bytes.HasPrefix(m[:], []byte{2, 0, 0, 0xff}) }

func compare(t *testing.T, gotFile, wantFile string) {
	t.Helper()
	got := read(t, gotFile)
	slices.SortStableFunc(got, func(a, b []byte) int { return strings.Compare(class(a), class(b)) })
	if *update {
		gateway.WritePcap(t, wantFile, got...)
		return
	}
	want := read(t, wantFile)
	if len(got) != len(want) {
		t.Errorf("%s: %d frames, want %d", wantFile, len(got), len(want))
	}
	for i := range max(len(got), len(want)) {
		var g, w []byte
		if i < len(got) {
			g = got[i]
		}
		if i < len(want) {
			w = want[i]
		}
		if !bytes.Equal(g, w) {
			t.Errorf("%s: frame %d differs\n got  %v\n      %x\n want %v\n      %x", wantFile, i+1, lab.ParsePacket(g), g, lab.ParsePacket(w), w)
			return // the others are shifted, as a rule
		}
	}
}

func read(t *testing.T, file string) (frames [][]byte) {
	t.Helper()
	captured, err := lab.ReadPcap(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range captured {
		frames = append(frames, f.Data)
	}
	return frames
}
