// SPDX-License-Identifier: Apache-2.0

package forwarder

import "time"

const (
	// agePerTurn bounds what a turn of the control loop looks at: a full table of the
	// default size takes 256 turns.
	agePerTurn = 256
	// ageSample is how often a MAC is looked at, at most. Workers tell of the MACs that
	// they see once a second.
	ageSample = time.Second
)

// ageMACs forgets learned MACs that no worker has seen for as long as their switch says,
// and a second or two longer: that is how finely it looks. Control lcore only.
func (f *Forwarder) ageMACs() {
	t := &f.fdb
	if len(t.list) == 0 {
		return
	}
	now := t.clock()
	if t.cursor == 0 {
		if now-t.cycle < ageSample {
			return
		}
		t.cycle = now
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for range agePerTurn {
		if t.cursor >= len(t.list) {
			t.cursor = 0
			return
		}
		e := &t.list[t.cursor]
		age := f.plan.switches[e.key.sw].age
		switch {
		case f.res.dp.MACSeen(e.key.sw, e.key.mac):
			e.seen = now
		case age > 0 && now-e.seen >= age+ageSample: // who spoke within age has been told of by now
			f.forgetMAC(e.key) // another takes its place, and is next
			t.aged.Add(1)
			continue
		}
		t.cursor++
	}
}
