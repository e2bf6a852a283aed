// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "control.h"
*/
import "C"

// AskMark is a moment in the streams of asks, one for each worker.
type AskMark struct {
	at [C.PW_MAX_WORKERS]C.uint32_t
}

// MarkAsks notes the asks that workers have written by now, in m.
func (c *Control) MarkAsks(m *AskMark) { C.pw_control_asks_mark(c.c, &m.at[0]) }

// AsksRead reports whether Poll has returned every ask before the mark, however
// many have come since. A worker that asks after a mark sees every adjacency that
// was stored before it.
func (c *Control) AsksRead(m *AskMark) bool { return bool(C.pw_control_asks_read(c.c, &m.at[0])) }

// Counters returns the sum over all workers and control. Any goroutine.
func (c *Control) Counters() Counters {
	out := load(&c.c.own)
	for i := range int(c.c.dp.n_workers) {
		w := Worker{c: c.c.dp.workers[i]}
		one := w.Counters()
		out.Add(&one)
	}
	return out
}
