// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"cmp"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"github.com/parkway-gw/parkway/internal/config"
	"github.com/parkway-gw/parkway/internal/ovsdb"
	"github.com/parkway-gw/parkway/internal/topology"
)

// seedTopology is configs/seed.yaml's, sorted by name, as the fixtures have it: made by
// OVN 23.03 from the same commands, with a static MAC binding and other aging.
func seedTopology(t *testing.T) topology.Topology {
	t.Helper()
	c, err := config.Load("../../configs/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := c.Topology
	want.Routers[0].Options.MACBindingAgeThreshold = "192.168.0.0/16:300;60"
	for i := range want.Routers[0].Ports {
		want.Routers[0].Ports[i].GatewayMTU = 0
	}
	want.StaticMACBindings = []topology.StaticMACBinding{{LogicalPort: "lr0-ext", IP: netip.MustParseAddr("192.168.123.1"), MAC: topology.MAC{2, 0, 0, 0, 0, 0xfe}}}
	byName(want)
	return want
}

func byName(t topology.Topology) {
	slices.SortFunc(t.Switches, func(a, b topology.Switch) int { return cmp.Compare(a.Name, b.Name) })
	for i := range t.Switches {
		slices.SortFunc(t.Switches[i].Ports, func(a, b topology.SwitchPort) int { return cmp.Compare(a.Name, b.Name) })
	}
	slices.SortFunc(t.Routers, func(a, b topology.Router) int { return cmp.Compare(a.Name, b.Name) })
	for i := range t.Routers {
		slices.SortFunc(t.Routers[i].Ports, func(a, b topology.RouterPort) int { return cmp.Compare(a.Name, b.Name) })
	}
}

func TestSeedTopology(t *testing.T) {
	want := seedTopology(t)
	var texts []string
	for _, file := range []string{"testdata/seed-topology.nb.db", "testdata/seed-topology.nb.dump.json"} {
		for _, o := range []Options{{}, {Taps: true}, {Routers: []string{"lr0"}}} {
			db, err := Read(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			r, err := Import(t.Context(), db, o)
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Unsupported) > 0 {
				t.Errorf("%s %+v: %v", file, o, Report(r.Unsupported, 20))
			}
			if !reflect.DeepEqual(r.Config.Topology, want) {
				t.Errorf("%s %+v:\ngot  %+v\nwant %+v\n%s", file, o, r.Config.Topology, want, r.YAML)
			}
			texts = append(texts, string(r.YAML))
		}
	}
	t.Log(texts[0], texts[1])
}

func mustRead(t *testing.T, dump string) *ovsdb.Database {
	t.Helper()
	db, err := ovsdb.ReadDump("test", []byte(dump))
	if err != nil {
		t.Fatal(err)
	}
	return db
}
