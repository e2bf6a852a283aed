// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
)

// What waits, and how long it did, in the API's words and units.
func TestParkedIsViewed(t *testing.T) {
	ip := netip.MustParseAddr("10.2.0.10")
	totals := func(n uint64) arpbuf.ParkedTotals {
		return arpbuf.ParkedTotals{Parked: n, Drained: n + 1, Evicted: n + 2, Expired: n + 3, Failed: n + 4, Discarded: n + 5, Rejected: n + 6, InRing: int64(n + 7)}
	}
	got := viewParked(arpbuf.ParkedInfo{
		NextHops: []arpbuf.ParkedNextHop{{RouterPort: "lr0-pods", IP: ip, Worker: 1, Packets: 12, Oldest: time.Second, WaitingFor: "up",
			Probes: 2, Age: 1500 * time.Millisecond, Port: "pod1"}},
		Totals: totals(100), Gated: totals(10),
		Waits: [2]arpbuf.Waits{
			{Count: 3, Sum: 30 * time.Millisecond, Buckets: []arpbuf.WaitBucket{{Most: 16 * time.Microsecond, Count: 1}, {Most: 32 * time.Microsecond, Count: 2}, {Count: 3}}},
			{Count: 1, Sum: time.Minute},
		},
	})
	words := func(n uint64) api.ParkedTotals {
		return api.ParkedTotals{Parked: n, Drained: n + 1, Evicted: n + 2, Expired: n + 3, Failed: n + 4, Discarded: n + 5, Rejected: n + 6, InRing: n + 7}
	}
	want := api.Parked{
		NextHops: []api.ParkedNextHop{{RouterPort: "lr0-pods", IP: "10.2.0.10", Worker: 1, Packets: 12, OldestSeconds: 1, WaitingFor: "up",
			Probes: 2, AgeSeconds: 1.5, Port: "pod1"}},
		Totals: words(100), Gated: words(10),
		Waits: []api.Waits{
			{Kind: "nexthop", Count: 3, SumSeconds: 0.03, Buckets: []api.WaitBucket{{LeSeconds: 16e-6, Count: 1}, {LeSeconds: 32e-6, Count: 2}}},
			{Kind: "gated", Count: 1, SumSeconds: 60},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestHistoryIsViewed(t *testing.T) {
	at := time.Date(2026, 1, 15, 13, 0, 0, 250_000_000, time.FixedZone("CET", 3600))
	got := viewHistory([]arpbuf.Resolution{
		{At: at, RouterPort: "lr0-ext", IP: netip.MustParseAddr("fd00::1"), Result: "resolved", MAC: forwarder.MAC{2, 0, 0, 0, 0, 1}, Packets: 3, Probes: 1,
			Wait: time.Second, Answer: time.Millisecond, Drain: time.Microsecond},
		{At: at, IP: netip.MustParseAddr("10.2.0.10"), Port: "pod1", Result: "expired"},
	})
	want := []api.Resolution{
		{At: "2026-01-15T12:00:00.25Z", RouterPort: "lr0-ext", IP: "fd00::1", Result: "resolved", MAC: "02:00:00:00:00:01", Packets: 3, Probes: 1,
			WaitSeconds: 1, AnswerSeconds: 0.001, DrainSeconds: 1e-6},
		{At: "2026-01-15T12:00:00.25Z", IP: "10.2.0.10", Port: "pod1", Result: "expired"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Every result and every kind of probe is there, also at 0.
func TestResolutionsAreViewed(t *testing.T) {
	got := viewResolutions(arpbuf.Stats{Resolutions: map[string]uint64{"failed": 2}, ARPRequests: 10, UnicastARPRequests: 4,
		Solicitations: 7, UnicastSolicitations: 1, ProbesDeferred: 5}, []arpbuf.PortConflicts{{RouterPort: "lrp1", Count: 3}})
	want := api.Resolutions{
		ByResult: map[string]uint64{"resolved": 0, "failed": 2, "released": 0, "discarded": 0, "expired": 0},
		Probes:   []api.ProbeCount{{Family: "ipv4", Kind: "multicast", Count: 6}, {Family: "ipv4", Kind: "unicast", Count: 4}, {Family: "ipv6", Kind: "multicast", Count: 6}, {Family: "ipv6", Kind: "unicast", Count: 1}},
		Deferred: 5, Conflicts: []api.PortConflicts{{RouterPort: "lrp1", Count: 3}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// A wrong name is answered by the names that are right.
func TestCheckGated(t *testing.T) {
	one := &forwarder.Topology{Switches: []forwarder.Switch{{Name: "s", Ports: []forwarder.SwitchPort{
		{Name: "pod1", ParkUntilUp: true}, {Name: "vm"}, {Name: "lr", Type: forwarder.PortRouter}, {Name: "pod2", ParkUntilUp: true}}}}}
	none := &forwarder.Topology{Switches: []forwarder.Switch{{Name: "s", Ports: []forwarder.SwitchPort{{Name: "vm"}}}}}
	many := &forwarder.Topology{Switches: []forwarder.Switch{{Name: "s"}}}
	for i := range 12 {
		s := &many.Switches[0]
		s.Ports = append(s.Ports, forwarder.SwitchPort{Name: fmt.Sprint("pod", i), ParkUntilUp: true})
	}
	for _, tt := range []struct {
		topology   *forwarder.Topology
		name, want string
	}{
		{one, "pod1", ""},
		{one, "pod2", ""},
		{one, "pod3", `bad request: there is no switch port "pod3"; the gated ones are pod1, pod2`},
		{one, "", `bad request: there is no switch port ""; the gated ones are pod1, pod2`},
		{one, "vm", `bad request: switch port "vm" has no park_until, so nothing waits for it; the gated ones are pod1, pod2`},
		{one, "lr", `bad request: switch port "lr" is of type router, so nothing waits for it; the gated ones are pod1, pod2`},
		{none, "vm", `bad request: switch port "vm" has no park_until, so nothing waits for it; mark one with park_until: up in the configuration`},
		{many, "x", `bad request: there is no switch port "x"; the gated ones are pod0, pod1, pod2, pod3, pod4, pod5, pod6, pod7, pod8, pod9 and 2 more`},
	} {
		err := checkGated(tt.topology, tt.name)
		if tt.want == "" && err == nil {
			continue
		}
		if err == nil || err.Error() != tt.want || !errors.Is(err, api.ErrBadRequest) {
			t.Errorf("%q: %v\nwant %s", tt.name, err, tt.want)
		}
	}
}
