// SPDX-License-Identifier: Apache-2.0

package dpdk_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
)

func TestAttachErrors(t *testing.T) {
	_, err := dpdk.AttachPort("net_nosuch0,iface=x")
	wantError(t, err, syscall.ENODEV, "rte_dev_probe(net_nosuch0,iface=x)", "a driver net_nosuch", "the EAL says", `"net_nosuch0"`)
	null := dpdktest.Port(t, "net_null7", dpdk.PortConfig{TxQueues: 1})
	_, err = dpdk.AttachPort("net_null7")
	wantError(t, err, syscall.EEXIST, "net_null7 is attached already")
	if got, err := dpdk.PortByName("net_null7"); err != nil || got != null {
		t.Errorf("by name: %v, %v, want %v", got, err, null)
	}
	_, err = dpdk.PortByName("net_null8")
	wantError(t, err, syscall.ENODEV, "net_null8")
	_, err = dpdk.PortID(31).Info()
	wantError(t, err, syscall.ENODEV, "rte_eth_dev_info_get(port 31)")
	wantError(t, dpdk.PortID(31).Close(), syscall.ENODEV, "port 31")
}

func TestPortGoesAway(t *testing.T) {
	before := len(dpdk.Ports())
	port, err := dpdk.AttachPort("net_null3")
	if err != nil {
		t.Fatal(err)
	}
	if got := len(dpdk.Ports()); got != before+1 || port.String() != fmt.Sprintf("port %d net_null3", port) {
		t.Errorf("%d ports, the new one is %v", got, port)
	}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := dpdk.PortByName("net_null3"); !errors.Is(err, syscall.ENODEV) || len(dpdk.Ports()) != before {
		t.Errorf("the closed port is still there: %v", err)
	}
	again, err := dpdk.AttachPort("net_null3")
	if err != nil {
		t.Fatalf("attach after close: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestNullPort(t *testing.T) {
	pool := dpdktest.Pool(t, 4095)
	port := dpdktest.Port(t, "net_null0,size=60", dpdk.PortConfig{RxQueues: 1, TxQueues: 1, Pool: pool, MTU: 1400})
	var burst [32]*dpdk.Mbuf
	if n := port.RxBurst(0, burst[:]); n != 32 || burst[0].Len() != 60 || burst[0].PortID() != port {
		t.Fatalf("received %d packets", n)
	}
	if n := port.TxBurst(0, burst[:]); n != 32 {
		t.Fatalf("sent %d packets", n)
	}
	if port.RxBurst(0, nil) != 0 || port.TxBurst(0, nil) != 0 {
		t.Error("an empty burst moved packets")
	}
	stats, err := port.Stats()
	if err != nil || stats.RxPackets != 32 || stats.TxPackets != 32 {
		t.Errorf("stats %+v, %v", stats, err)
	}
	if err := port.ResetStats(); err != nil {
		t.Error(err)
	}
	if stats, err = port.Stats(); err != nil || stats.RxPackets != 0 {
		t.Errorf("stats after reset %+v, %v", stats, err)
	}
	if xstats, err := port.XStats(); err != nil || len(xstats) == 0 || xstats[0].Name == "" {
		t.Errorf("xstats %v, %v", xstats, err)
	}
	if mtu, err := port.MTU(); err != nil || mtu != 1400 {
		t.Errorf("MTU %d, %v", mtu, err)
	}
	mac := net.HardwareAddr{2, 0, 0, 0, 0, 9}
	if err := port.SetMAC(mac); err != nil {
		t.Error(err)
	}
	if got, err := port.MAC(); err != nil || !bytes.Equal(got, mac) {
		t.Errorf("MAC %v, %v", got, err)
	}
	wantError(t, port.SetMAC(nil), syscall.EINVAL, "not a 48-bit address")
	if link, err := port.Link(); err != nil || !link.Up || !link.FullDuplex {
		t.Errorf("link %+v, %v", link, err)
	}
	wantError(t, port.SetLinkDown(), syscall.ENOTSUP, "rte_eth_dev_set_link_down("+port.String()+")", "(ENOTSUP)")
	if err := port.SetPromiscuous(true); err != nil && !errors.Is(err, syscall.ENOTSUP) {
		t.Error(err)
	}
}

func TestConfigureRefusesWithFigures(t *testing.T) {
	pool := dpdktest.Pool(t, 255)
	small := dpdktest.PoolOf(t, dpdk.MempoolConfig{Mbufs: 7, DataRoom: dpdk.Headroom + 512, Socket: dpdk.SocketAny})
	dir := t.TempDir()
	pcap := filepath.Join(dir, "in.pcap")
	writePcap(t, pcap)
	port, err := dpdk.AttachPort(fmt.Sprintf("net_pcap1,rx_pcap=%s,tx_pcap=%s", pcap, filepath.Join(dir, "out.pcap")))
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close() //nolint:errcheck // the port is not what is tested
	for name, c := range map[string]struct {
		cfg   dpdk.PortConfig
		errno syscall.Errno
		words []string
	}{
		"queues": {dpdk.PortConfig{RxQueues: 2, TxQueues: 3, Pool: pool}, syscall.EINVAL,
			[]string{"rte_eth_dev_configure(" + port.String() + ", 2 rx + 3 tx queues): invalid argument (EINVAL)", "net_pcap offers at most 1 rx and 1 tx queues"}},
		"none":     {dpdk.PortConfig{}, syscall.EINVAL, []string{"at least one queue"}},
		"no pool":  {dpdk.PortConfig{RxQueues: 1, TxQueues: 1}, syscall.EINVAL, []string{"need a mempool"}},
		"low MTU":  {dpdk.PortConfig{RxQueues: 1, TxQueues: 1, Pool: pool, MTU: 45}, syscall.EINVAL, []string{"MTU of 45 is outside the port's 46 to"}},
		"mbufs":    {dpdk.PortConfig{RxQueues: 1, TxQueues: 1, Pool: small, MTU: 1500}, syscall.EINVAL, []string{"MTU of 1500 needs 1526 bytes per mbuf", "offers 512"}},
		"offloads": {dpdk.PortConfig{RxQueues: 1, TxQueues: 1, Pool: pool, TxOffloads: dpdk.TxIPv4Cksum, RequireOffloads: true}, syscall.ENOTSUP, []string{"net_pcap lacks", "IPV4_CKSUM"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := port.Configure(c.cfg)
			wantError(t, err, c.errno, c.words...)
		})
	}
	setup, err := port.Configure(dpdk.PortConfig{RxQueues: 1, TxQueues: 1, Pool: pool, RSS: true, TxOffloads: dpdk.TxIPv4Cksum})
	if err != nil || setup.TxOffloads != 0 || setup.RSSTypes != 0 || setup.RxDesc == 0 {
		t.Errorf("what the port lacks should be left out: %+v, %v", setup, err)
	}
}

func TestPcapInToOut(t *testing.T) {
	pool := dpdktest.Pool(t, 255)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.pcap"), filepath.Join(dir, "out.pcap")
	packets := [][]byte{bytes.Repeat([]byte{1}, 60), bytes.Repeat([]byte{2}, 1500), bytes.Repeat([]byte{3}, 61)}
	writePcap(t, in, packets...)
	port, err := dpdk.AttachPort(fmt.Sprintf("net_pcap0,rx_pcap=%s,tx_pcap=%s", in, out))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := port.Configure(dpdk.PortConfig{RxQueues: 1, TxQueues: 1, Pool: pool}); err != nil {
		t.Fatal(err)
	}
	if err := port.Start(); err != nil {
		t.Fatal(err)
	}
	var burst [8]*dpdk.Mbuf
	n := port.RxBurst(0, burst[:])
	if n != len(packets) || port.TxBurst(0, burst[:n]) != n {
		t.Errorf("received %d packets of %d, or sent fewer", n, len(packets))
	}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	got := readPcap(t, out)
	if len(got) != len(packets) {
		t.Fatalf("%d packets came out", len(got))
	}
	for i := range got {
		if !bytes.Equal(got[i], packets[i]) {
			t.Errorf("packet %d changed", i)
		}
	}
}

func TestTapWithTwoQueues(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("net_tap needs CAP_NET_ADMIN")
	}
	pool := dpdktest.Pool(t, 4095)
	name := fmt.Sprintf("pw%d", os.Getpid())
	port, err := dpdk.AttachPort("net_tap5,iface=" + name)
	if err != nil {
		t.Fatal(err)
	}
	_, err = port.Configure(dpdk.PortConfig{RxQueues: 2, TxQueues: 1, Pool: pool})
	wantError(t, err, syscall.EIO, "2 rx + 1 tx queues", "must be equal to number of tx queues")
	setup, err := port.Configure(dpdk.PortConfig{RxQueues: 2, TxQueues: 2, Pool: pool, MTU: 1400, RSS: true, TxOffloads: dpdk.TxMultiSegs})
	if err != nil || setup.MTU != 1400 || setup.TxOffloads != dpdk.TxMultiSegs {
		t.Fatalf("%+v, %v", setup, err)
	}
	if err := port.Start(); err != nil {
		t.Fatal(err)
	}
	kernel, err := net.InterfaceByName(name)
	if err != nil || kernel.MTU != 1400 {
		t.Errorf("the kernel's side: %+v, %v", kernel, err)
	}
	info, err := port.Info()
	if err != nil || info.Driver != "net_tap" || info.Device != "net_tap5" || info.RxQueues != 2 || info.IfIndex != uint(kernel.Index) {
		t.Errorf("info %+v, %v", info, err)
	}
	if mac, err := port.MAC(); err != nil || !bytes.Equal(mac, kernel.HardwareAddr) {
		t.Errorf("MAC %v, the kernel says %v, %v", mac, kernel.HardwareAddr, err)
	}
	for _, step := range []func() error{port.SetLinkUp, func() error { return port.SetPromiscuous(true) }, func() error { return port.SetAllMulticast(true) }} {
		if err := step(); err != nil {
			t.Error(err)
		}
	}
	frame := append(append(bytes.Repeat([]byte{0xff}, 6), 2, 0, 0, 0, 0, 1, 0x88, 0xb5), make([]byte, 46)...)
	for q := range uint16(2) {
		m := dpdktest.Packet(t, pool, frame)
		if port.TxBurst(q, []*dpdk.Mbuf{m}) != 1 {
			m.Free()
			t.Errorf("queue %d sent nothing", q)
		}
	}
	if stats, err := port.Stats(); err != nil || stats.TxPackets != 2 || stats.TxBytes != 120 {
		t.Errorf("stats %+v, %v", stats, err)
	}
	if err := port.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := net.InterfaceByName(name); err == nil {
		t.Errorf("interface %s outlived its port", name)
	}
}

func TestRingPortLoops(t *testing.T) {
	pool := dpdktest.Pool(t, 255)
	w := dpdktest.RingPort(t, 2, 2, pool)
	for q := range uint16(2) {
		if !w.In[q].Enqueue(dpdktest.Packet(t, pool, []byte{byte(q), 1, 2, 3})) {
			t.Fatal("ring full")
		}
	}
	var burst [8]*dpdk.Mbuf
	for q := range uint16(2) {
		n := w.Port.RxBurst(q, burst[:])
		if n != 1 || burst[0].Bytes()[0] != byte(q) {
			t.Fatalf("queue %d: received %d packets", q, n)
		}
		if sent := w.Port.TxBurst(q, burst[:n]); sent != 1 {
			t.Fatalf("queue %d: sent %d packets", q, sent)
		}
		if got := w.Out[q].Len(); got != 1 {
			t.Errorf("queue %d: %d packets on the wire", q, got)
		}
	}
	stats, err := w.Port.Stats()
	if err != nil || stats.RxPackets != 2 || stats.TxPackets != 2 {
		t.Errorf("stats %+v, %v", stats, err)
	}
}

// A full ring takes k of n packets; the rest is still the sender's.
func TestPartialTransmit(t *testing.T) {
	pool := dpdktest.Pool(t, 255)
	out := dpdktest.Ring(t, 5, dpdk.RingFlags{})
	port, err := dpdk.NewRingPort(dpdktest.Name("part"), []*dpdk.Ring{dpdktest.Ring(t, 1, dpdk.RingFlags{})}, []*dpdk.Ring{out})
	if err != nil {
		t.Fatal(err)
	}
	defer port.Close() //nolint:errcheck // closed to let go of the ring
	if _, err := port.Configure(dpdk.PortConfig{RxQueues: 1, TxQueues: 1, Pool: pool}); err != nil {
		t.Fatal(err)
	}
	if err := port.Start(); err != nil {
		t.Fatal(err)
	}
	burst := make([]*dpdk.Mbuf, 8)
	if err := pool.AllocBulk(burst); err != nil {
		t.Fatal(err)
	}
	n := port.TxBurst(0, burst)
	if n != 5 {
		t.Errorf("a ring of 5 took %d packets", n)
	}
	dpdk.FreeBulk(burst[n:])
	if left := dpdktest.Drain(out); left != n {
		t.Errorf("%d packets on the wire", left)
	}
}

func TestRingPortRefuses(t *testing.T) {
	_, err := dpdk.NewRingPort("x", nil, nil)
	wantError(t, err, syscall.EINVAL, "rte_eth_from_rings(x, 0 rx + 0 tx rings)", "1 to 16 rx and 1 to 16 tx")
	_, err = dpdk.NewRingPort("x", make([]*dpdk.Ring, 17), nil)
	wantError(t, err, syscall.EINVAL, "17 rx")
}

// writePcap writes a classic pcap file, little-endian, Ethernet.
func writePcap(t *testing.T, file string, packets ...[]byte) {
	t.Helper()
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = append(b, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0)
	for _, p := range packets {
		b = append(b, make([]byte, 8)...)
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p)))
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(p))), p...)
	}
	if err := os.WriteFile(file, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func readPcap(t *testing.T, file string) (packets [][]byte) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil || len(b) < 24 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	for b = b[24:]; len(b) >= 16; {
		n := binary.LittleEndian.Uint32(b[8:])
		packets, b = append(packets, b[16:16+n]), b[16+n:]
	}
	return packets
}
