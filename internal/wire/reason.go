// SPDX-License-Identifier: Apache-2.0

package wire

import "errors"

// Reason says why a frame was refused or an ICMP error must not be sent. It is
// an error that compares with == and with errors.Is, and a dense index below
// NumReasons, so that a caller counts in an array:
//
//	counters[wire.ReasonOf(err)]++
//
// The numbers may change between builds; the labels of String do not.
type Reason uint8

// Reasons. ReasonNone is never returned as an error.
const (
	ReasonNone Reason = iota

	// Any frame.
	ReasonInternal  // a decoder panicked and was caught: a bug, please report it
	ReasonTruncated // shorter than its own headers and length fields say
	ReasonTagged    // an 802.1Q or 802.1ad tag where none may be (A11)
	ReasonEtherType // not the protocol that was asked for

	// ARP, checklist A7 and A11.
	ReasonARPHardwareType
	ReasonARPProtocolType
	ReasonARPHardwareLength
	ReasonARPProtocolLength
	ReasonARPOpcode
	ReasonARPSenderMAC     // sender MAC is zero or a group address
	ReasonARPSenderOwn     // sender MAC is one of ours
	ReasonARPSenderForeign // sender MAC is not the frame's source
	ReasonARPSenderIP      // sender address can't be a host's: multicast, broadcast, loopback

	// IP headers.
	ReasonIPVersion
	ReasonIPHeaderLength
	ReasonIPTotalLength    // total length smaller than the header
	ReasonIPHeaderChecksum // IPv4
	ReasonIPExtension      // IPv6 extension header chain broken, misordered or too long

	// Neighbor Discovery, checklist N1 and N2.
	ReasonNotND         // sound so far, but not RS, RA, NS or NA
	ReasonNDHopLimit    // not 255: came through a router
	ReasonNDChecksum    //
	ReasonNDCode        // not 0
	ReasonNDLength      // ICMP message shorter than its type asks
	ReasonNDOption      // an option of length 0, past the end, or of the wrong size
	ReasonNDTarget      // target can't be a host's
	ReasonNDSource      // source can't send this message
	ReasonNDProbe       // solicitation from :: not to a solicited-node group, or with a link-layer address
	ReasonNDSolicited   // solicited advertisement to a group
	ReasonNDFragment    // behind a Fragment header (RFC 6980)
	ReasonNDExtension   // behind another extension header
	ReasonNDLinkLayer   // link-layer address in an option is zero or a group address
	ReasonNDLinkOwn     // link-layer address in an option is one of ours
	ReasonNDLinkForeign // link-layer address in an option is not the frame's source

	// ICMP host functions.
	ReasonFragment     // a fragment, where a whole packet is needed
	ReasonNotEcho      // not an echo request
	ReasonICMPChecksum //

	// What else is for the router itself.
	ReasonNotTCP
	ReasonNotUDP
	ReasonTCPHeaderLength
	ReasonTCPReset   // a reset is never answered (RFC 9293 §3.10.7.1)
	ReasonL4Checksum // TCP's or UDP's

	// ICMP errors that must not be sent, checklist I2.
	ReasonReportICMPError // about an ICMP error, a redirect, or what may be one
	ReasonReportGroup     // about a packet to an IP multicast or broadcast address
	ReasonReportLinkGroup // about a packet that arrived as link-layer multicast or broadcast
	ReasonReportFragment  // about a non-initial fragment
	ReasonReportSource    // to a source that is not a single host

	// Encoders.
	ReasonArgument // the caller's own mistake: wrong address family or ICMP type

	NumReasons
)

var reasonNames = [NumReasons]string{
	ReasonNone:              "none",
	ReasonInternal:          "internal",
	ReasonTruncated:         "truncated",
	ReasonTagged:            "tagged",
	ReasonEtherType:         "ethertype",
	ReasonARPHardwareType:   "arp_hardware_type",
	ReasonARPProtocolType:   "arp_protocol_type",
	ReasonARPHardwareLength: "arp_hardware_length",
	ReasonARPProtocolLength: "arp_protocol_length",
	ReasonARPOpcode:         "arp_opcode",
	ReasonARPSenderMAC:      "arp_sender_mac",
	ReasonARPSenderOwn:      "arp_sender_own",
	ReasonARPSenderIP:       "arp_sender_ip",
	ReasonARPSenderForeign:  "arp_sender_foreign",
	ReasonIPVersion:         "ip_version",
	ReasonIPHeaderLength:    "ip_header_length",
	ReasonIPTotalLength:     "ip_total_length",
	ReasonIPHeaderChecksum:  "ip_header_checksum",
	ReasonIPExtension:       "ip_extension",
	ReasonNotND:             "not_nd",
	ReasonNDHopLimit:        "nd_hop_limit",
	ReasonNDChecksum:        "nd_checksum",
	ReasonNDCode:            "nd_code",
	ReasonNDLength:          "nd_length",
	ReasonNDOption:          "nd_option",
	ReasonNDTarget:          "nd_target",
	ReasonNDSource:          "nd_source",
	ReasonNDProbe:           "nd_probe",
	ReasonNDSolicited:       "nd_solicited",
	ReasonNDFragment:        "nd_fragment",
	ReasonNDExtension:       "nd_extension",
	ReasonNDLinkLayer:       "nd_link_layer",
	ReasonNDLinkOwn:         "nd_link_own",
	ReasonNDLinkForeign:     "nd_link_foreign",
	ReasonFragment:          "fragment",
	ReasonNotEcho:           "not_echo",
	ReasonICMPChecksum:      "icmp_checksum",
	ReasonNotTCP:            "not_tcp",
	ReasonNotUDP:            "not_udp",
	ReasonTCPHeaderLength:   "tcp_header_length",
	ReasonTCPReset:          "tcp_reset",
	ReasonL4Checksum:        "l4_checksum",
	ReasonReportICMPError:   "report_icmp_error",
	ReasonReportGroup:       "report_group",
	ReasonReportLinkGroup:   "report_link_group",
	ReasonReportFragment:    "report_fragment",
	ReasonReportSource:      "report_source",
	ReasonArgument:          "argument",
}

// String returns the reason's stable label, fit for a metric.
func (r Reason) String() string {
	if r >= NumReasons {
		return "unknown"
	}
	return reasonNames[r]
}

// Error implements error.
func (r Reason) Error() string { return "wire: " + r.String() }

// ReasonOf returns the reason within err: ReasonNone for nil, ReasonInternal
// for an error that is not this package's.
func ReasonOf(err error) Reason {
	if err == nil {
		return ReasonNone
	}
	if r, ok := errors.AsType[Reason](err); ok {
		return r
	}
	return ReasonInternal
}

// belt turns a panic into ReasonInternal and clears the half-filled result.
// Nothing is known to reach it; it stands between one crafted frame and the
// control lcore. Use: defer belt(&result, &err).
func belt[T any](v *T, err *error) {
	if recover() != nil {
		var zero T
		*v, *err = zero, ReasonInternal
	}
}
