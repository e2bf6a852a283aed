// SPDX-License-Identifier: Apache-2.0

package arpbuf_test

import (
	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/forwarder"
)

// spy is a forwarder that a test looks over the shoulder of.
type spy struct {
	*forwarder.Forwarder
	flagged int
	alloc   func() // called before control takes an mbuf
}

func (s *spy) FlagAdjacency(adj uint32, flags cgo.AdjFlags) {
	s.flagged++
	s.Forwarder.FlagAdjacency(adj, flags)
}

func (s *spy) Pool() *dpdk.Mempool {
	if s.alloc != nil {
		s.alloc()
	}
	return s.Forwarder.Pool()
}
