// SPDX-License-Identifier: Apache-2.0

//go:build lines

package cgo

/*
#cgo CFLAGS: -fsanitize=thread -Wno-tsan -Wno-unused-parameter
#include "control.h"
#include "datapath.h"
#include "lines.h"
#include "worker.h"
*/
import "C"

import (
	"fmt"
	"unsafe"
)

// LinesAs has the calling thread's writes written down as those of a writer, one bit; 0 ends
// that. LinesBegin forgets all that was written down.
func LinesAs(writer uint32) { C.pw_lines_as(C.uint32_t(writer)) }

// LinesBegin forgets what was written down.
func LinesBegin() { C.pw_lines_begin() }

// LinesWritten is how many lines a writer wrote.
func LinesWritten(writer uint32) int { return int(C.pw_lines_written(C.uint32_t(writer))) }

// Line is a cache line that several writers wrote.
type Line struct {
	Writers uint32
	What    string // it is part of
}

// SharedLines returns the lines with more than one writer.
func (d *Datapath) SharedLines() ([]Line, error) {
	out := make([]C.struct_pw_line, 1<<16)
	n := C.pw_lines_shared(&out[0], C.uint32_t(len(out)))
	if int(n) >= len(out) {
		return nil, fmt.Errorf("more shared lines than %d, or too many lines", len(out))
	}
	lines := make([]Line, n)
	for i := range lines {
		lines[i] = Line{uint32(out[i].writers), d.whatLine(uintptr(out[i].address))}
	}
	return lines, nil
}

// whatLine names the block of memory that an address belongs to.
func (d *Datapath) whatLine(at uintptr) string {
	dp := d.c
	type block struct {
		name  string
		begin unsafe.Pointer
		size  uintptr
	}
	blocks := []block{
		{"pool_parked, own_id", unsafe.Pointer(&dp.pool_parked), 64},
		{"gates", unsafe.Pointer(&dp.gates), C.PW_MAX_LSPS + 1},
		{"datapath", unsafe.Pointer(dp), C.sizeof_struct_pw_datapath},
		{"adjacency", unsafe.Pointer(dp.adjs), uintptr(dp.n_adjs) * C.sizeof_struct_pw_adj},
		{"copp", unsafe.Pointer(dp.copp), C.PW_MAX_LRPS * C.sizeof_struct_pw_copp_state},
		{"lsp_states", unsafe.Pointer(dp.lsp_states), C.PW_MAX_LSPS * C.sizeof_struct_pw_lsp_state},
		{"fdb_seen", unsafe.Pointer(dp.fdb_seen), uintptr(dp.n_fdb_seen)},
		{"control", unsafe.Pointer(dp.control), C.sizeof_struct_pw_control},
	}
	for i := range d.workers {
		w := dp.workers[i]
		for _, b := range []block{
			{"orders", unsafe.Pointer(&w.stop), 64},
			{"counters", unsafe.Pointer(&w.counters), C.sizeof_struct_pw_counters},
			{"park", unsafe.Pointer(&w.park), C.sizeof_struct_pw_park},
			{"itself", unsafe.Pointer(w), C.sizeof_struct_pw_worker},
			{"refused", unsafe.Pointer(w.refused), C.PW_MAX_LRPS * C.sizeof_struct_pw_copp_refused},
			{"park slots", unsafe.Pointer(w.park.slots), uintptr(w.park.n_slots) * C.sizeof_struct_pw_park_slot},
		} {
			b.name = fmt.Sprintf("worker %d: %s", i, b.name)
			blocks = append(blocks, b)
		}
	}
	for _, b := range blocks {
		if at+63 >= uintptr(b.begin) && at < uintptr(b.begin)+b.size {
			return b.name
		}
	}
	return fmt.Sprintf("unknown memory at %#x", at)
}
