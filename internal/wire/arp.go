// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/parkway-gw/parkway/internal/topology"
)

// ARPOp is an ARP operation (RFC 826).
type ARPOp uint16

const (
	ARPRequest ARPOp = 1
	ARPReply   ARPOp = 2
)

const (
	arpLen              = 28 // octets of an ARP packet for Ethernet and IPv4
	arpHardwareEthernet = 1  // IANA hardware type
)

// ARP is an ARP packet for Ethernet and IPv4 (RFC 826) with its frame's
// addresses. It holds no reference to the frame.
type ARP struct {
	EthDst, EthSrc topology.MAC

	Op        ARPOp
	SenderMAC topology.MAC
	SenderIP  netip.Addr // 0.0.0.0 in a probe
	TargetMAC topology.MAC
	TargetIP  netip.Addr

	// SenderIsEthSrc is set when SenderMAC equals EthSrc. Proxies and some
	// clusters send otherwise, so a difference is suspicious but not wrong.
	SenderIsEthSrc bool
}

// DecodeARP reads an ARP frame. It refuses whatever is not Ethernet and IPv4,
// request or reply, of at least 42 octets (checklist A11). It does not judge
// the sender; see Check.
func DecodeARP(frame []byte) (a ARP, err error) {
	defer belt(&a, &err)
	eth, err := decodeEthernet(frame)
	if err != nil {
		return ARP{}, err
	}
	if eth.typ != etherTypeARP {
		return ARP{}, ReasonEtherType
	}
	p := eth.payload
	if len(p) < arpLen {
		return ARP{}, ReasonTruncated
	}
	switch {
	case binary.BigEndian.Uint16(p[0:2]) != arpHardwareEthernet:
		return ARP{}, ReasonARPHardwareType
	case binary.BigEndian.Uint16(p[2:4]) != etherTypeIPv4:
		return ARP{}, ReasonARPProtocolType
	case p[4] != 6:
		return ARP{}, ReasonARPHardwareLength
	case p[5] != 4:
		return ARP{}, ReasonARPProtocolLength
	}
	if op := ARPOp(binary.BigEndian.Uint16(p[6:8])); op != ARPRequest && op != ARPReply {
		return ARP{}, ReasonARPOpcode
	}

	a = ARP{EthDst: eth.dst, EthSrc: eth.src}
	if !parseARP(&a, p[:arpLen]) {
		return ARP{}, ReasonInternal
	}
	a.SenderIsEthSrc = a.SenderMAC == a.EthSrc
	return a, nil
}

// IsProbe reports an ARP probe: a request from 0.0.0.0 by a host that wants to
// know whether the target address is taken (RFC 5227 §1.1). Answer it when the
// target is ours; learn nothing from it (checklist A10).
func (a ARP) IsProbe() bool { return a.Op == ARPRequest && a.SenderIP.IsUnspecified() }

// IsGratuitous reports an announcement, request or reply, in which a host names
// its own address as the target (RFC 5227 §3, checklist A8).
func (a ARP) IsGratuitous() bool { return a.SenderIP == a.TargetIP && !a.SenderIP.IsUnspecified() }

// Check says whether the sender may be believed and answered (RFC 1812 §3.3.2,
// checklist A7): its MAC must be one station's, so neither zero, multicast nor
// broadcast, and none of own; its address must be unspecified (a probe) or able
// to be a host's. It returns nil or a Reason.
func (a ARP) Check(own ...topology.MAC) error {
	switch {
	case unusable(a.SenderMAC):
		return ReasonARPSenderMAC
	case slices.Contains(own, a.SenderMAC):
		return ReasonARPSenderOwn
	case !a.SenderIP.IsUnspecified() && notAHost(a.SenderIP):
		return ReasonARPSenderIP
	}
	return nil
}

// AppendARPRequest appends a request frame for target (RFC 826). ethDst is
// Broadcast to ask everybody, or the cached MAC of the neighbor to ask only it
// (RFC 1122 §2.3.2.1 unicast poll). A sender address of 0.0.0.0 makes it a
// probe (RFC 5227 §2.1.1).
func AppendARPRequest(b []byte, ethDst, mac topology.MAC, sender, target netip.Addr) []byte {
	return appendARP(b, ethDst, mac, ARPRequest, mac, sender, topology.MAC{}, target)
}

// AppendARPReply appends the answer to req (checklist A2): "TargetIP is at
// mac", unicast to the asking station, which Check must have passed.
func AppendARPReply(b []byte, req ARP, mac topology.MAC) []byte {
	return appendARP(b, req.SenderMAC, mac, ARPReply, mac, req.TargetIP, req.SenderMAC, req.SenderIP)
}

// AppendARPAnnouncement appends a gratuitous ARP for ip: a broadcast request
// with ip as sender and target, which updates every cache that has it
// (RFC 5227 §2.3).
func AppendARPAnnouncement(b []byte, mac topology.MAC, ip netip.Addr) []byte {
	return appendARP(b, Broadcast, mac, ARPRequest, mac, ip, topology.MAC{}, ip)
}

func appendARP(b []byte, ethDst, ethSrc topology.MAC, op ARPOp, sha topology.MAC, spa netip.Addr, tha topology.MAC, tpa netip.Addr) []byte {
	spa, tpa = spa.Unmap(), tpa.Unmap()
	if !spa.Is4() || !tpa.Is4() {
		return b
	}
	s, t := spa.As4(), tpa.As4()
	b = appendEthernet(b, ethDst, ethSrc, etherTypeARP)
	b = append(b, 0, arpHardwareEthernet, etherTypeIPv4>>8, etherTypeIPv4&0xff, 6, 4)
	b = binary.BigEndian.AppendUint16(b, uint16(op))
	b = append(b, sha[:]...)
	b = append(b, s[:]...)
	b = append(b, tha[:]...)
	return append(b, t[:]...)
}
