// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/bench/target"
	"github.com/parkway-gw/parkway/test/gateway"
)

// Ctrl-C while OVN stands still, and while packets wait in it: its processes and its
// namespace go too.
func TestInterruptOVN(t *testing.T) {
	twoCPUs(t)
	if err := target.OVNAvailable(); err != nil {
		t.Skip(err)
	}
	for name, word := range map[string]string{"ovn": "ovn, 4k started", "first-packet-ovn": "round 1 of 2: ovn"} {
		t.Run(name, func(t *testing.T) {
			r := start(t, gateway.Binary, "bench", name, "--quick", "--window", "1h")
			if err := until(t, func() bool { return strings.Contains(r.errs.String(), word) }); err != nil {
				t.Fatalf("%v\n%s", err, r.errs.String())
			}
			if err := r.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if status := r.exit(t, 2*time.Minute); status != 1 || !strings.Contains(r.errs.String(), "interrupted") {
				t.Errorf("status %d\n%s", status, r.errs.String())
			}
			r.nothingLeft(t)
			if left, _ := filepath.Glob(fmt.Sprintf("/run/netns/pwlab-%d-*", r.cmd.Process.Pid)); len(left) > 0 {
				t.Errorf("namespaces are left: %v", left)
			}
		})
	}
}
