// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "datapath.h"
*/
import "C"

// ArmGate asks for an entry in Batch.Appeared when the next frame arrives from a switch
// port whose table row says Gated. Control lcore only.
func (d *Datapath) ArmGate(switchPort uint16) {
	C.pw_datapath_gate(d.c, C.uint16_t(switchPort), C.PW_GATE_ARMED)
}

// DisarmGate takes that back; an entry that is under way still comes. Control lcore
// only.
func (d *Datapath) DisarmGate(switchPort uint16) {
	C.pw_datapath_gate(d.c, C.uint16_t(switchPort), C.PW_GATE_OFF)
}
