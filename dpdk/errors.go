// SPDX-License-Identifier: Apache-2.0

package dpdk

import (
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// rte_errno values beyond the system's errno (rte_errno.h).
const (
	errSecondary = syscall.Errno(1001) // E_RTE_SECONDARY
	errNoConfig  = syscall.Errno(1002) // E_RTE_NO_CONFIG
)

// Error is a DPDK call that failed, or that this package refused to make.
// Its text reads
//
//	rte_eth_dev_configure(port 3 net_tap0, 2 rx + 3 tx queues): invalid argument (EINVAL): <hint>
type Error struct {
	Func   string        // the DPDK function, "rte_eth_dev_configure"
	Object string        // what it was called on, "port 3 net_tap0, 2 rx + 3 tx queues"
	Errno  syscall.Errno // why it failed; rte_errno values above 1000 included
	Hint   string        // what to do about it, or the EAL's own words; may be empty
}

// Error says which function failed on which object and why.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s(%s): %s", e.Func, e.Object, errnoText(e.Errno))
	if e.Hint != "" {
		b.WriteString(": ")
		b.WriteString(e.Hint)
	}
	return b.String()
}

// Unwrap returns the errno, for errors.Is(err, syscall.ENOTSUP) and the like.
func (e *Error) Unwrap() error { return e.Errno }

// errnoText puts an errno into words, with its name.
func errnoText(errno syscall.Errno) string {
	switch errno {
	case 0:
		return "failed without a reason"
	case errSecondary:
		return "not allowed in a secondary process (E_RTE_SECONDARY)"
	case errNoConfig:
		return "the EAL has no configuration, it is not initialized (E_RTE_NO_CONFIG)"
	}
	name := unix.ErrnoName(errno)
	if errno == syscall.ENOTSUP {
		name = "ENOTSUP" // DPDK's name; on Linux it is EOPNOTSUPP too
	}
	if name == "" {
		return fmt.Sprintf("error %d", int(errno))
	}
	return fmt.Sprintf("%s (%s)", errno.Error(), name)
}

// errnoOf makes an errno of a C return value: negative values are errnos.
func errnoOf[T ~int32 | ~int](ret T) syscall.Errno {
	if ret < 0 {
		return syscall.Errno(-ret)
	}
	return 0
}

// errnoFrom takes the errno out of cgo's second result. The C shims put
// rte_errno there, because it is per thread and a goroutine may change
// threads between two calls.
func errnoFrom(err error) syscall.Errno {
	if errno, ok := err.(syscall.Errno); ok { //nolint:errorlint // cgo returns a bare Errno
		return errno
	}
	return 0
}

// refused is an error of this package's own, made before DPDK was asked.
func refused(fn, object string, errno syscall.Errno, hint string) error {
	return &Error{Func: fn, Object: object, Errno: errno, Hint: hint}
}

// failed is the error of a DPDK call. mark is where the EAL's log stood before
// the call; what it said since becomes part of the hint.
func failed(fn, object string, errno syscall.Errno, mark logMark, hint string) error {
	words := mark.errorsSince()
	if words != "" {
		words = "the EAL says: " + words
	}
	if hint != "" && words != "" {
		words = "; " + words
	}
	return &Error{Func: fn, Object: object, Errno: errno, Hint: hint + words}
}
