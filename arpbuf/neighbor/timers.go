// SPDX-License-Identifier: Apache-2.0

package neighbor

import (
	"container/heap"
	"time"
)

// timers is a heap of entries by deadline; an entry has at most one timer.
type timers []*Entry

func (h timers) Len() int           { return len(h) }
func (h timers) Less(i, j int) bool { return h[i].deadline.Before(h[j].deadline) }

func (h timers) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].heapAt, h[j].heapAt = i, j
}

func (h *timers) Push(x any) {
	e := x.(*Entry)
	e.heapAt = len(*h)
	*h = append(*h, e)
}

func (h *timers) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.heapAt = -1
	return e
}

// start sets e's timer, replacing the one that it has.
func (t *Table) start(e *Entry, at time.Time) {
	e.deadline = at
	if e.heapAt >= 0 {
		heap.Fix(&t.timers, e.heapAt)
	} else {
		heap.Push(&t.timers, e)
	}
}

func (t *Table) stop(e *Entry) {
	e.deadline = time.Time{}
	if e.heapAt >= 0 {
		heap.Remove(&t.timers, e.heapAt)
	}
}

// Next returns when the next timer fires; ok is false when none runs.
func (t *Table) Next() (at time.Time, ok bool) {
	if len(t.timers) == 0 {
		return time.Time{}, false
	}
	return t.timers[0].deadline, true
}

// Advance fires the timers that are due, at most limit of them, the earliest first.
func (t *Table) Advance(now time.Time, limit int) []Action {
	for i := 0; i < limit && len(t.timers) > 0 && !t.timers[0].deadline.After(now); i++ {
		e := t.timers[0]
		t.stop(e)
		t.timeout(now, e)
	}
	return t.take()
}
