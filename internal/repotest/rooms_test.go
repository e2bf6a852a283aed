// SPDX-License-Identifier: Apache-2.0

package repotest

import (
	"slices"
	"strings"
	"testing"
)

const module = "github.com/parkway-gw/parkway"

// room says what the non-test files of a package, and of the packages below it
// that have no line of their own, may import of this module. Test files are free.
type room struct {
	path    string // "" is the module's root
	imports []string
	cgo     bool // may import "C"
}

// rooms is DESIGN's "imports point one way": cmd → internal/app → forwarder,
// arpbuf, internal/{config,api,metrics} → internal/{topology,wire}, cgo, dpdk.
// A path ending in /... allows what is below it too.
var rooms = []room{
	// The ground floor knows nobody, or only its like.
	{path: "internal/match"},
	{path: "internal/topology", imports: []string{"internal/match"}},
	{path: "internal/wire", imports: []string{"internal/topology"}},
	{path: "dpdk", imports: []string{"dpdk/..."}, cgo: true},
	{path: "cgo", imports: []string{"cgo/...", "dpdk/..."}, cgo: true},

	// The datapath's owners: public, and usable without a file or an API.
	{path: "forwarder", imports: []string{"forwarder/...", "internal/topology", "internal/match", "cgo/...", "dpdk/..."}},
	{path: "arpbuf/neighbor", imports: []string{"internal/topology"}}, // tested without DPDK
	{path: "arpbuf", imports: []string{"arpbuf/...", "internal/topology", "internal/wire", "cgo/...", "dpdk/..."}},

	// What faces the user; none of these touches the datapath by itself.
	{path: "internal/config", imports: []string{"internal/config/...", "internal/topology"}},
	{path: "internal/doctor"}, // reads /proc and /sys, knows no configuration
	{path: "internal/state", imports: []string{"internal/topology"}},
	{path: "internal/ovsdb"},
	{path: "internal/ovnnb", imports: []string{"internal/ovsdb", "internal/config", "internal/topology"}},
	{path: "internal/api", imports: []string{"internal/api/..."}},
	{path: "internal/metrics", imports: []string{"internal/metrics/...", "internal/api"}},

	// The manual: made from the command table, which its caller brings, and the keys.
	{path: "internal/manual", imports: []string{"internal/config"}},

	// The only place that knows them all, by nothing that a program which embeds the
	// gateway could not import; and the commands on top of it.
	{path: "internal/app", imports: []string{"internal/app/...", "forwarder/...", "arpbuf/...", "dpdk/...", "internal/config/...", "internal/api/...", "internal/metrics/...", "internal/state"}},
	{path: "internal/cli", imports: []string{"internal/cli/...", "bench", "bench/target", "internal/config/...", "internal/api/...", "internal/demo", "internal/doctor", "internal/ovnnb", "internal/topology"}},
	{path: "cmd", imports: []string{"bench/paced", "bench/parkdrain", "bench/target", "bench/updates", "dpdk/spin", "internal/app/...", "internal/cli/...", "internal/config"}},

	// The laboratory: it sees the gateway from outside, as a user does.
	{path: "internal/lab", imports: []string{"internal/topology"}},
	{path: "internal/demo", imports: []string{"internal/lab", "internal/topology"}},
	{path: "internal/repotest"},
	{path: "test/kernel", imports: []string{"forwarder/...", "arpbuf/...", "dpdk/...", "internal/lab"}},
	{path: "test/peers", imports: []string{"test/gateway", "dpdk/...", "internal/lab"}},
	{path: "test/bench", imports: []string{"bench", "bench/target", "internal/lab", "test/gateway"}},
	{path: "test", imports: []string{"test/...", "internal/api", "internal/lab", "internal/demo", "internal/topology"}},

	// Programs that embed the gateway see what anybody's program sees.
	{path: "examples", imports: []string{"forwarder/...", "arpbuf/...", "dpdk/..."}},
	{path: "configs"},
	{path: "deploy"}, // files for operators, and tests of them
	// The harness runs systems as processes; only its in-process rooms below know the datapath.
	{path: "bench/plot"}, // numbers and names in, SVG out
	{path: "bench/report", imports: []string{"bench", "bench/plot"}},
	{path: "bench/traffic"},
	{path: "bench/target", imports: []string{"bench/traffic", "internal/api", "internal/lab"}},
	{path: "bench/delivery", imports: []string{"bench/target", "internal/api", "internal/lab", "internal/topology"}},
	{path: "bench", imports: []string{"bench/...", "forwarder/...", "arpbuf/...", "cgo/...", "dpdk/...", "internal/api", "internal/lab", "internal/topology", "internal/wire"}},
}

// roomOf finds the line for a package: its own, or the nearest one above it.
func roomOf(dir string) *room {
	var best *room
	for i := range rooms {
		r := &rooms[i]
		if (dir == r.path || strings.HasPrefix(dir, r.path+"/")) && (best == nil || len(r.path) > len(best.path)) {
			best = r
		}
	}
	return best
}

func (r *room) allows(imported string) bool {
	return slices.ContainsFunc(r.imports, func(pattern string) bool {
		below, tree := strings.CutSuffix(pattern, "/...")
		return imported == below || tree && strings.HasPrefix(imported, below+"/")
	})
}

func TestImportsPointOneWay(t *testing.T) {
	for _, f := range goFiles(t) {
		r := roomOf(f.dir)
		if r == nil {
			t.Errorf("%s: package %q has no line in rooms (internal/repotest/rooms_test.go); say what it may import", f.path, f.dir)
			continue
		}
		for _, imported := range f.imports {
			if imported == "C" && !r.cgo {
				t.Errorf("%s imports \"C\"; only dpdk and cgo may", f.path)
			}
			inside, ok := strings.CutPrefix(imported, module+"/")
			if !ok || f.isTest || r.allows(inside) {
				continue
			}
			t.Errorf("%s imports %s; %s may import of this module only %v", f.path, inside, r.path, r.imports)
		}
	}
}

func TestRoomRules(t *testing.T) {
	for _, tc := range []struct {
		dir, imported string
		want          bool
	}{
		{"forwarder", "dpdk", true},
		{"forwarder/plan", "dpdk/eal", true},
		{"forwarder", "internal/config", false},
		{"arpbuf", "internal/app", false},
		{"internal/config/yamlpos", "internal/topology", true},
		{"internal/topology", "internal/wire", false},
		{"cmd/parkway", "internal/app", true},
		{"cmd/parkway", "dpdk", false},
	} {
		if got := roomOf(tc.dir).allows(tc.imported); got != tc.want {
			t.Errorf("%s imports %s: allowed %v, want %v", tc.dir, tc.imported, got, tc.want)
		}
	}
	if roomOf("somewhere") != nil {
		t.Error("an unknown package has a room")
	}
}
