// SPDX-License-Identifier: Apache-2.0

package updates

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/bench/traffic"
	"github.com/parkway-gw/parkway/dpdk"
)

// A tiny run: every size of each family, deleted and added, and no route is missing
// afterwards, or the second round would fail.
func TestServe(t *testing.T) {
	allowed, err := dpdk.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	cpus := allowed.List()
	s := target.Scenario{Family: target.Mixed, Sizes: traffic.Fixed(64), Flows: 16, Routes: 300, Neighbors: 16, Seed: 7}
	cfg := target.UpdatesConfig{Control: cpus[0], Worker: cpus[len(cpus)-1], Octets: 512 << 20, Sizes: []int{1, 70, 1000}, Rounds: 2, Seconds: 0.05}
	for _, r := range s.Network().Routes {
		if r.Prefix.Addr().Is4() {
			cfg.Routes4 = append(cfg.Routes4, r)
		} else {
			cfg.Routes6 = append(cfg.Routes6, r)
		}
	}
	in, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := Serve(t.Context(), bytes.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	rounds := 0
	for line := range strings.Lines(out.String()) {
		var r target.UpdatesResult
		if err := json.Unmarshal([]byte(strings.TrimPrefix(line, target.UpdatesReply)), &r); err != nil {
			t.Fatal(err)
		}
		rounds++
		got := ""
		for _, x := range r.Rates {
			got += fmt.Sprintf("%v %v %d; ", x.V6, x.Added, x.Size)
			if x.Routes < x.Size || x.Seconds <= 0 || x.Commit <= 0 || x.Commit > x.Seconds {
				t.Errorf("%+v", x)
			}
		}
		if got != "false false 1; false true 1; false false 70; false true 70; true false 1; true true 1; true false 70; true true 70; " {
			t.Error(got)
		}
	}
	if rounds != 2 {
		t.Errorf("%d rounds", rounds)
	}
	if err := Serve(t.Context(), strings.NewReader("{"), &out); err == nil {
		t.Error("half a configuration")
	}
}
