// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
)

// wantError fails unless err is an *Error with the errno whose text contains
// all of the words.
func wantError(t *testing.T, err error, errno syscall.Errno, words ...string) {
	t.Helper()
	var e *dpdk.Error
	if !errors.As(err, &e) || !errors.Is(err, errno) {
		t.Fatalf("got error %v, want a *dpdk.Error with %v", err, errno)
	}
	for _, w := range words {
		wantWords(t, err.Error(), w)
	}
}

func TestErrorText(t *testing.T) {
	for _, c := range []struct {
		err  dpdk.Error
		want string
	}{
		{dpdk.Error{Func: "rte_eth_dev_configure", Object: "port 3 net_tap0, 2 rx + 3 tx queues", Errno: syscall.EINVAL, Hint: "because"},
			"rte_eth_dev_configure(port 3 net_tap0, 2 rx + 3 tx queues): invalid argument (EINVAL): because"},
		{dpdk.Error{Func: "f", Object: "o", Errno: syscall.ENOTSUP}, "f(o): operation not supported (ENOTSUP)"},
		{dpdk.Error{Func: "f", Object: "o", Errno: 1001}, "f(o): not allowed in a secondary process (E_RTE_SECONDARY)"},
		{dpdk.Error{Func: "f", Object: "o", Errno: 1002}, "f(o): the EAL has no configuration, it is not initialized (E_RTE_NO_CONFIG)"},
		{dpdk.Error{Func: "f", Object: "o", Errno: 999}, "f(o): error 999"},
		{dpdk.Error{Func: "f", Object: "o"}, "f(o): failed without a reason"},
	} {
		if got := c.err.Error(); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
