// SPDX-License-Identifier: Apache-2.0

package dpdk

// AppendTo appends a copy of the packet, over all its segments, to b and returns
// it, as append does. It borrows m.
func (m *Mbuf) AppendTo(b []byte) []byte {
	for s := m; s != nil; s = (*Mbuf)(s.next) {
		b = append(b, s.Bytes()...)
	}
	return b
}
