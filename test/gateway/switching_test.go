// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"bytes"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

// TestEastWest: neighbors on a switch reach each other without the router, hosts
// behind other switches through it, and what is for nobody or for all stays in its
// switch.
func TestEastWest(t *testing.T) {
	g := startArticle(t)
	captures := map[string]*lab.Capture{}
	for _, e := range article[1:] {
		captures[e.name] = g.capture(e.name)
	}
	marker := []byte("parkway-stays-here")
	broadcast := topology.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	group := topology.MAC{0x33, 0x33, 0, 0, 0, 0x42}
	stranger := mustMAC("02:00:00:00:00:99")
	g.send(pc1, lab.NewFrame(stranger, pc1.MAC, 0, 0x88b5, marker)) // RFC 9542 B.2: for experiments
	g.send(pc1, lab.NewFrame(broadcast, pc1.MAC, 0, 0x88b5, marker))
	g.send(pc1, lab.NewFrame(group, pc1.MAC, 0, 0x88b5, marker))
	g.send(pc1, lab.NewARP(broadcast, 0, lab.ARPRequest, pc1.MAC, pc1.ip(0), topology.MAC{}, netip.MustParseAddr("1.1.0.77")))
	udp := append([]byte{0, 9, 0, 9, 0, byte(8 + len(marker)), 0, 0}, marker...)
	g.send(pc1, lab.NewFrame(broadcast, pc1.MAC, 0, lab.EtherIPv4, lab.NewIPv4(pc1.ip(0), netip.MustParseAddr("255.255.255.255"), 64, lab.ProtoUDP, udp)))
	// Whatever the gateway does with these, it has done when later packets are through.
	for i := range families {
		g.ping(pc1, pc2.ip(i), 2).wantTTL(g, 64)
		g.ping(pc1, pc3.ip(i), 2).wantTTL(g, 63)
		g.ping(pc1, pc4.ip(i), 1).wantTTL(g, 63)
		g.ping(pc1, pcExt.ip(i), 1).wantTTL(g, 63)
		g.ping(pc4, pc3.ip(i), 1).wantTTL(g, 64)
	}
	got := map[string][]lab.Frame{}
	for name, c := range captures {
		got[name] = g.frames(c)
	}
	marked := map[topology.MAC]int{}
	for _, f := range got[pc2.name] {
		if bytes.Contains(f.Data, marker) {
			marked[topology.MAC(f.Data[:6])]++
		}
	}
	if marked[broadcast] != 2 || marked[group] != 1 || marked[stranger] != 0 {
		t.Errorf("PC2 sees of PC1's frames %v, want both broadcasts and the group's, but not the stranger's", marked)
	}
	if n := len(packets(got[pc2.name], func(p lab.Packet) bool { ip, ok := p.Asks(); return ok && ip.String() == "1.1.0.77" })); n != 1 {
		t.Errorf("PC2 sees PC1's ARP request %d times, want once", n)
	}
	for name, frames := range got {
		for _, f := range frames {
			p := lab.ParsePacket(f.Data)
			if name != pc2.name && (p.Src == pc1.MAC || bytes.Contains(f.Data, marker)) {
				t.Errorf("%s sees a frame of PC1's: %v", name, p)
			}
			if name == pc2.name && p.IsEchoRequest() && p.DstIP != pc2.ip(0) && p.DstIP != pc2.ip(1) {
				t.Errorf("PC2 sees another's packet: %v", p)
			}
		}
	}
	for _, f := range packets(got[pc2.name], lab.Packet.IsEchoRequest) {
		if f.Src != pc1.MAC || f.TTL != 64 {
			t.Errorf("a packet from PC1 to PC2 went through the router: %v", f.Packet)
		}
	}
	if drops := show[struct{ Drops map[string]uint64 }](g, "counters").Drops; drops["l2_unknown_destination"] == 0 {
		t.Errorf("the frame to a stranger is not counted: %v", drops)
	}
}

// send puts a frame on a host's wire.
func (g *gateway) send(from end, frame []byte) {
	g.Helper()
	g.must(g.hosts[from.name].Do(func() error {
		ifi, err := net.InterfaceByName(from.iface)
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		return unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: ifi.Index})
	}))
}
