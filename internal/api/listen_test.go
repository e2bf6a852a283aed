// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/api/apitest"
)

// TestMain lets this program be a second process: one that listens and waits to die.
func TestMain(m *testing.M) {
	if path := os.Getenv("PARKWAY_TEST_LISTEN"); path != "" {
		if _, err := api.Listen(path, 0o600); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("listening")
		time.Sleep(time.Minute)
	}
	os.Exit(m.Run())
}

func listenElsewhere(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "PARKWAY_TEST_LISTEN="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	buf := make([]byte, 200)
	n, _ := out.Read(buf)
	if string(buf[:n]) != "listening\n" {
		t.Fatalf("the other process says %q", buf[:n])
	}
	return cmd
}

func TestListenMakesAndRemovesItsFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b", "parkway.sock")
	l, err := api.Listen(path, 0o660)
	if err != nil {
		t.Fatal(err)
	}
	st, err := os.Stat(path)
	if err != nil || st.Mode() != fs.ModeSocket|0o660 {
		t.Errorf("socket: %v, %v", st.Mode(), err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFoldersThatWereThereStay(t *testing.T) {
	dir := t.TempDir()
	sub := filepath.Join(dir, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := api.Listen(filepath.Join(sub, "s"), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if left, err := os.ReadDir(sub); err != nil || len(left) != 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func TestSecondInstance(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	other := listenElsewhere(t, path)
	_, err := api.Listen(path, 0o600)
	want := fmt.Sprintf("another instance (pid %d) answers on %s; stop it, or give this one an api.socket of its own", other.Process.Pid, path)
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the first one's socket: %v", err)
	}

	// It dies without cleaning up: its lock is void and its socket stale.
	_ = other.Process.Signal(syscall.SIGKILL)
	_ = other.Wait()
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("no stale socket to test with: %v", err)
	}
	l, err := api.Listen(path, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	apitest.ServeOn(t, apitest.Sample(), l)
	c := api.Dial(path)
	defer c.Close()
	if _, err := c.Health(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOneOfManyGetsTheSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var holders, turns atomic.Int32
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				l, err := api.Listen(path, 0o600)
				if err != nil {
					continue
				}
				if holders.Add(1) != 1 {
					t.Error("two have the socket")
				}
				turns.Add(1)
				holders.Add(-1)
				l.Close()
			}
		})
	}
	wg.Wait()
	if turns.Load() == 0 {
		t.Error("nobody ever got the socket")
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestListenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	alien := filepath.Join(dir, "alien")
	al, err := net.Listen("unix", alien)
	if err != nil {
		t.Fatal(err)
	}
	defer al.Close()
	for _, tc := range []struct{ path, want string }{
		{file, "exists and is no socket; remove it"},
		{filepath.Join(file, "s"), "a file stands where its folder should be"},
		{alien, "another program answers on " + alien},
		{filepath.Join(dir, strings.Repeat("x", 108)), "bytes long; a unix socket's has room for 107"},
		{"/proc/nowhere/s", "choose another api.socket"},
	} {
		l, err := api.Listen(tc.path, 0o600)
		if err == nil {
			l.Close()
			t.Errorf("%s: no error", tc.path)
			continue
		}
		if !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), tc.path) {
			t.Errorf("%s: %v\nwant %s", tc.path, err, tc.want)
		}
	}
	left, _ := os.ReadDir(dir)
	if b, _ := os.ReadFile(file); string(b) != "precious" || len(left) != 2 {
		t.Errorf("left: %v, file %q", left, b)
	}
}

func TestUnreachable(t *testing.T) {
	dir := t.TempDir()
	stale := filepath.Join(dir, "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	silent := filepath.Join(dir, "silent")
	sl, err := net.Listen("unix", silent)
	if err != nil {
		t.Fatal(err)
	}
	defer sl.Close()
	for _, tc := range []struct{ path, want string }{
		{filepath.Join(dir, "none"), "there is no such socket; start it with `parkway run -c FILE`"},
		{stale, "nobody listens there any more; start it"},
		{silent, "it does not answer in time"},
	} {
		c := api.Dial(tc.path)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		_, err := c.Ports(ctx)
		cancel()
		c.Close()
		var u *api.Unreachable
		if !errors.As(err, &u) || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), tc.path) {
			t.Errorf("%s: %v", tc.path, err)
		}
	}
}
