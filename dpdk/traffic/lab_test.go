// SPDX-License-Identifier: Apache-2.0

package traffic_test

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/dpdk/traffic"
)

func TestMain(m *testing.M) { dpdktest.Main(m) }

var (
	src4, dst4 = netip.MustParseAddr("10.0.1.2"), netip.MustParseAddr("10.0.255.250")
	src6, dst6 = netip.MustParseAddr("2001:db8:1::2"), netip.MustParseAddr("2001:db8:2::fffe")
	macS, macD = [6]byte{2, 0, 0, 0, 0, 1}, [6]byte{2, 0, 0, 0, 0, 2}
)

func group(dst netip.Addr) traffic.Group {
	src := src4
	if dst.Is6() {
		src = src6
	}
	return traffic.Group{Src: src, Dst: dst, SrcMAC: macS, DstMAC: macD}
}

func scan(prefix string) traffic.Group {
	p := netip.MustParsePrefix(prefix)
	g := group(p.Addr())
	g.Dst, g.Scan = netip.Addr{}, p
	return g
}

// null is a started net_null port with a source and a sink, polled by the test.
type null struct {
	t    testing.TB
	port dpdk.PortID
	pool *dpdk.Mempool
	src  *traffic.Source
	sink *traffic.Sink
}

const mbufs = 1023

func newNull(t testing.TB, txQueues uint16, sc traffic.SourceConfig, kc traffic.SinkConfig) *null {
	t.Helper()
	n := &null{t: t, pool: dpdktest.Pool(t, mbufs)}
	n.port = attach(t, n.pool, txQueues)
	sc.Port, sc.Pool, kc.Port = n.port, n.pool, n.port
	var err error
	if n.src, err = traffic.NewSource(sc); err != nil {
		t.Fatal(err)
	}
	if n.sink, err = traffic.NewSink(kc); err != nil {
		t.Fatal(err)
	}
	if err := n.port.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.port.Close(); err != nil {
			t.Error(err)
		}
		if n.src.Stats().Attached || n.sink.Stats().Attached {
			t.Error("callbacks are on a port that is closed")
		}
		n.src.Close()
		n.sink.Close()
	})
	return n
}

func attach(t testing.TB, pool *dpdk.Mempool, txQueues uint16) dpdk.PortID {
	t.Helper()
	port, err := dpdk.AttachPort(dpdktest.Name("net_null") + ",no-rx=1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := port.Configure(dpdk.PortConfig{RxQueues: 1, TxQueues: txQueues, Pool: pool}); err != nil {
		t.Fatal(err)
	}
	return port
}

func (n *null) run(p traffic.Program) {
	n.t.Helper()
	if err := n.src.Run(p); err != nil {
		n.t.Fatal(err)
	}
}

// receive polls once for up to most packets.
func (n *null) receive(most int) []*dpdk.Mbuf {
	burst := make([]*dpdk.Mbuf, most)
	return burst[:n.port.RxBurst(0, burst)]
}

// send sends all of burst by a queue.
func (n *null) send(queue uint16, burst ...*dpdk.Mbuf) {
	n.t.Helper()
	if sent := n.port.TxBurst(queue, burst); sent != len(burst) {
		n.t.Fatalf("%d of %d sent", sent, len(burst))
	}
}

// stamp is what a packet of the source says of itself.
type stamp struct {
	flow uint32
	seq  uint64
	dst  netip.Addr
}

func readStamp(t testing.TB, m *dpdk.Mbuf) stamp {
	t.Helper()
	b := m.Bytes()
	at, dst := 42, netip.AddrFrom4([4]byte(b[30:34]))
	if b[12] == 0x86 {
		at, dst = 62, netip.AddrFrom16([16]byte(b[38:54]))
	}
	if binary.BigEndian.Uint16(b[at:]) != 0x5057 {
		t.Fatalf("no stamp in %x", b)
	}
	return stamp{binary.BigEndian.Uint32(b[at+2:]), binary.BigEndian.Uint64(b[at+6:]), dst}
}

// stamps receives n packets and frees them.
func (n *null) stamps(count int) (out []stamp) {
	n.t.Helper()
	for len(out) < count {
		burst := n.receive(min(32, count-len(out)))
		if len(burst) == 0 {
			break
		}
		for _, m := range burst {
			out = append(out, readStamp(n.t, m))
		}
		dpdk.FreeBulk(burst)
	}
	return out
}
