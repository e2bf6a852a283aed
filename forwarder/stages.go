// SPDX-License-Identifier: Apache-2.0

package forwarder

import "github.com/parkway-gw/parkway/cgo"

// DropReason says why packets are freed without being sent or consumed.
type DropReason struct {
	Name   string // stable, snake case
	Stage  string // one of Stages, or punt, inject, control, worker
	What   string // what happened
	Remedy string // what the operator can do
}

// DropReasons returns every reason; the index is that of Counters.Drops.
func DropReasons() []DropReason {
	out := make([]DropReason, cgo.DropCount)
	for i := range out {
		out[i] = DropReason(cgo.DropReason(i).Info())
	}
	return out
}

// Stages returns the pipeline's stages in the order that a routed packet meets
// them. The names are OVN's where OVN has the stage.
func Stages() []string {
	return []string{
		"ls_in_admission",
		"ls_in_check_port_sec",
		"ls_in_lookup_fdb",
		"ls_in_storm_control",
		"ls_in_arp_rsp",
		"ls_in_l2_lkup",
		"lr_in_admission",
		"lr_in_ip_input",
		"lr_in_ip_routing",
		"lr_in_policy",
		"lr_in_ip_routing_ecmp",
		"lr_in_arp_resolve",
		"lr_in_chk_pkt_len",
		"lr_in_larger_pkts",
		"lr_in_arp_request",
		"lr_out_delivery",
		"ls_out_check_port_sec",
		"ls_out_delivery",
	}
}
