// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/internal/config"
)

// leave makes a socket that nobody listens on any more.
func leave(t *testing.T, network, path string) {
	t.Helper()
	l, err := net.ListenUnix(network, &net.UnixAddr{Net: network, Name: path})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}

// A socket that was left is removed; one in use, and whatever is not a socket, stays.
func TestSocketFor(t *testing.T) {
	for driver, network := range map[string]string{"net_memif": "unixpacket", "net_vhost": "unix"} {
		t.Run(driver, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "p.sock")
			mine := config.PeerSocket{Driver: driver, Path: path, Listens: true}
			there := func() bool { _, err := os.Lstat(path); return err == nil }

			if err := socketFor(mine); err != nil {
				t.Error("nothing there:", err)
			}
			leave(t, network, path)
			if err := socketFor(config.PeerSocket{Driver: driver, Path: path}); err != nil || !there() {
				t.Error("the peer's socket:", err)
			}
			if err := socketFor(mine); err != nil || there() {
				t.Errorf("left behind: %v, still there %v", err, there())
			}

			l, err := net.ListenUnix(network, &net.UnixAddr{Net: network, Name: path})
			if err != nil {
				t.Fatal(err)
			}
			go func() { // a memif server speaks first
				if c, err := l.Accept(); err == nil {
					_, _ = c.Write(make([]byte, 128))
				}
			}()
			if err := socketFor(mine); err == nil || !strings.Contains(err.Error(), "somebody listens on "+path) || !there() {
				t.Error("in use:", err)
			}
			_ = l.Close()

			if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := socketFor(mine); err == nil || !strings.Contains(err.Error(), "is no socket") || !there() {
				t.Error("a file:", err)
			}
			mine.Path = filepath.Join(dir, "none", "p.sock")
			if err := socketFor(mine); err == nil || !strings.Contains(err.Error(), "there is no folder "+filepath.Dir(mine.Path)) {
				t.Error("no folder:", err)
			}
			mine.Abstract = true
			if err := socketFor(mine); err != nil {
				t.Error("abstract:", err)
			}
		})
	}
}
