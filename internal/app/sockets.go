// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/config"
)

// socketFor makes room for the socket that a memif or vhost-user port is to make: what a
// gateway that was killed left there goes away, what somebody listens on stays and is an
// error. The drivers would refuse both alike.
func socketFor(s config.PeerSocket) error {
	if !s.Listens || s.Abstract {
		return nil
	}
	if dir := filepath.Dir(s.Path); unix.Access(dir, unix.W_OK|unix.X_OK) != nil {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("there is no folder %s for its socket; make it, with the peers' group", dir)
		}
		return fmt.Errorf("no permission to make its socket in %s", dir)
	}
	info, err := os.Lstat(s.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and is no socket; choose another name", s.Path)
	}
	switch err := knock(s); {
	case errors.Is(err, unix.ECONNREFUSED):
		return os.Remove(s.Path)
	case err != nil:
		return fmt.Errorf("%s is there already, and who listens on it is not known: %w; remove it if nobody does", s.Path, err)
	}
	return fmt.Errorf("somebody listens on %s already; stop it (another gateway?), or choose another name", s.Path)
}

// helloPatience bounds how long knock waits for a memif server's first word.
const helloPatience = 2 * time.Second

// knock connects to a socket as a peer would, and hangs up. A memif server speaks first: to
// hang up before it has done so would end a gateway of DPDK 22.11, whose interrupt thread
// aborts when it can't.
func knock(s config.PeerSocket) error {
	kind := unix.SOCK_STREAM
	if s.Driver == "net_memif" {
		kind = unix.SOCK_SEQPACKET
	}
	fd, err := unix.Socket(unix.AF_UNIX, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd) //nolint:errcheck // nothing was written
	err = unix.Connect(fd, &unix.SockaddrUnix{Name: s.Path})
	if errors.Is(err, unix.EAGAIN) {
		return nil // it listens, and has a queue of others
	}
	if err == nil && kind == unix.SOCK_SEQPACKET {
		_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(helloPatience.Milliseconds()))
	}
	return err
}
