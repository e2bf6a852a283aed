// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"net/netip"
	"testing"
	"time"
)

// Datagrams cross a Linux router, in both families, also after all have forgotten each
// other.
func TestDatagramsThroughLinux(t *testing.T) {
	l := ForTest(t)
	r, err := l.LinuxRouter(t.Context(), false)
	check(t, err)
	for _, to := range r.FarAddrs {
		d, err := NewDatagrams(r.Near, r.Far, netip.AddrPortFrom(to, 7001))
		check(t, err)
		for range 3 {
			trip, err := d.Send(5 * time.Second)
			check(t, err)
			if trip.Wire <= 0 || trip.Read < trip.Wire || trip.Read > 5*time.Second {
				t.Errorf("%s: %+v", to, trip)
			}
			check(t, r.Forget(t.Context()))
		}
		d.Close()
	}
}

func TestDatagramThatIsLost(t *testing.T) {
	l := ForTest(t)
	r, err := l.LinuxRouter(t.Context(), false)
	check(t, err)
	d, err := NewDatagrams(r.Near, r.Far, netip.AddrPortFrom(r.FarAddrs[0], 7001))
	check(t, err)
	defer d.Close()
	check(t, r.Router.Sysctl("net/ipv4/ip_forward", "0"))
	if trip, err := d.Send(200 * time.Millisecond); err == nil {
		t.Errorf("it arrived: %+v", trip)
	}
	check(t, r.Router.Sysctl("net/ipv4/ip_forward", "1"))
	if _, err := d.Send(5 * time.Second); err != nil {
		t.Error(err)
	}
}
