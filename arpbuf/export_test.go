// SPDX-License-Identifier: Apache-2.0

package arpbuf

import "time"

// Turn is one turn of the control loop, for tests that drive it themselves.
func (r *Resolver) Turn() { r.turn(0) }

// SetMaxAge changes Config.MaxAge between two turns.
func (r *Resolver) SetMaxAge(d time.Duration) { r.cfg.MaxAge = d }

// TurnWait is Turn, and returns how long the next turn may wait.
func (r *Resolver) TurnWait() time.Duration { return r.turn(0) }

// Questions is how many probes on command wait for their answers.
func (r *Resolver) Questions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.asks)
}

// OpenSlots is how many park slots of those that control has been asked for are open.
func (r *Resolver) OpenSlots() (n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for next := range r.waiting {
		for i := range next.slots {
			if r.ctl.Open(next.slots[i].Slot) {
				n++
			}
		}
	}
	return n
}
