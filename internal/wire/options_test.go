// SPDX-License-Identifier: Apache-2.0

package wire

import "testing"

func TestBadOption(t *testing.T) {
	for _, tc := range []struct {
		name    string
		options []byte
		pointer uint32
		bad     bool
	}{
		{"none", nil, 0, false},
		{"sound", []byte{1, 7, 4, 4, 0, 0, 0, 0}, 0, false},
		{"behind the end", []byte{0, 7, 0, 0}, 0, false},
		{"length 0", []byte{1, 7, 0, 0}, 21, true},
		{"length 1", []byte{148, 4, 0, 0, 7, 1, 0, 0}, 24, true},
		{"too long", []byte{148, 5, 0, 0}, 20, true},
		{"no length", []byte{1, 1, 1, 7}, 23, true},
	} {
		b := append(make([]byte, 20), tc.options...)
		b[0] = byte(0x45 + len(tc.options)/4)
		if p, bad := BadOption(append(b, 7, 7, 7)); p != tc.pointer || bad != tc.bad {
			t.Errorf("%s: %d, %v", tc.name, p, bad)
		}
	}
	for n := range 20 {
		if _, bad := BadOption([]byte{0x4f, 18: 0}[:n]); bad {
			t.Errorf("%d octets", n)
		}
	}
}
