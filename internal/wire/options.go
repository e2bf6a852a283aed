// SPDX-License-Identifier: Apache-2.0

package wire

// BadOption returns where the first IPv4 option begins that is longer than what is left of
// the header or shorter than two octets (RFC 791 §3.1); false when there is none.
func BadOption(packet []byte) (pointer uint32, bad bool) {
	if len(packet) < ipv4HeaderLen || packet[0]>>4 != 4 {
		return 0, false
	}
	header := min(int(packet[0]&0x0f)*4, len(packet))
	for at := ipv4HeaderLen; at < header && packet[at] != 0; {
		if packet[at] == 1 { // no operation
			at++
			continue
		}
		if at+1 >= header || packet[at+1] < 2 || at+int(packet[at+1]) > header {
			return uint32(at), true
		}
		at += int(packet[at+1])
	}
	return 0, false
}
