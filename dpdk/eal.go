// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include "shim_eal.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// EALConfig says how to start the EAL. The zero value is usable.
type EALConfig struct {
	Program    string       // argv[0], in DPDK's log and telemetry; default "dpdk"
	Memory     MemoryMode   // where memory comes from; default MemoryAuto
	MemorySize uint64       // bytes, rounded up to MiB; 0 is DefaultMemorySize
	FilePrefix string       // names the runtime directory and telemetry socket; default Program
	Control    CPUSet       // CPUs of the main lcore and of the EAL's own threads; default: the lowest allowed
	PCIAllow   []string     // PCI addresses EAL may use ("0000:03:00.0"); empty: the PCI bus is left alone
	Extra      []string     // further EAL arguments, last on its command line
	Logger     *slog.Logger // takes all that DPDK logs; default slog.Default()
}

// EAL is the running environment abstraction layer. There is at most one in a
// process, ever: rte_eal_init cannot be run a second time, not even after
// rte_eal_cleanup.
type EAL struct {
	plan       memoryPlan
	log        *ealLog
	runtimeDir string
	leftovers  map[string]bool // in runtimeDir before we came, not ours to remove
	stop       chan struct{}   // closed: the init thread cleans up
	stopped    chan error
	closed     atomic.Bool
}

// theEAL is the one global of this package, because the EAL is one: set by the
// first Start that reaches rte_eal_init, and never reset.
var theEAL atomic.Pointer[EAL]

// errOnce is what a second Start gets.
var errOnce = errors.New("the EAL has been started in this process before; DPDK can be initialized once in the life of a process")

// Start initializes DPDK (rte_eal_init) and returns the process's EAL. It may
// be called from any goroutine; rte_eal_init runs on a goroutine and thread of
// its own with the affinity cfg.Control, and that thread stays parked until
// Close. That thread is the main lcore (id 0); the EAL's own threads
// (interrupts, telemetry) get the same CPUs.
//
// A configuration that can't be met is an error and Start may be called again.
// Once rte_eal_init has been called, by a Start that succeeded or failed,
// every further Start is an error.
func Start(cfg EALConfig) (*EAL, error) {
	if theEAL.Load() != nil {
		return nil, errOnce
	}
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	plan, err := planMemory(cfg.Memory, cfg.MemorySize, readHugePages("/sys/kernel/mm/hugepages"), mapHugePage)
	if err != nil {
		return nil, err
	}
	e := &EAL{plan: plan, stop: make(chan struct{}), stopped: make(chan error, 1)}
	e.closed.Store(true) // not running until rte_eal_init has returned
	if !theEAL.CompareAndSwap(nil, e) {
		return nil, errOnce
	}
	if e.log, err = openLog(cfg.Logger); err != nil {
		theEAL.Store(nil)
		return nil, err
	}
	started := make(chan error, 1)
	go e.mainThread(cfg, started)
	if err := <-started; err != nil {
		e.log.close()
		return nil, err
	}
	e.closed.Store(false)
	cfg.Logger.Info("EAL is up", "memory", plan.mode.String(), "why", plan.why, "runtime_dir", e.runtimeDir)
	return e, nil
}

// complete fills in defaults and refuses what EAL would misread.
func (cfg *EALConfig) complete() error {
	if cfg.Program == "" {
		cfg.Program = "dpdk"
	}
	if cfg.FilePrefix == "" {
		cfg.FilePrefix = filepath.Base(cfg.Program)
	}
	if filepath.Base(cfg.FilePrefix) != cfg.FilePrefix || cfg.FilePrefix == "." || cfg.FilePrefix == ".." {
		return fmt.Errorf("EAL file prefix %q is not a plain file name", cfg.FilePrefix)
	}
	if cfg.MemorySize == 0 {
		cfg.MemorySize = DefaultMemorySize
	}
	cfg.MemorySize = (cfg.MemorySize + 1<<20 - 1) &^ (1<<20 - 1)
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	allowed, err := AllowedCPUs()
	if err != nil {
		return err
	}
	if cfg.Control.Len() == 0 {
		cfg.Control = CPUs(allowed.List()[0])
	}
	if missing := cfg.Control.Without(allowed); missing.Len() > 0 {
		return fmt.Errorf("control CPUs %s: this process may not run on %s, only on %s", cfg.Control, missing, allowed)
	}
	return nil
}

// args is the EAL's command line.
func (cfg *EALConfig) args(mode MemoryMode) []string {
	args := []string{
		cfg.Program,
		"--lcores", "0@(" + cfg.Control.String() + ")",
		"--file-prefix", cfg.FilePrefix,
		"-m", strconv.FormatUint(cfg.MemorySize>>20, 10),
	}
	if mode == MemoryHugePages {
		args = append(args, "--in-memory")
	} else {
		args = append(args, "--no-huge", "--no-shconf")
	}
	if len(cfg.PCIAllow) == 0 {
		args = append(args, "--no-pci")
	}
	for _, addr := range cfg.PCIAllow {
		args = append(args, "--allow", addr)
	}
	return append(args, cfg.Extra...)
}

// mainThread initializes, waits for Close, and cleans up, all on one thread,
// which dies with the goroutine because it is never unlocked.
func (e *EAL) mainThread(cfg EALConfig, started chan<- error) {
	runtime.LockOSThread()
	if err := unix.SchedSetaffinity(0, &cfg.Control.bits); err != nil {
		started <- fmt.Errorf("sched_setaffinity(EAL main thread, CPUs %s): %w", cfg.Control, err)
		return
	}
	e.noteLeftovers(cfg.FilePrefix)
	args := cfg.args(e.plan.mode)
	argv := newArgv(args)
	mark := e.log.mark()
	if ret := C.pw_eal_init(C.int(len(args)), argv); ret != 0 {
		err := failed("rte_eal_init", fmt.Sprintf("%q", args[1:]), errnoOf(ret), mark, "")
		e.removeRuntimeDir()
		started <- err
		return
	}
	e.runtimeDir = C.GoString(C.rte_eal_get_runtime_dir())
	started <- nil

	<-e.stop
	var err error
	if ret := C.rte_eal_cleanup(); ret != 0 {
		err = failed("rte_eal_cleanup", cfg.FilePrefix, errnoOf(ret), mark, "")
	}
	e.log.close()
	e.removeRuntimeDir()
	e.stopped <- err
}

// newArgv makes a C argument vector, pointers and text in one block. It is never
// freed: the EAL keeps pointers into it, and overwrites some of them.
func newArgv(args []string) **C.char {
	pointers := (len(args) + 1) * int(C.sizeof_uintptr_t)
	text := 0
	for _, a := range args {
		text += len(a) + 1
	}
	block := C.calloc(1, C.size_t(pointers+text))
	argv := unsafe.Slice((**C.char)(block), len(args)+1)
	rest := unsafe.Slice((*byte)(unsafe.Add(block, pointers)), text)
	for i, a := range args {
		argv[i] = (*C.char)(unsafe.Pointer(&rest[0]))
		rest = rest[copy(rest, a)+1:]
	}
	return &argv[0]
}

// MemoryMode returns the mode in use, hugepages or no-huge, and a sentence
// with the figures that led to it.
func (e *EAL) MemoryMode() (mode MemoryMode, why string) { return e.plan.mode, e.plan.why }

// RuntimeDir returns the directory of the telemetry socket,
// rte_eal_get_runtime_dir.
func (e *EAL) RuntimeDir() string { return e.runtimeDir }

// Close shuts DPDK down (rte_eal_cleanup) on the thread that started it and
// removes what it left in its runtime directory. Every port, pool, ring and
// table must have been closed and every lcore unregistered before: their
// memory goes away. A second Close does nothing. DPDK cannot be started again
// in this process.
func (e *EAL) Close() error {
	if e.closed.Swap(true) {
		return nil
	}
	close(e.stop)
	return <-e.stopped
}

// running is nil while the EAL is up.
func running(fn, object string) error {
	if e := theEAL.Load(); e == nil || e.closed.Load() {
		return &Error{Func: fn, Object: object, Errno: syscall.EPERM, Hint: "the EAL is not running, call dpdk.Start first"}
	}
	return nil
}

// noteLeftovers remembers what is in the runtime directory before the EAL
// comes, save a telemetry socket nobody listens on, which a killed process
// left and the EAL is about to replace.
func (e *EAL) noteLeftovers(prefix string) {
	e.runtimeDir = filepath.Join(runtimeBase(), "dpdk", prefix)
	e.leftovers = map[string]bool{}
	entries, _ := os.ReadDir(e.runtimeDir)
	for _, entry := range entries {
		if entry.Type() != os.ModeSocket || listening(filepath.Join(e.runtimeDir, entry.Name())) {
			e.leftovers[entry.Name()] = true
		}
	}
}

// runtimeBase is where rte_eal_init puts its directory (eal_create_runtime_dir).
func runtimeBase() string {
	if os.Getuid() == 0 {
		return "/var/run"
	}
	if dir := os.Getenv("XDG_RUNTIME_DIR"); dir != "" {
		return dir
	}
	return "/tmp"
}

// listening reports whether some process accepts connections on the socket.
func listening(path string) bool {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return true
	}
	defer unix.Close(fd) //nolint:errcheck // a socket that never carried data
	return !errors.Is(unix.Connect(fd, &unix.SockaddrUnix{Name: path}), unix.ECONNREFUSED)
}

// removeRuntimeDir takes away what this EAL put into its runtime directory,
// and the directory when nothing else is in it. DPDK itself leaves it to
// atexit handlers, which a Go program does not run.
func (e *EAL) removeRuntimeDir() {
	entries, _ := os.ReadDir(e.runtimeDir)
	for _, entry := range entries {
		if !e.leftovers[entry.Name()] {
			_ = os.Remove(filepath.Join(e.runtimeDir, entry.Name()))
		}
	}
	_ = os.Remove(e.runtimeDir)
}
