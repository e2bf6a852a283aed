// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "datapath.h"
*/
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// SwitchPortCounters are frames that a switch port's own limits have ended, ever. Their
// drop reasons count them, too.
type SwitchPortCounters struct {
	StormBroadcast, StormMulticast, StormUnknownUnicast uint64
	Security                                            uint64 // both ways
}

// SwitchPortCounters reads those of a switch port. Any goroutine.
func (d *Datapath) SwitchPortCounters(switchPort uint16) (c SwitchPortCounters) {
	if switchPort >= MaxSwitchPorts {
		return c
	}
	s := row(d.c.lsp_states, int(switchPort))
	load := func(n *C.uint64_t) uint64 { return atomic.LoadUint64((*uint64)(unsafe.Pointer(n))) }
	drops := unsafe.Slice((*C.uint64_t)(unsafe.Pointer(&s.storm_drops)), C.PW_STORM_CLASSES)
	c.StormBroadcast = load(&drops[C.PW_STORM_BROADCAST])
	c.StormMulticast = load(&drops[C.PW_STORM_MULTICAST])
	c.StormUnknownUnicast = load(&drops[C.PW_STORM_UNKNOWN])
	c.Security = load((*C.uint64_t)(unsafe.Pointer(&s.sec_drops)))
	return c
}

// ResetSwitchPort forgets what workers remember of a switch port: its index serves another
// from now on. Control lcore only.
func (d *Datapath) ResetSwitchPort(switchPort uint16) {
	C.pw_datapath_reset_lsp(d.c, C.uint16_t(switchPort))
}

// MACSeen reports whether a worker has seen a MAC of the FDB as a source, where it is said
// to be, since the last call. A worker tells of each at most once a second. Control lcore
// only.
func (d *Datapath) MACSeen(sw uint16, mac [6]byte) bool {
	return bool(C.pw_datapath_mac_seen(d.c, mac48(mac)|C.uint64_t(sw)<<48))
}
