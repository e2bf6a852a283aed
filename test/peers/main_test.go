// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"fmt"
	"os"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/test/gateway"
)

func TestMain(m *testing.M) { gateway.Main(m, withEAL) }

// withEAL runs the tests with an EAL for the peers' side.
func withEAL(run func() int) int {
	var log dpdktest.Log
	cfg := dpdktest.Config()
	cfg.Logger, cfg.MemorySize = log.Logger(), 128<<20
	eal, err := dpdk.Start(cfg)
	if err != nil {
		fmt.Fprintf(os.Stderr, "no EAL, no tests: %v\n%s", err, log.String())
		return 1
	}
	status := run()
	if err := eal.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	if status != 0 {
		fmt.Fprintf(os.Stderr, "what DPDK logged:\n%s", log.String())
	}
	return status
}
