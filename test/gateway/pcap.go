// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"encoding/binary"
	"os"
	"testing"
)

// WritePcap writes a pcap file of Ethernet frames, all with the timestamp 0.
func WritePcap(t testing.TB, file string, frames ...[]byte) {
	t.Helper()
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4) // microseconds, version 2.4
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0)
	for _, f := range frames {
		b = append(b, make([]byte, 8)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(f)))
		b = append(b, f...)
	}
	if err := os.WriteFile(file, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
