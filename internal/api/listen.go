// SPDX-License-Identifier: Apache-2.0

package api

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const (
	lockSuffix  = ".lock" // of the lock file beside the socket
	lockTries   = 10      // against instances that end while we start
	probeTime   = time.Second
	maxPathName = 107 // sockaddr_un's room without the terminating zero
)

// Listener is the API's socket. Whoever has it is the one instance with that socket:
// a lock file beside it says so, which the kernel releases when the process dies.
type Listener struct {
	net.Listener
	path string
	lock *os.File
	dirs []string // that Listen made, outermost first
}

// Listen locks and opens the socket with the given permissions, makes its folder if
// that is missing, and removes a socket that a dead instance left. Every error is one
// line with the mend, and leaves nothing behind.
func Listen(path string, mode fs.FileMode) (_ *Listener, err error) {
	if len(path) > maxPathName {
		return nil, fmt.Errorf("api.socket %s: the path is %d bytes long; a unix socket's has room for %d", path, len(path), maxPathName)
	}
	l := &Listener{path: path}
	defer func() {
		if err != nil {
			l.release()
		}
	}()
	if err := l.makeDir(filepath.Dir(path)); err != nil {
		return nil, err
	}
	if err := l.takeLock(); err != nil {
		return nil, err
	}
	if err := removeStale(path); err != nil {
		return nil, err
	}
	// The socket must not be open to everybody for the moment before chmod.
	old := unix.Umask(0o177)
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	unix.Umask(old)
	if err != nil {
		return nil, socketError(path, err)
	}
	listener.SetUnlinkOnClose(false) // Close does, while the lock is held
	l.Listener = listener
	if err := os.Chmod(path, mode); err != nil {
		_ = l.Listener.Close()
		_ = os.Remove(path)
		return nil, socketError(path, err)
	}
	return l, nil
}

// Close closes and removes the socket, the lock file, and folders that Listen made.
// A second Close does nothing.
func (l *Listener) Close() error {
	if l.lock == nil {
		return nil
	}
	err := l.Listener.Close()
	if errors.Is(err, net.ErrClosed) {
		err = nil // an HTTP server closes its listener before we do
	}
	if rm := os.Remove(l.path); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	l.release()
	return err
}

// release gives back the lock and the folders. The lock file goes first, then the
// lock: an instance that waits for neither opens a new file, and one that has the old
// one open sees that it is no longer the file by that name.
func (l *Listener) release() {
	if l.lock != nil {
		_ = os.Remove(l.path + lockSuffix)
		_ = l.lock.Close()
		l.lock = nil
	}
	for i := len(l.dirs) - 1; i >= 0; i-- {
		_ = os.Remove(l.dirs[i]) // stays when it isn't empty
	}
	l.dirs = nil
}

// makeDir makes dir and the missing folders above it, and remembers them.
func (l *Listener) makeDir(dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil // whether it is a folder shows when the lock is made
	}
	if parent := filepath.Dir(dir); parent != dir {
		if err := l.makeDir(parent); err != nil {
			return err
		}
	}
	switch err := os.Mkdir(dir, 0o755); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return socketError(l.path, err)
	}
	l.dirs = append(l.dirs, dir)
	return nil
}

func (l *Listener) takeLock() error {
	name := l.path + lockSuffix
	for range lockTries {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return socketError(l.path, err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			holder := readPID(f)
			_ = f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return fmt.Errorf("another instance%s answers on %s; stop it, or give this one an api.socket of its own", holder, l.path)
			}
			return fmt.Errorf("flock(%s): %w; put api.socket on a file system that has locks, such as /run", name, err)
		}
		if !sameFile(f, name) { // its holder ended and removed it between our two calls
			_ = f.Close()
			continue
		}
		l.lock = f
		_ = f.Truncate(0)
		_, err = f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
		if err != nil {
			return socketError(l.path, err)
		}
		return nil
	}
	return fmt.Errorf("the lock file %s comes and goes; other instances are starting and stopping on %s: stop them first", name, l.path)
}

func sameFile(f *os.File, name string) bool {
	a, err1 := f.Stat()
	b, err2 := os.Stat(name)
	return err1 == nil && err2 == nil && os.SameFile(a, b)
}

// readPID says who holds a lock, as far as it has written it down.
func readPID(f *os.File) string {
	var buf [16]byte
	n, _ := f.ReadAt(buf[:], 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(buf[:n])))
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (pid %d)", pid)
}

// removeStale removes a socket that nobody listens on. The lock is held, so no other
// instance is about to listen.
func removeStale(path string) error {
	st, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return socketError(path, err)
	case st.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("api.socket %s exists and is no socket; remove it, or choose another path", path)
	}
	conn, err := net.DialTimeout("unix", path, probeTime)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("another program answers on %s; stop it, or choose another api.socket", path)
	}
	if !errors.Is(err, unix.ECONNREFUSED) {
		return socketError(path, err)
	}
	if err := os.Remove(path); err != nil {
		return socketError(path, err)
	}
	return nil
}

// socketError puts a failure of the system in words and adds the mend.
func socketError(path string, err error) error {
	mend := "choose another api.socket"
	switch {
	case errors.Is(err, fs.ErrPermission):
		mend = "run as root, or choose an api.socket where this user may write"
	case errors.Is(err, unix.ENOTDIR):
		mend = "a file stands where its folder should be: remove it, or choose another api.socket"
	case errors.Is(err, unix.EROFS):
		mend = "its file system is read-only: choose an api.socket on another"
	case errors.Is(err, unix.ENOSPC):
		mend = "its file system is full: make room there"
	}
	return fmt.Errorf("api.socket %s: %w; %s", path, err, mend)
}
