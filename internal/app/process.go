// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/internal/config"
)

// confine keeps all threads but the workers' off the workers' CPUs, and tells Go how
// many of its own to run. It comes before any lcore exists.
func confine(c config.CPU) error {
	allowed, err := dpdk.AllowedCPUs()
	if err != nil {
		return err
	}
	workers, control := dpdk.CPUs(c.Workers...), dpdk.CPUs(c.Control)
	const mend = "change the configuration, or what confines this process (taskset, systemd's AllowedCPUs=, the container's cpuset)"
	if missing := workers.Without(allowed); missing.Len() > 0 {
		return fmt.Errorf("cpu.workers: this process may not run on CPU %s, only on %s; %s", missing, allowed, mend)
	}
	if missing := control.Without(allowed); missing.Len() > 0 {
		return fmt.Errorf("cpu.control: this process may not run on CPU %s, only on %s; %s", missing, allowed, mend)
	}
	if err := dpdk.ConfineProcess(allowed.Without(workers).Union(control)); err != nil {
		return err
	}
	runtime.GOMAXPROCS(goMaxProcs(len(c.Workers)))
	return nil
}

// goMaxProcs leaves Go enough processors beside those that workers seem to hold: a
// goroutine in a long C call gives its processor back only after a while, and the
// garbage collector wants a quarter of them. The number is set by hand because the
// runtime would otherwise follow the process's affinity, and again now and then.
func goMaxProcs(workers int) int {
	return max(4, ((workers+1)*4+2)/3+1)
}

// Go's heap holds tables and what the API sends: 256 MiB, 2 KiB per neighbor for the
// entry, its JSON and the collector's slack, and 1 KiB per route: some 200 octets as it is
// configured and compiled, once more while a reload goes on, the file that it is read from,
// and as much again for the collector.
// GOMEMLIMIT overrides it.
const (
	heapBase        = 256 << 20
	heapPerNeighbor = 2 << 10
	heapPerRoute    = 1 << 10
)

func boundMemory(c *config.Config) {
	if os.Getenv("GOMEMLIMIT") == "" {
		routes := 0
		for i := range c.Topology.Routers {
			routes += len(c.Topology.Routers[i].StaticRoutes)
		}
		debug.SetMemoryLimit(heapBase + int64(c.Neighbors.MaxEntries)*heapPerNeighbor + int64(routes)*heapPerRoute)
	}
}
