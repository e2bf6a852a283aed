// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// Datagrams sends numbered UDP datagrams, one at a time, and tells how long each took. One
// goroutine uses it.
type Datagrams struct {
	from, to *net.UDPConn
	sent     uint64
}

// Trip is how long a datagram took.
type Trip struct {
	Wire time.Duration // from before the write until the receiver's kernel had it from the wire
	Read time.Duration // from before the write until the receiver had read it
}

// NewDatagrams has from send to an address. Namespace to listens there; nil: somebody else
// does, and only Write works.
func NewDatagrams(from, to *NS, at netip.AddrPort) (*Datagrams, error) {
	d := &Datagrams{}
	addr := net.UDPAddrFromAddrPort(at)
	if to != nil {
		if err := to.Do(func() (err error) { d.to, err = net.ListenUDP("udp", addr); return err }); err != nil {
			return nil, err
		}
		if err := d.stamp(); err != nil {
			d.Close()
			return nil, err
		}
	}
	if err := from.Do(func() (err error) { d.from, err = net.DialUDP("udp", nil, addr); return err }); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// stamp has the kernel say when it received a datagram.
func (d *Datagrams) stamp() error {
	raw, err := d.to.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
	})
	return errors.Join(err, failed)
}

// Close closes the sockets.
func (d *Datagrams) Close() {
	for _, c := range []*net.UDPConn{d.from, d.to} {
		if c != nil {
			_ = c.Close()
		}
	}
}

// Write sends the next datagram and returns when it began to. The time has no monotonic
// reading: it compares with the kernel's.
func (d *Datagrams) Write() (time.Time, error) {
	d.sent++
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8), d.sent)
	at := time.Now().Round(0)
	_, err := d.from.Write(b)
	return at, err
}

// Send sends the next datagram and waits for it, at most so long. Former ones that come
// late are passed over.
func (d *Datagrams) Send(limit time.Duration) (Trip, error) {
	if err := d.to.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return Trip{}, err
	}
	type arrival struct {
		wire, read time.Time
		err        error
	}
	arrived := make(chan arrival, 1)
	want := d.sent + 1
	go func() {
		var b [64]byte
		oob := make([]byte, 128)
		for {
			n, noob, _, _, err := d.to.ReadMsgUDP(b[:], oob)
			now := time.Now().Round(0)
			if err != nil {
				arrived <- arrival{err: err}
				return
			}
			if n == 8 && binary.BigEndian.Uint64(b[:]) == want {
				arrived <- arrival{wire: timestamp(oob[:noob], now), read: now}
				return
			}
		}
	}()
	at, err := d.Write()
	if err != nil {
		return Trip{}, errors.Join(err, d.to.SetReadDeadline(time.Unix(1, 0)))
	}
	a := <-arrived
	if a.err != nil {
		return Trip{}, fmt.Errorf("datagram %d did not arrive: %w", want, a.err)
	}
	return Trip{Wire: a.wire.Sub(at), Read: a.read.Sub(at)}, nil
}

// timestamp is the kernel's, or what is given where it did not say.
func timestamp(oob []byte, otherwise time.Time) time.Time {
	r := Recorded{Time: otherwise}
	r.readControl(nil, oob)
	return r.Time
}
