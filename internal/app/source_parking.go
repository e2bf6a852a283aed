// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
)

// Parked reads what waits.
func (s *source) Parked(context.Context) (api.Parked, error) { return viewParked(s.r.Parked()), nil }

func viewParked(p arpbuf.ParkedInfo) api.Parked {
	out := api.Parked{Totals: parkedTotals(p.Totals), Gated: parkedTotals(p.Gated)}
	for _, n := range p.NextHops {
		out.NextHops = append(out.NextHops, api.ParkedNextHop{
			RouterPort: n.RouterPort, IP: n.IP.String(), Worker: n.Worker, Packets: uint64(n.Packets),
			OldestSeconds: n.Oldest.Seconds(), WaitingFor: n.WaitingFor, Probes: n.Probes, AgeSeconds: n.Age.Seconds(), Port: n.Port,
		})
	}
	for i, kind := range []string{api.WaitsNextHop, api.WaitsGated} {
		w := p.Waits[i]
		one := api.Waits{Kind: kind, Count: w.Count, SumSeconds: w.Sum.Seconds()}
		for _, b := range w.Buckets {
			if b.Most == 0 {
				continue // the one without an end: Count is its
			}
			one.Buckets = append(one.Buckets, api.WaitBucket{LeSeconds: b.Most.Seconds(), Count: b.Count})
		}
		out.Waits = append(out.Waits, one)
	}
	return out
}

func parkedTotals(t arpbuf.ParkedTotals) api.ParkedTotals {
	return api.ParkedTotals{
		Parked: t.Parked, Drained: t.Drained, Evicted: t.Evicted, Expired: t.Expired, Failed: t.Failed,
		Discarded: t.Discarded, Rejected: t.Rejected, InRing: uint64(max(0, t.InRing)),
	}
}

// History lists the waits that ended last, newest first.
func (s *source) History(context.Context) ([]api.Resolution, error) {
	return viewHistory(s.r.History()), nil
}

func viewHistory(history []arpbuf.Resolution) (out []api.Resolution) {
	for _, r := range history {
		one := api.Resolution{
			At: r.At.UTC().Format(time.RFC3339Nano), RouterPort: r.RouterPort, IP: r.IP.String(), Port: r.Port, Result: r.Result,
			Packets: uint64(r.Packets), Probes: r.Probes,
			WaitSeconds: r.Wait.Seconds(), AnswerSeconds: r.Answer.Seconds(), DrainSeconds: r.Drain.Seconds(),
		}
		if !r.MAC.IsZero() {
			one.MAC = r.MAC.String()
		}
		out = append(out, one)
	}
	return out
}

// Resolutions counts waits that have ended, and probes.
func (s *source) Resolutions(context.Context) (api.Resolutions, error) {
	return viewResolutions(s.r.Stats(), s.r.Conflicts()), nil
}

func viewResolutions(st arpbuf.Stats, conflicts []arpbuf.PortConflicts) api.Resolutions {
	out := api.Resolutions{
		ByResult: map[string]uint64{
			api.ResultResolved: 0, api.ResultFailed: 0, api.ResultReleased: 0, api.ResultDiscarded: 0, api.ResultExpired: 0,
		},
		Probes: []api.ProbeCount{
			{Family: api.FamilyIPv4, Kind: api.ProbeMulticast, Count: st.ARPRequests - st.UnicastARPRequests},
			{Family: api.FamilyIPv4, Kind: api.ProbeUnicast, Count: st.UnicastARPRequests},
			{Family: api.FamilyIPv6, Kind: api.ProbeMulticast, Count: st.Solicitations - st.UnicastSolicitations},
			{Family: api.FamilyIPv6, Kind: api.ProbeUnicast, Count: st.UnicastSolicitations},
		},
		Deferred: st.ProbesDeferred,
		Moves:    st.Neighbors.Moves, MovesDamped: st.Neighbors.Damped,
		ForeignSenders: st.ForeignSenders(),
	}
	for result, n := range st.Resolutions {
		out.ByResult[result] = n
	}
	for _, c := range conflicts {
		out.Conflicts = append(out.Conflicts, api.PortConflicts(c))
	}
	return out
}

// Gates reads the gated ports.
func (s *source) Gates(context.Context) ([]api.Gate, error) {
	var out []api.Gate
	for _, g := range s.r.Gates() {
		out = append(out, api.Gate{Port: g.Port, Open: g.Open, SinceSeconds: time.Since(g.Since).Seconds(), Packets: uint64(g.Packets)})
	}
	return out, nil
}

// ReleasePort opens a gate.
func (s *source) ReleasePort(ctx context.Context, name string) (int, error) {
	if err := checkGated(&s.gateway.cfg.Topology, name); err != nil {
		return 0, err
	}
	return s.r.Release(ctx, name)
}

const maxNamed = 10 // gated ports that an error lists

// checkGated says what is wrong with name as the name of a gated switch port, and
// which names are right.
func checkGated(t *forwarder.Topology, name string) error {
	var gated []string
	var found *forwarder.SwitchPort
	for i := range t.Switches {
		for j := range t.Switches[i].Ports {
			p := &t.Switches[i].Ports[j]
			if p.ParkUntilUp {
				gated = append(gated, p.Name)
			}
			if p.Name == name {
				found = p
			}
		}
	}
	mend := "mark one with park_until: up in the configuration"
	if len(gated) > 0 {
		more := ""
		if n := len(gated) - maxNamed; n > 0 {
			gated, more = gated[:maxNamed], fmt.Sprintf(" and %d more", n)
		}
		mend = "the gated ones are " + strings.Join(gated, ", ") + more
	}
	switch {
	case found == nil:
		return fmt.Errorf("%w: there is no switch port %q; %s", api.ErrBadRequest, name, mend)
	case found.Type != forwarder.PortVIF:
		return fmt.Errorf("%w: switch port %q is of type %s, so nothing waits for it; %s", api.ErrBadRequest, name, found.Type, mend)
	case !found.ParkUntilUp:
		return fmt.Errorf("%w: switch port %q has no park_until, so nothing waits for it; %s", api.ErrBadRequest, name, mend)
	}
	return nil
}
