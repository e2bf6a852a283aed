// SPDX-License-Identifier: Apache-2.0

package parkdrain

import (
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// Config is one measurement's size. NextHops times Ring packets are parked in a round.
type Config struct {
	EAL      *dpdk.EAL
	Worker   int // CPU of the worker
	Control  int // CPU of control; may be the same
	Family   int // 4 or 6
	NextHops int
	Ring     int // packets per next hop
	Rounds   int
}

// slice is how many packets wait at the port at a time: as many as a NIC's receive queue
// holds, and few enough for the caches.
const slice = 512

// The rows of the tables: the senders' switch port, the strangers', and their routers'.
const (
	lspIn = iota
	lspInRouter
	lspOut
	lspOutRouter
)

const (
	nhNone = iota
	nhOut
)

var (
	senderMAC = [6]byte{2, 0, 0, 0, 0, 1}
	inMAC     = [6]byte{2, 0, 0, 0, 1, 1}
	outMAC    = [6]byte{2, 0, 0, 0, 2, 1}
)

// serial keeps the names of DPDK's objects apart.
var serial atomic.Uint32

func name(what string) string { return fmt.Sprintf("pd%d_%s", serial.Add(1), what) }

// hop is the address of next hop i, and mac its MAC.
func (c *Config) hop(i int) netip.Addr {
	if c.Family == 4 {
		return netip.AddrFrom4([4]byte{10, 2, byte(i >> 8), byte(i)})
	}
	return netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, 2, 14: byte(i >> 8), 15: byte(i)})
}

func mac(i int) [6]byte { return [6]byte{2, 0xb0, 0, 0, byte(i >> 8), byte(i)} }

// lab is a datapath of one worker between a net_ring and a net_null port.
type lab struct {
	cfg     Config
	pool    *dpdk.Mempool
	dp      *cgo.Datapath
	w       *cgo.Worker
	rx      *dpdk.Ring
	in, out dpdk.PortID
	frames  [][]byte // by next hop
	closers []func() error
	hz      float64
}

// put has c closed at the end, last one first.
func (l *lab) put(c func() error) { l.closers = append(l.closers, c) }

func (l *lab) close() (err error) {
	if l.dp != nil {
		l.dp.Purge()
	}
	for i := len(l.closers) - 1; i >= 0; i-- {
		err = errors.Join(err, l.closers[i]())
	}
	return err
}

func newLab(cfg Config) (_ *lab, err error) {
	l := &lab{cfg: cfg}
	defer func() {
		if err != nil {
			_ = l.close()
		}
	}()
	packets := cfg.NextHops * cfg.Ring
	// All that is parked, what waits at the port, and what two caches keep.
	const cache = 256
	if l.pool, err = dpdk.NewMempool(name("pool"), dpdk.MempoolConfig{Mbufs: uint(packets + 4*slice + 4*cache),
		Cache: cache, PrivSize: cgo.PrivSize, Socket: dpdk.SocketAny}); err != nil {
		return nil, err
	}
	l.put(l.pool.Close)
	if err := l.ports(); err != nil {
		return nil, err
	}
	if err := l.datapath(packets); err != nil {
		return nil, err
	}
	for i := range cfg.NextHops {
		l.frames = append(l.frames, cfg.frame(cfg.hop(i)))
	}
	l.hz = float64(l.dp.TSCHz())
	return l, nil
}

func (l *lab) ports() (err error) {
	if l.rx, err = dpdk.NewRing(name("rx"), slice, dpdk.RingFlags{SingleProducer: true, SingleConsumer: true, Socket: dpdk.SocketAny}); err != nil {
		return err
	}
	l.put(l.rx.Close)
	none, err := dpdk.NewRing(name("tx"), slice, dpdk.RingFlags{Socket: dpdk.SocketAny})
	if err != nil {
		return err
	}
	l.put(none.Close)
	if l.in, err = dpdk.NewRingPort(name("in"), []*dpdk.Ring{l.rx}, []*dpdk.Ring{none, none}); err != nil {
		return err
	}
	l.put(l.in.Close)
	if l.out, err = dpdk.AttachPort(fmt.Sprintf("net_null%d,no-rx=1", 900+serial.Add(1))); err != nil {
		return err
	}
	l.put(l.out.Close)
	for _, p := range []dpdk.PortID{l.in, l.out} {
		if _, err := p.Configure(dpdk.PortConfig{RxQueues: 1, TxQueues: 2, Pool: l.pool}); err != nil {
			return err
		}
		if err := p.Start(); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) datapath(packets int) error {
	cfg := l.cfg
	qsbr, err := dpdk.NewQSBR(1)
	if err != nil {
		return err
	}
	l.put(qsbr.Close)
	hashes := map[string]*dpdk.Hash{"fdb": nil, "n4": nil, "n6": nil}
	for what := range hashes {
		keyLen := 8
		if what == "n6" {
			keyLen = 24
		}
		h, err := dpdk.NewHash(name(what), dpdk.HashConfig{Entries: 2*cfg.NextHops + 64, KeyLen: keyLen, Socket: dpdk.SocketAny})
		if err != nil {
			return err
		}
		l.put(h.Close)
		hashes[what] = h
	}
	l.dp, err = cgo.New(cgo.Config{Pool: l.pool, QSBR: qsbr, FDB: hashes["fdb"], Neigh4: hashes["n4"], Neigh6: hashes["n6"],
		MaxAdjacencies: cfg.NextHops, ParkLimit: packets})
	if err != nil {
		return err
	}
	l.put(func() error { l.dp.Close(); return nil })
	l.dp.SetControlQueue(l.out, 1)
	if l.w, err = l.dp.AddWorker(cgo.WorkerConfig{RxQueues: []cgo.RxQueue{{Port: l.in}}, RingSize: 64, Socket: -1,
		Park: cgo.ParkConfig{NextHops: cfg.NextHops, PacketsPerNextHop: cfg.Ring, MaxPackets: packets}}); err != nil {
		return err
	}
	for i := range cfg.NextHops {
		l.dp.InitAdjacency(uint32(i), 1, cfg.hop(i), outMAC)
		if cfg.Family == 4 {
			key := cgo.Neigh4Key(1, cfg.hop(i).As4())
			err = hashes["n4"].Add(key[:], uint64(i))
		} else {
			key := cgo.Neigh6Key(1, cfg.hop(i).As16())
			err = hashes["n6"].Add(key[:], uint64(i))
		}
		if err != nil {
			return err
		}
	}
	key := cgo.FDBKey(0, inMAC)
	if err := hashes["fdb"].Add(key[:], lspInRouter); err != nil {
		return err
	}
	return l.tables()
}

func (l *lab) tables() error {
	fib4, err := dpdk.NewFIB4(name("f4"), dpdk.FIBConfig{NextHopBytes: 2, Tbl8: 64, Socket: dpdk.SocketAny})
	if err != nil {
		return err
	}
	l.put(fib4.Close)
	fib6, err := dpdk.NewFIB6(name("f6"), dpdk.FIBConfig{NextHopBytes: 2, Tbl8: 512, Socket: dpdk.SocketAny})
	if err != nil {
		return err
	}
	l.put(fib6.Close)
	if err := errors.Join(fib4.Add(netip.MustParsePrefix("10.2.0.0/16"), nhOut), fib6.Add(netip.MustParsePrefix("2001:db8:2::/64"), nhOut)); err != nil {
		return err
	}
	tables, err := cgo.NewTables(cgo.TableSpec{
		Ports: []cgo.Port{{Port: l.in, SwitchPort: lspIn}, {Port: l.out, SwitchPort: lspOut}},
		SwitchPorts: []cgo.SwitchPort{
			lspIn:        {Kind: cgo.SwitchPortVIF, Switch: 0, Port: l.in},
			lspInRouter:  {Kind: cgo.SwitchPortRouter, Switch: 0, RouterPort: 0},
			lspOut:       {Kind: cgo.SwitchPortVIF, Switch: 1, Port: l.out},
			lspOutRouter: {Kind: cgo.SwitchPortRouter, Switch: 1, RouterPort: 1},
		},
		Switches: []cgo.Switch{{RouterPorts: []uint16{0}, Flood: []uint16{lspIn}}, {RouterPorts: []uint16{1}, Flood: []uint16{lspOut}}},
		RouterPorts: []cgo.RouterPort{
			{MAC: inMAC, Router: 0, Switch: 0, SwitchPort: lspInRouter, MTU: 1500},
			{MAC: outMAC, Router: 0, Switch: 1, SwitchPort: lspOutRouter, MTU: 1500},
		},
		Routers:  []cgo.Router{{FIB4: fib4, FIB6: fib6}},
		NextHops: []cgo.NextHop{nhNone: {Kind: cgo.NextHopDrop, Reason: cgo.DropIPNoRoute}, nhOut: {Kind: cgo.NextHopConnected, RouterPort: 1}},
	})
	if err != nil {
		return err
	}
	l.dp.Publish(tables)
	return nil
}
