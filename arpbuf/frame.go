// SPDX-License-Identifier: Apache-2.0

package arpbuf

import (
	"encoding/binary"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/internal/topology"
	"github.com/parkway-gw/parkway/internal/wire"
)

const etherHeaderLen = 14

// octets returns the frame in m: in place when it is one segment, a copy otherwise.
// Valid until m is freed or the next call.
func (r *Resolver) octets(m *dpdk.Mbuf) []byte {
	if m.Segments() == 1 {
		return m.Bytes()
	}
	r.packet = m.AppendTo(r.packet[:0])
	return r.packet
}

// isIPv4 reports whether the frame in m is an IPv4 packet. Borrows m.
func isIPv4(m *dpdk.Mbuf) bool {
	b := m.Bytes()
	return len(b) >= etherHeaderLen && binary.BigEndian.Uint16(b[12:]) == 0x0800
}

// newFrame returns an mbuf with a copy of frame; nil, counted, when there is no
// mbuf or the frame is longer than one.
func (r *Resolver) newFrame(frame []byte) *dpdk.Mbuf {
	if len(frame) == 0 {
		r.stats.BuildFailures++
		return nil
	}
	m, err := r.plane.Pool().Alloc()
	if err != nil {
		r.stats.NoMbuf++
		return nil
	}
	if err := m.AppendBytes(frame); err != nil {
		m.Free()
		r.stats.BuildFailures++
		return nil
	}
	return m
}

// send sends a frame from router port p.
func (r *Resolver) send(p *lrp, frame []byte) bool {
	m := r.newFrame(frame)
	if m == nil {
		return false
	}
	r.ctl.Send(m, p.ID)
	return true
}

// etherHeader starts a frame in the scratch for an IP packet to peer. A packet that
// a worker will route needs the type only.
func (r *Resolver) etherHeader(dst, src topology.MAC, version uint8) []byte {
	typ := uint16(0x0800)
	if version == 6 {
		typ = 0x86dd
	}
	b := append(r.frame[:0], dst[:]...)
	b = append(b, src[:]...)
	return binary.BigEndian.AppendUint16(b, typ)
}

// answer sends what host functions made, a frame from etherHeader on, in reply to
// req, which came in by p. To and from link-local addresses no route leads: those
// go back to the station that the question came from.
func (r *Resolver) answer(p *lrp, worker uint16, req *wire.IP, frame []byte, linkLocal bool) bool {
	if linkLocal {
		copy(frame[:6], req.EthSrc[:])
		mac := p.mac()
		copy(frame[6:12], mac[:])
		return r.send(p, frame)
	}
	m := r.newFrame(frame)
	if m == nil {
		return false
	}
	r.spoke(frame)
	r.ctl.Route(m, p.ID, worker)
	return true
}
