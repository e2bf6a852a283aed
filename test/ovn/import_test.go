// SPDX-License-Identifier: Apache-2.0

package ovn

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/ovnnb"
	"github.com/parkway-gw/parkway/internal/ovsdb"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/test/gateway"
)

// lines are the lines of `show` that both programs print, without UUIDs, each with what
// it stands under, sorted: neither keeps an order.
func lines(show string) (out []string) {
	uuid := regexp.MustCompile(` [0-9a-f]{8}-[0-9a-f-]{27} \((.*)\)$`)
	var under [3]string
	for line := range strings.Lines(show) {
		text := strings.TrimSpace(line)
		depth := min((len(line)-len(strings.TrimLeft(line, " ")))/4, 2)
		text = uuid.ReplaceAllString(text, " $1")
		if word, _, _ := strings.Cut(text, ":"); depth == 2 && slices.Contains([]string{"bound", "neighbors", "parked"}, word) {
			continue // the gateway's state
		}
		under[depth] = text
		out = append(out, strings.Join(under[:depth+1], " / "))
	}
	slices.Sort(out)
	return out
}

// What ovn-nbctl made and shows is what the gateway, started with the imported file,
// shows; and the file says the same as configs/seed.yaml.
func TestImportCheckShow(t *testing.T) {
	s := startServer(t)
	s.nbctl(seed)
	file := filepath.Join(t.TempDir(), "gw.yaml")
	if r := gateway.Run(t, nil, "import", "ovn", "--strict", "--taps", "-o", file, s.remote); r.Exit != 0 || r.Stdout != "" {
		t.Fatalf("%+v", r)
	}
	if r := gateway.Run(t, nil, "check", file); r.Exit != 0 {
		t.Fatalf("%+v", r)
	}
	got, err := config.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	want, err := config.Load("../../configs/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, topo := range []*topology.Topology{&got.Topology, &want.Topology} {
		slices.SortFunc(topo.Switches, func(a, b topology.Switch) int { return strings.Compare(a.Name, b.Name) })
		for i := range topo.Switches {
			slices.SortFunc(topo.Switches[i].Ports, func(a, b topology.SwitchPort) int { return strings.Compare(a.Name, b.Name) })
		}
		slices.SortFunc(topo.Routers[0].Ports, func(a, b topology.RouterPort) int { return strings.Compare(a.Name, b.Name) })
	}
	if !reflect.DeepEqual(got.Topology, want.Topology) {
		t.Errorf("got  %+v\nwant %+v", got.Topology, want.Topology)
	}
	showsAlike(t, s, file, 30)
}

// showsAlike runs the gateway with an imported file, and compares what it shows.
func showsAlike(t *testing.T, s *server, file string, atLeast int) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// The taps would be in everybody's namespace; ports that are nothing do as well here.
	nowhere := regexp.MustCompile(`"net_tap([0-9]+),iface=[^"]*"`).ReplaceAllString(string(text), `"net_null$1,no-rx=1"`)
	d := gateway.New(t, lab.ForTest(t), nowhere+`
dpdk: {memory: {mode: no-huge}}
cpu: {workers: "@WORKER@"}
metrics: {listen: ""}
api: {socket: "@SOCKET@", mode: "0600"}
`)
	d.Start()
	ovn, ours := lines(s.nbctl("show")), lines(gateway.Run(t, nil, "--socket", d.Socket, "show").Stdout)
	if !slices.Equal(ovn, ours) || len(ovn) < atLeast {
		t.Errorf("ovn-nbctl show\n%s\nparkway show\n%s", strings.Join(ovn, "\n"), strings.Join(ours, "\n"))
	}
	d.Stop(syscall.SIGTERM)
}

// changes are transactions of every kind: rows that come and go, sets and maps that grow
// and shrink.
const changes = `
	lsp-set-addresses sw1-port1 00:00:01:00:00:01~1.1.0.1 00:00:01:00:00:09~1.1.0.9
	lsp-set-addresses sw1-port1 00:00:01:00:00:09~1.1.0.9 unknown
	set logical-router lr0 options:mac_binding_age_threshold=60
	remove logical-router lr0 options always_learn_from_arp_request
	set logical-router-port lrp1 enabled=true
	clear logical-router-port lrp1 enabled
	lsp-set-options ext-localnet network_name=physnet2
	set logical-switch-port ext-localnet tag=42
	lr-route-add lr0 10.0.0.0/8 192.168.123.9
	lr-route-del lr0 0.0.0.0/0
	lsp-del sw2-port4
	ls-add sw9 -- ls-del sw9
	meter-add m drop 10 kbps 5
	set logical-router-port lr0-ext ipv6_ra_configs:address_mode=slaac ipv6_ra_configs:mtu=1400
`

// A server, its file, with its history in differences, and its dump say the same, and so
// does who follows.
func TestSourcesAgree(t *testing.T) {
	s := startServer(t)
	s.nbctl(seed)
	ctx, cancel := context.WithTimeout(t.Context(), gateway.Patience)
	defer cancel()
	c, err := ovsdb.Dial(ctx, s.listen(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	schema, err := c.Schema(ctx, ovnnb.DatabaseName)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Monitor(ctx, schema)
	if err != nil {
		t.Fatal(err)
	}
	s.nbctl(changes)
	fromServer, err := ovnnb.Read(ctx, s.remote)
	if err != nil {
		t.Fatal(err)
	}
	delete(fromServer.Tables, "Connection") // whose state changes by itself, and is not in the file
	same := func(d *ovsdb.Database) bool {
		delete(d.Tables, "Connection")
		return reflect.DeepEqual(sorted(d), sorted(fromServer))
	}
	for !reflect.DeepEqual(sorted(m.Database), sorted(fromServer)) {
		if _, err := m.Next(ctx); err != nil {
			t.Fatalf("%v\nfollowed %+v\nread %+v", err, m.Database.Tables, fromServer.Tables)
		}
		if m.Database.Tables["Connection"] != nil {
			m.Database.Tables["Connection"] = ovsdb.Table{}
		}
	}
	fromFile, err := ovnnb.Read(ctx, s.file)
	if err != nil {
		t.Fatal(err)
	}
	if !same(fromFile) {
		t.Errorf("file   %+v\nserver %+v", fromFile.Tables, fromServer.Tables)
	}
	dump := filepath.Join(t.TempDir(), "dump.json")
	if err := os.WriteFile(dump, []byte(s.run("ovsdb-client", "dump", "-f", "json", s.remote, ovnnb.DatabaseName)), 0o600); err != nil {
		t.Fatal(err)
	}
	fromDump, err := ovnnb.Read(ctx, dump)
	if err != nil {
		t.Fatal(err)
	}
	if !same(fromDump) {
		t.Errorf("dump   %+v\nserver %+v", fromDump.Tables, fromServer.Tables)
	}
	r := gateway.Run(t, nil, "import", "ovn", s.remote)
	if r.Exit != 0 || !strings.Contains(r.Stderr, "not imported: Meter m: ") || !strings.Contains(r.Stdout, "tag: 42") {
		t.Errorf("%+v", r)
	}
	file := filepath.Join(t.TempDir(), "gw.yaml")
	if r := gateway.Run(t, nil, "import", "ovn", "--strict", "-o", file, s.remote); r.Exit != 3 || r.Stdout != "" || !strings.Contains(r.Stderr, "not imported: Meter m: ") {
		t.Errorf("%+v", r)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("--strict failed and wrote: %v", err)
	}
}

// sorted is a database's tables with sets and maps in one order.
func sorted(d *ovsdb.Database) map[string]ovsdb.Table {
	out := map[string]ovsdb.Table{}
	for name, table := range d.Tables {
		if name == "Connection" {
			continue
		}
		out[name] = ovsdb.Table{}
		for id, row := range table {
			copied := ovsdb.Row{}
			for column, v := range row {
				v.Atoms, v.Pairs = slices.Clone(v.Atoms), slices.Clone(v.Pairs)
				slices.SortFunc(v.Atoms, compare)
				slices.SortFunc(v.Pairs, func(a, b ovsdb.Pair) int { return compare(a.Key, b.Key) })
				copied[column] = v
			}
			out[name][id] = copied
		}
	}
	return out
}

func compare(a, b ovsdb.Atom) int {
	switch a := a.(type) {
	case string:
		return strings.Compare(a, b.(string))
	case ovsdb.UUID:
		u := b.(ovsdb.UUID)
		return slices.Compare(a[:], u[:])
	}
	return 0
}

// The server asks a silent client whether it lives, and keeps one that says so.
func TestProbed(t *testing.T) {
	s := startServer(t)
	c, err := ovsdb.Dial(t.Context(), s.listen(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	schema, err := c.Schema(t.Context(), ovnnb.DatabaseName)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Monitor(t.Context(), schema, "Logical_Switch")
	if err != nil {
		t.Fatal(err)
	}
	// A client that does not answer has lost its connection after two intervals.
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := m.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	s.nbctl("ls-add sw1")
	if changes, err := m.Next(t.Context()); err != nil || len(changes) != 1 || changes[0].New == nil {
		t.Errorf("%+v, %v", changes, err)
	}
}

// Another database's socket, and one that is none.
func TestOtherServers(t *testing.T) {
	s := startServer(t)
	r := gateway.Run(t, nil, "import", "ovn", strings.TrimPrefix(s.remote, "unix:"))
	if r.Exit != 1 || !strings.Contains(r.Stderr, "this is a socket; write "+s.remote) {
		t.Errorf("%+v", r)
	}
	r = gateway.Run(t, nil, "import", "ovn", "unix:/nowhere/nb.sock")
	if r.Exit != 1 || !strings.Contains(r.Stderr, "no such socket; is ovsdb-server running?") {
		t.Errorf("%+v", r)
	}
	r = gateway.Run(t, nil, "import", "ovn", s.remote) // an empty database
	if r.Exit != 1 || !strings.Contains(r.Stderr, "no switch port is left") {
		t.Errorf("%+v", r)
	}
}
