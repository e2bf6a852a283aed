// SPDX-License-Identifier: Apache-2.0

package app

import (
	"slices"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/config"
)

// A reload takes in the logical network and the log's level; any other key is named.
func TestNeedRestart(t *testing.T) {
	load := func(replace ...string) *config.Config {
		t.Helper()
		old, err := config.Load("../../configs/seed.yaml")
		if err != nil {
			t.Fatal(err)
		}
		text := `
version: 1
ports: [{name: p, vdev: "net_null0", iface_id: vm, mtu: 1500}]
logical_switches: [{name: sw, ports: [{name: vm, addresses: [unknown]}, {name: r, type: router, addresses: ["02:00:00:00:00:01"], options: {router-port: lrp}}]}]
logical_routers: [{name: lr, ports: [{name: lrp, mac: "02:00:00:00:00:01", networks: [10.0.0.1/24]}]}]
arpbuf: {max_age: 3s}
log: {level: info}
`
		c, err := config.Parse(old.File, []byte(strings.NewReplacer(replace...).Replace(text)))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for _, tt := range []struct {
		from, to string
		want     []string
	}{
		{"", "", nil},
		{"10.0.0.1/24", "10.0.0.2/24", nil},
		{"level: info", "level: debug", nil},
		{"max_age: 3s", "max_age: 4s", []string{"arpbuf.max_age"}},
		{"mtu: 1500", "mtu: 1600", []string{"ports"}},
		{"log: {level: info}", "log: {level: info, format: text}\ncpu: {idle: {mode: poll}}", []string{"cpu.idle.mode", "log.format"}},
	} {
		replace := []string{tt.from, tt.to}
		if tt.from == "" {
			replace = nil
		}
		if got := needRestart(load(), load(replace...)); !slices.Equal(got, tt.want) {
			t.Errorf("%q to %q: %q, want %q", tt.from, tt.to, got, tt.want)
		}
	}
}
