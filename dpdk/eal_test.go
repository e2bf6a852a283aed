// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

// An EAL can be started once a process, so what a start and a close do is
// shown in processes of their own: this test binary again, with a scene to play.
const childEnv = "PARKWAY_DPDK_TEST_SCENE"

func playChild(t *testing.T, scene string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+scene)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if err != nil || stdout.String() != "" || stderr.String() != "" {
		t.Errorf("scene %s: %v\nstdout: %s\nstderr: %s", scene, err, &stdout, &stderr)
	}
}

// child plays a scene; a silent end with status 0 is success.
func child(scene string) int {
	scenes := map[string]func() error{
		"life": sceneLife, "failed": sceneFailed, "leftover": sceneLeftover, "neighbor": sceneNeighbor, "threads": sceneThreads,
	}
	if err := scenes[scene](); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func TestStartAndCloseLeaveNothing(t *testing.T)      { playChild(t, "life") }
func TestStartFailsInEALsWords(t *testing.T)          { playChild(t, "failed") }
func TestStartReplacesDeadSocket(t *testing.T)        { playChild(t, "leftover") }
func TestCloseKeepsWhatIsNotOurs(t *testing.T)        { playChild(t, "neighbor") }
func TestEALThreadsStayOnTheControlCPUs(t *testing.T) { playChild(t, "threads") }

func startQuietly() (*dpdk.EAL, *dpdktest.Log, error) {
	log := new(dpdktest.Log)
	cfg := dpdktest.Config()
	cfg.Logger = log.Logger()
	eal, err := dpdk.Start(cfg)
	return eal, log, err
}

func sceneLife() error {
	if _, err := dpdk.NewMempool("early", dpdk.MempoolConfig{Mbufs: 8}); !errors.Is(err, syscall.EPERM) ||
		!strings.Contains(err.Error(), "the EAL is not running") {
		return fmt.Errorf("a pool before Start: %v", err)
	}
	eal, log, err := startQuietly()
	if err != nil {
		return err
	}
	dir := eal.RuntimeDir()
	if _, err := os.Stat(filepath.Join(dir, "dpdk_telemetry.v2")); err != nil {
		return fmt.Errorf("telemetry is not on: %w", err)
	}
	if mode, why := eal.MemoryMode(); mode != dpdk.MemoryNoHuge || !strings.Contains(why, "512 MiB") {
		return fmt.Errorf("memory mode %v, %s", mode, why)
	}
	if !strings.Contains(log.String(), "Detected CPU lcores") {
		return fmt.Errorf("the EAL's first words are missing from the log: %s", log.String())
	}
	if err := eal.Close(); err != nil {
		return err
	}
	if err := eal.Close(); err != nil {
		return fmt.Errorf("second Close: %w", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is still there (%v)", dir, err)
	}
	if _, err := dpdk.AttachPort("net_null0"); !errors.Is(err, syscall.EPERM) {
		return fmt.Errorf("a port after Close: %v", err)
	}
	if _, _, err := startQuietly(); err == nil || !strings.Contains(err.Error(), "once in the life of a process") {
		return fmt.Errorf("second Start: %v", err)
	}
	return nil
}

func sceneFailed() error {
	log := new(dpdktest.Log)
	cfg := dpdktest.Config()
	cfg.Logger = log.Logger()

	cfg.Control = dpdk.CPUs(1000)
	if _, err := dpdk.Start(cfg); err == nil || !strings.Contains(err.Error(), "may not run on 1000") {
		return fmt.Errorf("CPU 1000: %v", err)
	}
	cfg.Control = dpdk.CPUSet{}
	cfg.FilePrefix = "../x"
	if _, err := dpdk.Start(cfg); err == nil || !strings.Contains(err.Error(), "not a plain file name") {
		return fmt.Errorf("file prefix: %v", err)
	}
	cfg.FilePrefix = dpdktest.Config().FilePrefix
	cfg.Memory, cfg.MemorySize = dpdk.MemoryHugePages, 1<<50
	if _, err := dpdk.Start(cfg); err == nil || !strings.Contains(err.Error(), "too few hugepages") {
		return fmt.Errorf("hugepages: %v", err)
	}

	// None of these reached rte_eal_init, so a real start is still possible,
	// and fails in the EAL: a virtual device that does not exist.
	cfg.Memory, cfg.MemorySize = dpdk.MemoryNoHuge, dpdktest.MemorySize
	cfg.Extra = []string{"--vdev", "net_nosuch0"}
	_, err := dpdk.Start(cfg)
	var e *dpdk.Error
	if !errors.As(err, &e) || e.Func != "rte_eal_init" || !strings.Contains(e.Hint, "net_nosuch0") {
		return fmt.Errorf("bad vdev: %v", err)
	}
	cfg.Extra = nil
	if _, err := dpdk.Start(cfg); err == nil || !strings.Contains(err.Error(), "once in the life of a process") {
		return fmt.Errorf("start after a failed init: %v", err)
	}
	if _, err := os.Stat("/var/run/dpdk/" + cfg.FilePrefix); os.Getuid() == 0 && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("the failed start left its directory (%v)", err)
	}
	return nil
}

// sceneLeftover starts where a killed process left its telemetry socket.
func sceneLeftover() error {
	dir, err := makeRuntimeDir()
	if err != nil {
		return err
	}
	fd, err := bindSocket(filepath.Join(dir, "dpdk_telemetry.v2"))
	if err != nil {
		return err
	}
	_ = unix.Close(fd)
	return startCloseAndList(dir)
}

// sceneNeighbor starts beside files and a live socket of somebody else.
func sceneNeighbor() error {
	dir, err := makeRuntimeDir()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // a test's own directory
	fd, err := bindSocket(filepath.Join(dir, "dpdk_telemetry.v2"))
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // as above
	if err := errors.Join(unix.Listen(fd, 1), os.WriteFile(filepath.Join(dir, "config"), nil, 0o600)); err != nil {
		return err
	}
	return startCloseAndList(dir, "config", "dpdk_telemetry.v2")
}

func makeRuntimeDir() (string, error) {
	base := "/var/run"
	if os.Getuid() != 0 {
		base = os.Getenv("XDG_RUNTIME_DIR")
	}
	dir := filepath.Join(base, "dpdk", dpdktest.Config().FilePrefix)
	return dir, os.MkdirAll(dir, 0o700)
}

func bindSocket(path string) (int, error) {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	return fd, unix.Bind(fd, &unix.SockaddrUnix{Name: path})
}

func startCloseAndList(dir string, want ...string) error {
	eal, _, err := startQuietly()
	if err != nil {
		return err
	}
	if err := eal.Close(); err != nil {
		return err
	}
	var got []string
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		return fmt.Errorf("in %s: got %v, want %v", dir, got, want)
	}
	if _, err := os.Stat(dir); len(want) == 0 && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is still there", dir)
	}
	return nil
}

// sceneThreads looks at every thread that appeared with the EAL.
func sceneThreads() error {
	before := threadAffinities()
	allowed, err := dpdk.AllowedCPUs()
	if err != nil {
		return err
	}
	cfg := dpdktest.Config()
	cfg.Logger = new(dpdktest.Log).Logger()
	cfg.Control = dpdk.CPUs(allowed.List()[0])
	eal, err := dpdk.Start(cfg)
	if err != nil {
		return err
	}
	defer eal.Close() //nolint:errcheck // the process ends here
	named := 0
	for tid, cpus := range threadAffinities() {
		if _, old := before[tid]; old {
			continue
		}
		name, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/comm", tid))
		if text := string(name); strings.HasPrefix(text, "eal-") || strings.HasPrefix(text, "telemetry") || strings.HasPrefix(text, "rte_mp") {
			named++
			if cpus != cfg.Control {
				return fmt.Errorf("thread %d %s may run on %v, not only on %v", tid, text, cpus, cfg.Control)
			}
		}
	}
	if named == 0 {
		return errors.New("the EAL has no threads: does it name them otherwise?")
	}
	return nil
}

func threadAffinities() map[int]dpdk.CPUSet {
	threads := map[int]dpdk.CPUSet{}
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		var tid int
		var bits unix.CPUSet
		if _, err := fmt.Sscan(task.Name(), &tid); err != nil || unix.SchedGetaffinity(tid, &bits) != nil {
			continue
		}
		var list []int
		for cpu := range 1024 {
			if bits.IsSet(cpu) {
				list = append(list, cpu)
			}
		}
		threads[tid] = dpdk.CPUs(list...)
	}
	return threads
}

func TestStartTwice(t *testing.T) {
	_, _, err := startQuietly()
	if err == nil || !strings.Contains(err.Error(), "once in the life of a process") {
		t.Errorf("got %v", err)
	}
}

func TestRegisterLcore(t *testing.T) {
	pool := dpdktest.PoolOf(t, dpdk.MempoolConfig{Mbufs: 255, Cache: 32, Socket: dpdk.SocketAny})
	allowed, err := dpdk.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	cpus := dpdk.CPUs(allowed.List()[allowed.Len()-1])
	var ids [2]uint
	for round := range ids {
		tid := make(chan int, 1)
		report := make(chan error)
		go func() {
			report <- func() error {
				lcore, err := dpdktest.EAL().RegisterLcore(cpus)
				tid <- unix.Gettid()
				if err != nil {
					return err
				}
				ids[round] = lcore.ID()
				now, err := dpdk.AllowedCPUs()
				if err != nil || now != cpus || lcore.CPUs() != cpus {
					return fmt.Errorf("affinity %v, %w", now, err)
				}
				m, err := pool.Alloc()
				if err != nil {
					return err
				}
				m.Free() // into the lcore's own cache, which still counts
				other := make(chan error)
				go func() { other <- lcore.Close() }()
				if err := <-other; !errors.Is(err, syscall.EPERM) {
					return fmt.Errorf("closed from another thread: %w", err)
				}
				return lcore.Close()
			}()
		}()
		thread := <-tid
		if err := <-report; err != nil {
			t.Fatal(err)
		}
		if thread == os.Getpid() {
			continue // the runtime cannot end the first thread; it parks it for good
		}
		waitFor(t, fmt.Sprintf("thread %d to die", thread), func() bool {
			_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", thread))
			return err != nil
		})
	}
	if ids[0] == 0 || ids[0] != ids[1] {
		t.Errorf("lcore ids %v, want the same one twice and not the main lcore's", ids)
	}
}

func TestRegisterLcoreRefuses(t *testing.T) {
	_, err := dpdktest.EAL().RegisterLcore(dpdk.CPUSet{})
	wantError(t, err, syscall.EINVAL, "rte_thread_register(CPUs none)", "at least one CPU")
	report := make(chan error)
	go func() { // a failed registration leaves its thread locked
		_, err := dpdktest.EAL().RegisterLcore(dpdk.CPUs(1000))
		report <- err
	}()
	wantError(t, <-report, syscall.EINVAL, "sched_setaffinity(CPUs 1000)", "may run on")
}

// waitFor polls until the condition holds, and fails the test after ten seconds.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
