// SPDX-License-Identifier: Apache-2.0

package cgo_test

import (
	"bytes"
	"testing"

	"github.com/parkway-gw/parkway/cgo"
)

// RFC 7126: source routes end here, whatever they are hidden behind; other options travel
// untouched; what is no list of options goes to control, which tells the sender.
func TestIPv4Options(t *testing.T) {
	const forwarded, punted = "forwarded", "punted"
	for _, c := range []struct {
		name    string
		options []byte
		want    string
	}{
		{"padding", []byte{1, 1, 1, 0}, forwarded},
		{"record route", []byte{7, 7, 4, 0, 0, 0, 0, 0}, forwarded},
		{"timestamp", []byte{68, 12, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0}, forwarded},
		{"router alert", []byte{148, 4, 0, 0}, forwarded},
		{"unknown", []byte{30, 4, 1, 2}, forwarded},
		{"as long as may be", bytes.Repeat([]byte{148, 4, 0, 0}, 10), forwarded},
		{"a source route behind the end", []byte{0, 131, 3, 4}, forwarded},
		{"loose source route", []byte{131, 7, 4, 192, 0, 2, 9, 0}, "ip4_source_route"},
		{"strict source route", []byte{137, 7, 4, 192, 0, 2, 9, 0}, "ip4_source_route"},
		{"source route behind others", []byte{1, 148, 4, 0, 0, 1, 137, 3, 4, 0, 0, 0}, "ip4_source_route"},
		{"source route at the last octet", []byte{1, 1, 1, 131}, "ip4_source_route"},
		{"length 0", []byte{7, 0, 5, 6}, punted},
		{"length 1", []byte{148, 1, 0, 0}, punted},
		{"length over the end", []byte{1, 1, 7, 3}, punted},
		{"no room for a length", []byte{1, 1, 1, 7}, punted},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, defaults())
			b.store(gatewayAdj, gatewayMAC, lspExternal, cgo.AdjReachable)
			in := withOptions(t, 100, c.options)
			b.send(b.in, in)
			out, batch := sent(b.out), b.poll()
			switch c.want {
			case forwarded:
				if len(out) != 1 || !bytes.Equal(out[0][34:], in[34:]) {
					t.Errorf("left as %x", out)
				}
			case punted:
				if len(out) != 0 || len(batch.IP) != 1 || cgo.MetaOf(batch.IP[0]).Why != cgo.PuntOptions {
					t.Errorf("%d left, %d punted", len(out), len(batch.IP))
				}
			default:
				if n := b.dp.Counters().Drops[dropByName(t, c.want)]; n != 1 || len(out) != 0 {
					t.Errorf("%d left, %v", len(out), nonzero(b.dp.Counters()))
				}
			}
			b.consume(batch)
		})
	}
}
