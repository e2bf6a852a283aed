// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

func parse(t testing.TB, text string) *Config {
	t.Helper()
	c, err := Parse("f.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func mac(s string) topology.MAC {
	m, err := topology.ParseMAC(s)
	if err != nil {
		panic(err)
	}
	return m
}

// The seed is the article's topology, with every value where it belongs.
func TestSeed(t *testing.T) {
	c, err := Load(examples + "/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d := Defaults()
	d.File, d.System.Name = c.File, "gw1"
	d.Ports, d.Topology = c.Ports, c.Topology
	if !reflect.DeepEqual(c, d) {
		t.Errorf("the seed's settings aren't the defaults:\n%+v\n%+v", c, d)
	}
	if got, want := c.Ports[4], (Port{Name: "p-ext", Vdev: "net_tap4,iface=ext0", NetworkName: "physnet1", MTU: 1500, RxQueues: 1}); got != want {
		t.Errorf("port: %+v", got)
	}
	want := topology.Topology{
		Switches: []topology.Switch{
			{Name: "sw1", Ports: []topology.SwitchPort{
				{Name: "sw1-port1", Addresses: []topology.PortAddress{{MAC: mac("00:00:01:00:00:01"), IPs: []netip.Addr{netip.MustParseAddr("1.1.0.1"), netip.MustParseAddr("2001:db8:1::11")}}}},
				{Name: "sw1-port2", Addresses: []topology.PortAddress{{MAC: mac("00:00:01:00:00:02"), IPs: []netip.Addr{netip.MustParseAddr("1.1.0.2"), netip.MustParseAddr("2001:db8:1::12")}}}},
				{Name: "sw1-portr0", Type: topology.PortRouter, Addresses: []topology.PortAddress{{MAC: mac("00:00:01:ff:00:01")}}, RouterPort: "lrp1"},
			}},
			{Name: "sw2", Ports: []topology.SwitchPort{
				{Name: "sw2-port3", Addresses: []topology.PortAddress{{MAC: mac("00:00:02:00:00:03"), IPs: []netip.Addr{netip.MustParseAddr("1.2.0.3"), netip.MustParseAddr("2001:db8:2::13")}}}},
				{Name: "sw2-port4", Addresses: []topology.PortAddress{{MAC: mac("00:00:02:00:00:04"), IPs: []netip.Addr{netip.MustParseAddr("1.2.0.4"), netip.MustParseAddr("2001:db8:2::14")}}}},
				{Name: "sw2-portr0", Type: topology.PortRouter, Addresses: []topology.PortAddress{{MAC: mac("00:00:02:ff:00:02")}}, RouterPort: "lrp2"},
			}},
			{Name: "sw-ext", Ports: []topology.SwitchPort{
				{Name: "ext-localnet", Type: topology.PortLocalnet, Unknown: true, NetworkName: "physnet1"},
				{Name: "ext-lr0", Type: topology.PortRouter, Addresses: []topology.PortAddress{{MAC: mac("02:0a:7f:00:01:29")}}, RouterPort: "lr0-ext"},
			}},
		},
		Routers: []topology.Router{{
			Name:    "lr0",
			Options: topology.RouterOptions{AlwaysLearnFromARPRequest: true, LearnFromUnsolicitedNA: true, MACBindingAgeThreshold: "300"},
			Ports: []topology.RouterPort{
				{Name: "lrp1", MAC: mac("00:00:01:ff:00:01"), Networks: []netip.Prefix{netip.MustParsePrefix("1.1.254.254/16"), netip.MustParsePrefix("2001:db8:1::1/64")}},
				{Name: "lrp2", MAC: mac("00:00:02:ff:00:02"), Networks: []netip.Prefix{netip.MustParsePrefix("1.2.254.254/16"), netip.MustParsePrefix("2001:db8:2::1/64")}},
				{Name: "lr0-ext", MAC: mac("02:0a:7f:00:01:29"), Networks: []netip.Prefix{netip.MustParsePrefix("192.168.123.254/24"), netip.MustParsePrefix("2001:db8:f0f0::1/64")}, GatewayMTU: 1500},
			},
			StaticRoutes: []topology.StaticRoute{{Prefix: netip.MustParsePrefix("0.0.0.0/0"), Nexthop: netip.MustParseAddr("192.168.123.1"), OutputPort: "lr0-ext"}},
		}},
	}
	if want = withLimits(want); !reflect.DeepEqual(c.Topology, want) {
		t.Errorf("topology:\n%+v\n%+v", c.Topology, want)
	}
}

func TestDefaults(t *testing.T) {
	d := Defaults()
	if d.System.Name == "" {
		t.Error("the node has no name")
	}
	d.System.Name = ""
	want := &Config{
		DPDK:      DPDK{Memory: Memory{MemoryAuto, 512 << 20}, Mbufs: 16384},
		CPU:       CPU{Control: 0, Workers: []int{1}, WorkersText: "1", Idle: Idle{IdleAdaptive, 50 * time.Microsecond}},
		Arpbuf:    Arpbuf{"default", 64, 1024, 4096, 3 * time.Second, AgeFromArrival, OverflowDropOldest, FailureICMP, Gated{256, 256, 1024, time.Minute}},
		Neighbors: Neighbors{time.Second, 3, 3, 30 * time.Second, 5 * time.Second, 65536, 3, 5, true, 1000, DetectReport, ForeignRefuse},
		Metrics:   Metrics{"127.0.0.1:9470"},
		API:       API{Socket: "/run/parkway/parkway.sock", Mode: 0o660},
		Log:       Log{LogAuto, LogInfo},
	}
	if !reflect.DeepEqual(d, want) {
		t.Errorf("%+v", d)
	}
}

// small is the smallest file that passes without a warning.
const small = `version: 1
ports: [{name: p1, vdev: net_null0, iface_id: a}]
logical_switches: [{name: s, ports: [{name: a, addresses: [unknown]}]}]
`

// What is omitted, and what is there but empty, gets the defaults.
func TestOmitted(t *testing.T) {
	for _, text := range []string{small, small + "arpbuf:\nneighbors: {}\nlog: ~\nlogical_routers:\nstatic_mac_bindings:\ndpdk: {memory: }\n"} {
		c, d := parse(t, text), Defaults()
		d.File, d.Ports, d.Topology = c.File, []Port{{Name: "p1", Vdev: "net_null0", IfaceID: "a", MTU: 1500, RxQueues: 1}},
			withLimits(topology.Topology{Switches: []topology.Switch{{Name: "s", Ports: []topology.SwitchPort{{Name: "a", Unknown: true}}}}})
		if !reflect.DeepEqual(c, d) {
			t.Errorf("%+v\n%+v", c, d)
		}
	}
}

func TestForms(t *testing.T) {
	c := parse(t, `version: 1
dpdk: {memory: {mode: no-huge, size: 1 GiB}, mbufs: 40000, eal_extra: ["--log-level=8"]}
cpu: {control: 7, workers: "8, 2-3", idle: {mode: poll}}
ports:
  - {name: p1, pci: "3B:00.0,rxq=2", iface_id: a, mtu: 9000, rx_queues: 4}
  - {name: p2, netdev: enp1s0, network_name: phys}
logical_switches:
  - name: s
    ports:
      - {name: a, type: "", park_until: up, addresses: ["02:00:00:00:00:0A", "02:00:00:00:00:0b 10.0.0.5", unknown]}
      - {name: l, type: localnet, tag: 100, options: {network_name: phys}}
      - {name: r, type: router, options: {router-port: lrp, arp_proxy: "02:00:00:00:00:01 169.254.1.1 10.9.0.0/16 fd00:1::7"}}
logical_routers:
  - name: lr
    options: {always_learn_from_arp_request: "False", mac_binding_age_threshold: 300}
    ports: [{name: lrp, mac: "02:00:00:00:00:01", networks: [10.0.0.1/24, "fd00::1/64"], options: {gateway_mtu: "1500"}}]
    static_routes:
      - {ip_prefix: 10.1.1.1, nexthop: 10.0.0.9}
      - {ip_prefix: "::/0", nexthop: "fe80::1", output_port: lrp}
      - {ip_prefix: 10.0.0.0/8, nexthop: discard}
static_mac_bindings: [{logical_port: lrp, ip: "fe80::1", mac: "02:00:00:00:00:99"}]
arpbuf: {profile: ovn, max_age: 20s, gated: {max_age: 5m, packets_per_nexthop: 512}}
neighbors: {probe_rate: 50, foreign_sender: accept}
metrics: {listen: ""}
api: {mode: 0600, socket: /tmp/x.sock}
state: {dir: /var/lib/parkway/}
`)
	if len(c.Warnings) != 0 {
		t.Error(c.Warnings)
	}
	if got, want := c.DPDK, (DPDK{Memory{MemoryNoHuge, 1 << 30}, 40000, []string{"--log-level=8"}}); !reflect.DeepEqual(got, want) {
		t.Errorf("dpdk: %+v", got)
	}
	if got, want := c.CPU, (CPU{7, []int{2, 3, 8}, "8, 2-3", Idle{IdlePoll, 50 * time.Microsecond}}); !reflect.DeepEqual(got, want) {
		t.Errorf("cpu: %+v", got)
	}
	if got, want := c.Ports, []Port{{Name: "p1", PCI: "0000:3b:00.0,rxq=2", IfaceID: "a", MTU: 9000, RxQueues: 4}, {Name: "p2", Netdev: "enp1s0", NetworkName: "phys", MTU: 1500, RxQueues: 1}}; !reflect.DeepEqual(got, want) {
		t.Errorf("ports: %+v", got)
	}
	if got, want := c.Arpbuf, (Arpbuf{"ovn", 4, 1000, 4096, 20 * time.Second, AgeFromLastPacket, OverflowDropOldest, FailureSilent, Gated{512, 256, 1024, 5 * time.Minute}}); got != want {
		t.Errorf("arpbuf: %+v", got)
	}
	if got, want := c.Neighbors, (Neighbors{time.Second, 100, 3, 30 * time.Second, 100 * time.Millisecond, 65536, 3, 5, false, 50, DetectOff, ForeignAccept}); got != want {
		t.Errorf("neighbors: %+v", got)
	}
	if c.State.Dir != "/var/lib/parkway" {
		t.Errorf("%+v", c.State)
	}
	if c.Metrics.Listen != "" || c.API != (API{Socket: "/tmp/x.sock", Mode: 0o600}) {
		t.Errorf("%+v %+v", c.Metrics, c.API)
	}
	ports := c.Topology.Switches[0].Ports
	if a := ports[0]; !a.Unknown || !a.ParkUntilUp || len(a.Addresses) != 2 || len(a.Addresses[1].IPs) != 1 {
		t.Errorf("%+v", a)
	}
	if l := ports[1]; l.Tag != 100 || l.ParkUntilUp || !l.Unknown {
		t.Errorf("%+v", l)
	}
	if r := ports[2]; len(r.Addresses) != 1 || r.Addresses[0].MAC != mac("02:00:00:00:00:01") {
		t.Errorf("a router port without addresses follows its peer: %+v", r)
	}
	if got, want := c.Topology.Switches[0].Ports[2], pfxs("169.254.1.1/32", "10.9.0.0/16", "fd00:1::7/128"); !reflect.DeepEqual(got.ARPProxy, want) || got.ARPProxyMAC != (topology.MAC{2, 0, 0, 0, 0, 1}) {
		t.Errorf("arp_proxy: %+v", got)
	}
	lr := c.Topology.Routers[0]
	if lr.Options != (topology.RouterOptions{MACBindingAgeThreshold: "300"}) || lr.Ports[0].GatewayMTU != 1500 {
		t.Errorf("%+v", lr)
	}
	if s := lr.StaticRoutes; s[0].Prefix != netip.MustParsePrefix("10.1.1.1/32") || !s[2].Discard || s[2].Nexthop.IsValid() {
		t.Errorf("%+v", s)
	}
}

// A service keeps its state where systemd says, unless the file says otherwise; without
// either nothing is kept.
func TestStateDir(t *testing.T) {
	for _, c := range []struct{ env, file, want string }{
		{"", "", ""},
		{"/var/lib/parkway", "", "/var/lib/parkway"},
		{"/var/lib/parkway:/var/lib/other", "", "/var/lib/parkway"},
		{"relative", "", ""},
		{"/var/lib/parkway", "state: {dir: /srv/gw}\n", "/srv/gw"},
		{"/var/lib/parkway", "state: {dir: \"\"}\n", ""},
	} {
		t.Setenv("STATE_DIRECTORY", c.env)
		if got := parse(t, small+c.file).State.Dir; got != c.want {
			t.Errorf("%q, %q: %q, want %q", c.env, c.file, got, c.want)
		}
	}
	t.Setenv("PARKWAY_STATE_DIR", "/srv/env")
	if got := parse(t, small).State.Dir; got != "/srv/env" {
		t.Errorf("%q", got)
	}
}

func TestEnvironment(t *testing.T) {
	text := small + "log: {level: debug}\n"
	t.Setenv("PARKWAY_LOG_LEVEL", "error")
	t.Setenv("PARKWAY_API_SOCKET", "/tmp/e.sock")
	t.Setenv("PARKWAY_CPU_WORKERS", "2-3")
	t.Setenv("PARKWAY_DPDK_MEMORY_MODE", "no-huge")
	t.Setenv("PARKWAY_DPDK_MBUFS", "32768")
	t.Setenv("PARKWAY_CPU_IDLE_MAX_SLEEP", "1ms")
	t.Setenv("PARKWAY_ARPBUF_AGE_FROM", "last-packet")
	t.Setenv("PARKWAY_ARPBUF_GATED_MAX_AGE", "2m")
	t.Setenv("PARKWAY_NEIGHBORS_PROBE_RATE", "7")
	t.Setenv("PARKWAY_NEIGHBORS_ANNOUNCEMENTS", "0")
	t.Setenv("PARKWAY_NEIGHBORS_MANAGE_ROUTES", "false")
	t.Setenv("PARKWAY_NEIGHBORS_DUPLICATE_DETECTION", "strict")
	t.Setenv("PARKWAY_METRICS_LISTEN", "") // empty doesn't override
	c := parse(t, text)
	if c.Log.Level != LogError || c.API.Socket != "/tmp/e.sock" || len(c.CPU.Workers) != 2 || c.DPDK.Memory.Mode != MemoryNoHuge ||
		c.DPDK.Mbufs != 32768 || c.CPU.Idle.MaxSleep != time.Millisecond || c.Arpbuf.AgeFrom != AgeFromLastPacket ||
		c.Arpbuf.Gated.MaxAge != 2*time.Minute || c.Neighbors.ProbeRate != 7 || c.Neighbors.Announcements != 0 ||
		c.Neighbors.ManageRoutes || c.Neighbors.DuplicateDetection != DetectStrict || c.Metrics.Listen != "127.0.0.1:9470" {
		t.Errorf("%+v", c)
	}
	t.Setenv("PARKWAY_LOG_LEVLE", "info")
	c = parse(t, text)
	found := false
	for _, w := range c.Warnings {
		found = found || w.String() == "PARKWAY_LOG_LEVLE: environment: this overrides no setting; did you mean PARKWAY_LOG_LEVEL?"
	}
	if !found {
		t.Error(c.Warnings)
	}
	t.Setenv("PARKWAY_LOG_LEVEL", "loud")
	t.Setenv("PARKWAY_DPDK_MBUFS", "0x10")
	_, err := Parse("f.yaml", []byte(text))
	want := `PARKWAY_DPDK_MBUFS: environment: "0x10" is no decimal number; write a whole number in decimal digits, such as 1024
PARKWAY_LOG_LEVEL: environment: "loud" is not known; choose one of debug, info, warn, error`
	if err == nil || err.Error() != want {
		t.Error(err)
	}
}

// What the file says is stronger than what the profile does.
func TestProfileGivesWay(t *testing.T) {
	c := parse(t, small+"arpbuf: {profile: ovn, age_from: arrival, overflow: drop-newest}\nneighbors: {mcast_solicit: 3, failed_holdoff: 5s, manage_routes: true, duplicate_detection: report}\n")
	want := Defaults().Neighbors
	if c.Neighbors != want || c.Arpbuf.AgeFrom != AgeFromArrival || c.Arpbuf.Overflow != OverflowDropNewest || c.Arpbuf.PacketsPerNexthop != 4 {
		t.Errorf("%+v %+v", c.Arpbuf, c.Neighbors)
	}
}

// park_until is the same beside the addresses and among the options.
func TestParkUntil(t *testing.T) {
	for port, want := range map[string]bool{
		lsp1: false,
		strings.Replace(lsp1, "{", "{park_until: up, ", 1):             true,
		strings.Replace(lsp1, "{", "{park_until: 'up', ", 1):           true,
		strings.Replace(lsp1, "{", "{options: {park_until: up}, ", 1):  true,
		strings.Replace(lsp1, "{", `{type: "", park_until: "up", `, 1): true,
	} {
		c := parse(t, strings.Replace(seed(t), lsp1, port, 1))
		if got := c.Topology.Switches[0].Ports[0]; got.ParkUntilUp != want || len(c.Warnings) != 0 {
			t.Errorf("%s: %+v, %v", port, got, c.Warnings)
		}
	}
}

// ipv6_ra_configs has OVN's names and forms.
func TestRAConfigs(t *testing.T) {
	c, err := Load("../../configs/router-advertisements.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := topology.RAConfigs{
		AddressMode: topology.SLAAC, SendPeriodic: true, MaxInterval: 600 * time.Second, MinInterval: 200 * time.Second, MTU: 1500,
		RDNSS: []netip.Addr{netip.MustParseAddr("2001:db8:a::53"), netip.MustParseAddr("2001:db8:a::54")},
		DNSSL: []string{"example.com", "lab.example.com"}, Preference: topology.PreferHigh,
		Routes: []topology.RARoute{
			{Prefix: netip.MustParsePrefix("2001:db8:b::/48"), Preference: topology.PreferHigh},
			{Prefix: netip.MustParsePrefix("2001:db8:c::/48"), Preference: topology.PreferLow},
		},
	}
	if got := c.Topology.Routers[0].Ports[0].RA; !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := c.Topology.Routers[0].Ports[1].RA; !reflect.DeepEqual(got, topology.RAConfigs{}) || len(c.Warnings) != 0 {
		t.Errorf("without: %+v, %v", got, c.Warnings)
	}
	for text, want := range map[string]topology.RAConfigs{
		`{address_mode: dhcpv6_stateful, send_periodic: "True", router_preference: MEDIUM}`: {AddressMode: topology.DHCPv6Stateful, SendPeriodic: true},
		`{address_mode: dhcpv6_stateless, max_interval: "10"}`:                              {AddressMode: topology.DHCPv6Stateless, MaxInterval: 10 * time.Second},
	} {
		c := parse(t, strings.Replace(seed(t), lrp1nets, lrp1nets+", ipv6_ra_configs: "+text, 1))
		if got := c.Topology.Routers[0].Ports[0].RA; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// Intervals are filled in as RFC 4861 §6.2.1 says.
func TestRAIntervals(t *testing.T) {
	for _, tt := range []struct{ lowest, highest, wantLowest, wantHighest int }{
		{0, 0, 200, 600}, {0, 1800, 600, 1800}, {0, 9, 3, 9}, {0, 4, 3, 4}, {5, 0, 5, 600}, {5, 10, 5, 10},
	} {
		c := topology.RAConfigs{MinInterval: time.Duration(tt.lowest) * time.Second, MaxInterval: time.Duration(tt.highest) * time.Second}
		if lowest, highest := c.Intervals(); lowest != time.Duration(tt.wantLowest)*time.Second || highest != time.Duration(tt.wantHighest)*time.Second {
			t.Errorf("%+v: %v to %v", tt, lowest, highest)
		}
	}
}

// viper lower-cases keys and splits them on dots; names never pass through it.
func TestNamesKeepTheirCase(t *testing.T) {
	c := parse(t, strings.NewReplacer("name: a", "name: Log.Level", "iface_id: a", "iface_id: Log.Level").Replace(small))
	if c.Topology.Switches[0].Ports[0].Name != "Log.Level" || c.Log.Level != LogInfo {
		t.Errorf("%+v", c)
	}
}

func TestCheck(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	secret := write("secret.yaml", small)
	if err := os.Chmod(secret, 0); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path, want string
		exit       int
	}{
		{write("ok.yaml", small), "FILE: ok (1 port, 1 switch, 0 routers, 1 switch port, 0 router ports, 0 static routes, 1 worker)\n", 0},
		{write("warn.yaml", small+"cpu: {workers: 0}\n"), "FILE:4:16: warning: CPU 0 is both a worker's and the control lcore's, so each delays the other; give the control lcore a CPU of its own if the machine has one\n" +
			"FILE: ok (1 port, 1 switch, 0 routers, 1 switch port, 0 router ports, 0 static routes, 1 worker)\n", 0},
		{write("bad.yaml", small+"logs: {}\nmetric: {}\n"), "FILE:4:1: unknown key \"logs\" in the file; did you mean \"log\"?\nFILE:5:1: unknown key \"metric\" in the file; did you mean \"metrics\"?\n", 3},
		{write("empty.yaml", " \n\t\n"), "FILE: the file is empty; start from configs/seed.yaml\n", 3},
		{write("comments.yaml", "# nothing\n"), "FILE: the file holds comments only; start from configs/seed.yaml\n", 3},
		{write("null.yaml", "---\n...\n"), "FILE: the file holds comments only; start from configs/seed.yaml\n", 3},
		{write("scalar.yaml", "hello"), "FILE:1:1: the file wants `key: value` lines, not the text \"hello\"; start from configs/seed.yaml\n", 3},
		{write("list.yaml", "- a"), "FILE:1:1: the file wants `key: value` lines, not a list; start from configs/seed.yaml\n", 3},
		{write("binary.yaml", "\x7fELF\x02\x01"), "FILE:1:1: this is no UTF-8 text: byte 0x7f; is this the right file?\n", 3},
		{write("latin1.yaml", "a: 1\nb: caf\xe9\n"), "FILE:2:7: this is no UTF-8 text: byte 0xe9; is this the right file?\n", 3},
		{write("huge.yaml", strings.Repeat("# nothing\n", maxFileSize/10+1)), "FILE: the file is larger than 128 MiB; is this the right file?\n", 3},
		{filepath.Join(dir, "missing.yaml"), "FILE: no such file; check the name; start from configs/seed.yaml\n", 3},
		{dir, "FILE: this is a directory; name the file in it\n", 3},
		{"", "configuration: no file was named; name one, such as configs/seed.yaml\n", 3},
		{secret, "FILE: permission denied; run as a user who may read it, or chmod it\n", 3},
	} {
		if tt.path == secret && os.Geteuid() == 0 {
			continue // root may read everything
		}
		report, exit := Check(tt.path)
		if tt.path != "" {
			report = strings.ReplaceAll(report, tt.path, "FILE")
		}
		if exit != tt.exit || tt.want != "" && report != tt.want {
			t.Errorf("exit %d\n got %s\nwant %s", exit, report, tt.want)
		}
	}
}

func TestManyProblems(t *testing.T) {
	text := small + "static_mac_bindings:\n" + strings.Repeat("- {}\n", 500)
	_, err := Parse("f.yaml", []byte(text))
	ps, ok := err.(Problems)
	if !ok || len(ps) != maxProblems+1 || !strings.Contains(ps[maxProblems].Msg, "more problems") {
		t.Errorf("%d problems: %v", len(ps), ps[len(ps)-1])
	}
}

func TestBudgets(t *testing.T) {
	c, err := Load(examples + "/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	b := MbufBudget(c)
	if want := (Mbufs{Rx: 2560, Tx: 2560, Caches: 768, Parked: 4096, Reserve: 1024, Pool: 16384}); b != want || !b.Fits() {
		t.Errorf("%+v", b)
	}
	c.DPDK.Mbufs = b.Need()
	if b = MbufBudget(c); !b.Fits() {
		t.Errorf("at the bound: %s", b)
	}
	c.DPDK.Mbufs--
	if b = MbufBudget(c); b.Fits() || b.Suggest() < b.Need() {
		t.Errorf("below the bound: %s", b)
	}
	for i := range c.Ports { // on other devices control has a tx queue of its own
		c.Ports[i].Vdev = strings.Replace(c.Ports[i].Vdev, "net_tap", "net_null", 1)
	}
	if b = MbufBudget(c); b.Rx != 2560 || b.Tx != 5120 {
		t.Errorf("%s", b)
	}
	gate := &c.Topology.Switches[0].Ports[0].ParkUntilUp
	*gate = true
	c.CPU.Workers = []int{1, 2}
	if b = MbufBudget(c); b.Parked != 2*(4096+1024) {
		t.Errorf("with a gated port: %s", b)
	}
	rings := uint64(2 * 1024 * (64*parkEntrySize + parkRingSize))
	c.Arpbuf.Gated.PacketsPerNexthop = 200 // stored as 256
	if m := MemoryBudget(c); m.Parking != rings+2*256*(256*parkEntrySize+parkRingSize) {
		t.Errorf("with a gated port: %s", m)
	}
	*gate = false
	if m := MemoryBudget(c); m.Parking != rings {
		t.Errorf("without one: %s", m)
	}
	c.CPU.Workers = []int{1}
	m := MemoryBudget(c)
	if m.Tables != 2*fibSize {
		t.Errorf("one router with both families: %s", m)
	}
	c.DPDK.Memory.Size = m.Need()
	if m = MemoryBudget(c); !m.Fits() {
		t.Errorf("at the bound: %s", m)
	}
	c.DPDK.Memory.Size--
	if m = MemoryBudget(c); m.Fits() || m.Suggest() < m.Need() {
		t.Errorf("below the bound: %s", m)
	}
	jumbo := m.Packets
	c.Ports[0].MTU = 9000
	if m = MemoryBudget(c); m.Packets <= jumbo {
		t.Errorf("jumbo frames take room: %s", m)
	}
}

func pfxs(list ...string) (out []netip.Prefix) {
	for _, p := range list {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

// RFC 9131: an unknown host's advertisement is believed where its requests are, unless the
// router says otherwise.
func TestLearnFromUnsolicitedNA(t *testing.T) {
	for options, want := range map[string]bool{
		"": true, "always_learn_from_arp_request: false": false, "learn_from_unsolicited_na: false": false,
		"always_learn_from_arp_request: false, learn_from_unsolicited_na: true": true,
	} {
		c := parse(t, fmt.Sprintf(`version: 1
ports: [{name: p, vdev: net_null0, iface_id: a}]
logical_switches: [{name: s, ports: [{name: a, addresses: [unknown]}, {name: r, type: router, options: {router-port: lrp}}]}]
logical_routers: [{name: lr, options: {%s}, ports: [{name: lrp, mac: "02:00:00:00:00:01", networks: [10.0.0.1/24]}]}]
`, options))
		if got := c.Topology.Routers[0].Options.LearnFromUnsolicitedNA; got != want {
			t.Errorf("{%s}: %v, want %v", options, got, want)
		}
	}
}
