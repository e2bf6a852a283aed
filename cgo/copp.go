// SPDX-License-Identifier: Apache-2.0

package cgo

/*
#include "control.h"
*/
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// PuntClass is a kind of packets for control that a meter can be given for.
type PuntClass uint8

const (
	PuntClassARP        PuntClass = C.PW_COPP_ARP
	PuntClassNDNS       PuntClass = C.PW_COPP_ND_NS
	PuntClassNDNA       PuntClass = C.PW_COPP_ND_NA
	PuntClassNDRAOpts   PuntClass = C.PW_COPP_ND_RA_OPTS
	PuntClassICMP4Error PuntClass = C.PW_COPP_ICMP4_ERROR
	PuntClassICMP6Error PuntClass = C.PW_COPP_ICMP6_ERROR
	PuntClassICMP4Echo  PuntClass = C.PW_COPP_ICMP4_ECHO
	PuntClassICMP6Echo  PuntClass = C.PW_COPP_ICMP6_ECHO
	PuntClassTCPReset   PuntClass = C.PW_COPP_TCP_RESET
	PuntClasses                   = C.PW_COPP_CLASSES
)

// MaxRouterPorts is how many router ports a datapath keeps meters for.
const MaxRouterPorts = C.PW_MAX_LRPS

// Meter is a token bucket's values: Rate packets per second, Burst at once. Rate 0 is no
// limit.
type Meter struct {
	Rate, Burst uint32
}

// PuntsRefused is how many packets the meters of a router port have kept from control, by
// class, over all workers.
func (d *Datapath) PuntsRefused(routerPort uint16) (n [PuntClasses]uint64) {
	if int(routerPort) >= MaxRouterPorts {
		return n
	}
	for _, w := range d.workers {
		refused := unsafe.Slice(w.c.refused, MaxRouterPorts)
		for i := range refused[routerPort].n {
			count := atomic.LoadUint64((*uint64)(unsafe.Pointer(&refused[routerPort].n[i])))
			n[C.pw_copp_class(C.enum_pw_copp_bucket(i))] += count
		}
	}
	return n
}

// ResetRouterPort fills the buckets of a router port: its index serves another from now
// on. What was refused stays counted. Control lcore only.
func (d *Datapath) ResetRouterPort(routerPort uint16) {
	if int(routerPort) >= MaxRouterPorts {
		return
	}
	state := row(d.c.copp, int(routerPort))
	for i := range state.full_at {
		atomic.StoreUint64((*uint64)(unsafe.Pointer(&state.full_at[i])), 0)
	}
}
