// SPDX-License-Identifier: Apache-2.0

package dpdktest

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
)

// MemorySize is what a test binary's EAL gets: 512 MiB. A FIB takes at least 32, and
// twice that while its routes change.
const MemorySize = 512 << 20

// running is the test binary's EAL; there can be only one (dpdk.Start).
var running *dpdk.EAL

// Main is a whole TestMain: it starts the EAL, runs the tests, closes the EAL
// and exits. When a test fails it prints what DPDK logged.
func Main(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) (status int) {
	var log Log
	cfg := Config()
	cfg.Logger = log.Logger()
	eal, err := dpdk.Start(cfg)
	if err != nil {
		fmt.Fprintf(os.Stderr, "dpdktest: no EAL, no tests: %v\n%s", err, log.String())
		return 1
	}
	running = eal
	status = m.Run()
	if err := eal.Close(); err != nil {
		fmt.Fprintf(os.Stderr, "dpdktest: %v\n", err)
		status = 1
	}
	if status != 0 {
		fmt.Fprintf(os.Stderr, "dpdktest: what DPDK logged:\n%s", log.String())
	}
	return status
}

// Config is the EAL configuration that Main uses: no hugepages, no PCI, the
// main lcore on the lowest allowed CPU, a file prefix of this process's own.
func Config() dpdk.EALConfig {
	return dpdk.EALConfig{
		Program:    "pwtest",
		Memory:     dpdk.MemoryNoHuge,
		MemorySize: MemorySize,
		FilePrefix: fmt.Sprintf("pwtest-%d", os.Getpid()),
	}
}

// EAL returns the EAL that Main started.
func EAL() *dpdk.EAL {
	if running == nil {
		panic("dpdktest: TestMain does not call dpdktest.Main")
	}
	return running
}

// Log keeps log records as text. The zero value is ready; any goroutine may use it.
type Log struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Logger returns a logger that writes every level into the Log.
func (l *Log) Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write implements io.Writer for the logger.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// String returns all that was logged.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}
