// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "drop.h"
*/
import "C"

// DropReason says why a packet was freed. drop.h has the list.
type DropReason uint16

// DropCount is the number of reasons.
const DropCount = C.PW_DROP_COUNT

// Reasons that control and the tables give; the rest is for the stages to count.
const (
	DropIPSrcOwn         DropReason = C.PW_DROP_IP_SRC_OWN
	DropIPNoRoute        DropReason = C.PW_DROP_IP_NO_ROUTE
	DropIPDiscard        DropReason = C.PW_DROP_IP_DISCARD
	DropIPUnreachable    DropReason = C.PW_DROP_IP_UNREACHABLE
	DropIPProhibited     DropReason = C.PW_DROP_IP_PROHIBITED
	DropPolicy           DropReason = C.PW_DROP_POLICY
	DropIPBroadcast      DropReason = C.PW_DROP_IP_BROADCAST
	DropIPTTL            DropReason = C.PW_DROP_IP_TTL
	DropIPTooBig         DropReason = C.PW_DROP_IP_TOO_BIG
	DropLocalUnsupported DropReason = C.PW_DROP_LOCAL_UNSUPPORTED
	DropLocalFragment    DropReason = C.PW_DROP_LOCAL_FRAGMENT
	DropLocalRefused     DropReason = C.PW_DROP_LOCAL_REFUSED
	DropIPLinkLocal      DropReason = C.PW_DROP_IP_LINK_LOCAL
	DropIP4Options       DropReason = C.PW_DROP_IP4_OPTIONS
	DropNeighborFailed   DropReason = C.PW_DROP_NEIGHBOR_FAILED
	DropParkEvicted      DropReason = C.PW_DROP_PARK_EVICTED
	DropParkPreempted    DropReason = C.PW_DROP_PARK_PREEMPTED
	DropParkNewest       DropReason = C.PW_DROP_PARK_NEWEST
	DropParkNextHops     DropReason = C.PW_DROP_PARK_NEXTHOPS
	DropParkPackets      DropReason = C.PW_DROP_PARK_PACKETS
	DropParkPool         DropReason = C.PW_DROP_PARK_POOL
	DropParkExpired      DropReason = C.PW_DROP_PARK_EXPIRED
	DropParkFailed       DropReason = C.PW_DROP_PARK_FAILED
	DropParkDiscarded    DropReason = C.PW_DROP_PARK_DISCARDED
	DropParkNoNeighbor   DropReason = C.PW_DROP_PARK_NO_NEIGHBOR
	DropParkGateEvicted  DropReason = C.PW_DROP_PARK_GATE_EVICTED
	DropParkGateFull     DropReason = C.PW_DROP_PARK_GATE_FULL
	DropParkGateExpired  DropReason = C.PW_DROP_PARK_GATE_EXPIRED
	DropControlInvalid   DropReason = C.PW_DROP_CONTROL_INVALID
	DropControlIgnored   DropReason = C.PW_DROP_CONTROL_IGNORED
	DropTxFull           DropReason = C.PW_DROP_TX_FULL
	DropShutdown         DropReason = C.PW_DROP_SHUTDOWN
)

// DropInfo describes a drop reason for counters, metrics, traces and documents.
type DropInfo struct {
	Name   string // stable, snake case
	Stage  string // pipeline stage, or punt, inject, control, worker
	What   string // what happened
	Remedy string // what the operator can do
}

func (r DropReason) String() string { return r.Info().Name }

// Info describes r; an unknown reason has an empty description.
func (r DropReason) Info() DropInfo {
	info := C.pw_drop_info(C.uint(r))
	if info == nil {
		return DropInfo{}
	}
	return DropInfo{
		Name:   C.GoString(info.name),
		Stage:  C.GoString(info.stage),
		What:   C.GoString(info.what),
		Remedy: C.GoString(info.remedy),
	}
}
