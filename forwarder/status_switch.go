// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"bytes"
	"cmp"
	"slices"
	"time"
)

// MACEntry is a MAC that a switch knows.
type MACEntry struct {
	Switch, SwitchPort string
	MAC                MAC
	Static             bool          // the topology places it: it neither moves nor ages
	Age                time.Duration // since the last frame from it that is known of; learned ones
	Moves              int           // from one port to another, since it was learned
}

// FDBStats counts over all switches.
type FDBStats struct {
	Learned, Max int    // now, and the bound
	Full         uint64 // not learned for want of room
	Limited      uint64 // not learned because of their port's MACLimit
	Moves        uint64 // from one port to another
	Aged         uint64 // forgotten because nobody heard them
}

// SwitchPortStatus is what a switch port's limits have done, ever.
type SwitchPortStatus struct {
	Switch, SwitchPort                                  string
	Learned, MACLimit                                   int    // MACs now, and the bound; 0 for none
	Limited                                             uint64 // MACs not learned at the bound
	StormBroadcast, StormMulticast, StormUnknownUnicast uint64 // frames dropped
	Security                                            uint64 // frames dropped, both ways
}

// MACs returns what the switches know, by switch and MAC. Any goroutine.
func (f *Forwarder) MACs() []MACEntry {
	f.mu.RLock()
	defer f.mu.RUnlock()
	t := &f.fdb
	t.mu.RLock()
	p := f.shown.Load() // what the entries name is in it, whichever moment this is
	out := make([]MACEntry, 0, len(t.entries))
	now := t.clock()
	for key, value := range t.entries {
		e := MACEntry{Switch: p.switches[key.sw].name, SwitchPort: p.switchPorts[value.switchPort].name,
			MAC: key.mac, Static: value.static}
		if e.Switch == "" || e.SwitchPort == "" {
			continue // about to go
		}
		if !value.static {
			l := &t.list[value.at]
			e.Age, e.Moves = now-l.seen, int(l.moves)
		}
		out = append(out, e)
	}
	t.mu.RUnlock()
	slices.SortFunc(out, func(a, b MACEntry) int {
		return cmp.Or(cmp.Compare(a.Switch, b.Switch), bytes.Compare(a.MAC[:], b.MAC[:]))
	})
	return out
}

// FDBStats returns the counts. Any goroutine.
func (f *Forwarder) FDBStats() FDBStats {
	t := &f.fdb
	t.mu.RLock()
	defer t.mu.RUnlock()
	s := FDBStats{Learned: len(t.list), Max: f.cfg.MaxMACs, Full: t.full.Load(), Limited: t.former, Moves: t.moves.Load(), Aged: t.aged.Load()}
	for _, n := range t.limited {
		s.Limited += n
	}
	return s
}

// SwitchPortStatus returns the switch ports that are bound on this node and no router's.
// None after Stop. Any goroutine.
func (f *Forwarder) SwitchPortStatus() []SwitchPortStatus {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if f.final != nil {
		return nil
	}
	t := &f.fdb
	t.mu.RLock()
	defer t.mu.RUnlock()
	p := f.shown.Load()
	var out []SwitchPortStatus
	for i := range p.switchPorts {
		sp := &p.switchPorts[i]
		if sp.port == none {
			continue
		}
		c := f.res.dp.SwitchPortCounters(uint16(i))
		out = append(out, SwitchPortStatus{Switch: p.switches[sp.table.Switch].name, SwitchPort: sp.name,
			Learned: t.byPort[uint16(i)], MACLimit: sp.macLimit, Limited: t.limited[uint16(i)],
			StormBroadcast: c.StormBroadcast, StormMulticast: c.StormMulticast, StormUnknownUnicast: c.StormUnknownUnicast,
			Security: c.Security})
	}
	return out
}
