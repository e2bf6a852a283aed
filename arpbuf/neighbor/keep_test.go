// SPDX-License-Identifier: Apache-2.0

package neighbor

import (
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Being named by a route or having a configured MAC comes and goes: the entry counts
// against MaxEntries exactly while neither holds, and is forgotten like any other then.
func TestUnkeepAndUnpin(t *testing.T) {
	now := time.Now()
	tb := New(Config{MaxEntries: 2})
	key := func(i byte) Key { return Key{RouterPort: 1, IP: netip.AddrFrom4([4]byte{10, 0, 0, i})} }
	mac := topology.MAC{2, 0, 0, 0, 0, 1}

	e := tb.Gateway(now, key(1))
	tb.Heard(now, e, ARPReply(mac))
	if tb.Unkeep(now, e); e.Kept() || e.State() != Reachable || e.MAC() != mac || tb.dynamic != 1 {
		t.Errorf("a gateway that is one no more: %+v, %d count", e, tb.dynamic)
	}
	if tb.Gateway(now, key(1)); !e.Kept() || tb.dynamic != 0 {
		t.Errorf("again: %+v, %d count", e, tb.dynamic)
	}

	p, _ := tb.Pin(now, key(2), mac)
	acts := tb.Unpin(now, p)
	if p.Pinned() || p.State() != Incomplete || !p.MAC().IsZero() || tb.dynamic != 1 || len(acts) != 1 || acts[0].Op != Publish {
		t.Errorf("unpinned: %+v, %d count, %+v", p, tb.dynamic, acts)
	}
	if acts := tb.Unpin(now, p); len(acts) != 0 || tb.dynamic != 1 {
		t.Errorf("twice: %+v", acts)
	}
	if p.Deadline().IsZero() {
		t.Error("nothing ends an entry that nobody asks for")
	}
	// One that is forgotten soon, and then named, stays.
	if tb.Gateway(now, key(2)); !p.Deadline().IsZero() || tb.dynamic != 0 {
		t.Errorf("%+v, %d count", p, tb.dynamic)
	}
	// At the bound somebody gives way.
	for i := byte(10); i < 12; i++ {
		tb.Add(now, key(i))
	}
	if tb.Unkeep(now, p); tb.dynamic != 2 {
		t.Errorf("%d count, 2 may", tb.dynamic)
	}
}
