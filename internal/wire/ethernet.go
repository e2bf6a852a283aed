// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"

	"github.com/parkway-gw/parkway/internal/topology"
)

const (
	etherHeaderLen = 14

	etherTypeIPv4 = 0x0800
	etherTypeARP  = 0x0806
	etherTypeVLAN = 0x8100 // 802.1Q
	etherTypeIPv6 = 0x86dd
	etherTypeQinQ = 0x88a8 // 802.1ad
)

// ethernet is a frame taken apart; payload is borrowed from it.
type ethernet struct {
	dst, src topology.MAC
	typ      uint16
	payload  []byte
}

func decodeEthernet(frame []byte) (ethernet, error) {
	if len(frame) < etherHeaderLen {
		return ethernet{}, ReasonTruncated
	}
	e := ethernet{
		dst:     topology.MAC(frame[0:6]),
		src:     topology.MAC(frame[6:12]),
		typ:     binary.BigEndian.Uint16(frame[12:14]),
		payload: frame[etherHeaderLen:],
	}
	if e.typ == etherTypeVLAN || e.typ == etherTypeQinQ {
		return ethernet{}, ReasonTagged
	}
	return e, nil
}

func appendEthernet(b []byte, dst, src topology.MAC, typ uint16) []byte {
	b = append(b, dst[:]...)
	b = append(b, src[:]...)
	return binary.BigEndian.AppendUint16(b, typ)
}
