// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

const trunkConfig = `version: 1
dpdk: {memory: {mode: no-huge, size: 256MiB}}
cpu: {control: %q, workers: %q}
api: {socket: @SOCKET@}
metrics: {listen: ""}
ports:
  - {name: p-trunk, vdev: "net_tap0,iface=trunk", network_name: physnet1}
  - {name: p-u, vdev: "net_tap1,iface=vmu", iface_id: u}
  - {name: p-a, vdev: "net_tap2,iface=vma", iface_id: a}
  - {name: p-b, vdev: "net_tap3,iface=vmb", iface_id: b}
logical_switches:
  - name: sw-u
    ports:
      - {name: u, addresses: [unknown]}
      - {name: wire-u, type: localnet, options: {network_name: physnet1}}
  - name: sw-100
    ports:
      - {name: a, addresses: ["02:00:00:00:01:0a 10.1.0.1 2001:db8:1::1"]}
      - {name: wire-100, type: localnet, tag: 100, options: {network_name: physnet1}}
  - name: sw-200
    ports:
      - {name: b, addresses: ["02:00:00:00:02:0a 10.2.0.1 2001:db8:2::1"]}
      - {name: wire-200, type: localnet, tag: 200, options: {network_name: physnet1}}
`

// wireIPs are those of the stations behind the trunk: untagged, and in VLANs 100 and 200.
var wireIPs = [][]string{{"10.0.0.254", "2001:db8::fe"}, {"10.1.0.254", "2001:db8:1::fe"}, {"10.2.0.254", "2001:db8:2::fe"}}

// TestVLANTrunk: three switches share one NIC by tag, one of them without. What is in one
// VLAN never shows in another.
func TestVLANTrunk(t *testing.T) {
	control, worker := cpus()
	g := start(t, fmt.Sprintf(trunkConfig, control, worker))
	hosts := []end{
		newEnd("u", "vmu", "02:00:00:00:00:0a", "10.0.0.1/24 2001:db8::1/64", ""),
		newEnd("a", "vma", "02:00:00:00:01:0a", "10.1.0.1/24 2001:db8:1::1/64", ""),
		newEnd("b", "vmb", "02:00:00:00:02:0a", "10.2.0.1/24 2001:db8:2::1/64", ""),
	}
	trunk := newEnd("trunk", "trunk", "02:00:00:00:00:ff", "", "")
	g.attach(hosts...)
	g.plug(trunk)
	// A station in each VLAN: they are scripted, for not every kernel has VLAN interfaces.
	for i, vid := range []uint16{0, 100, 200} {
		ips := map[netip.Addr]lab.Script{}
		for _, ip := range wireIPs[i] {
			ips[netip.MustParseAddr(ip)] = nil
		}
		_, err := g.lab.StartNeighbor(g.ctx, g.hosts[trunk.name], trunk.iface,
			lab.NeighborConfig{MAC: topology.MAC{2, 0, 0, 0, byte(i), 0xfe}, IPs: ips, VLAN: vid, Echo: true})
		g.must(err)
	}
	captures := map[string]*lab.Capture{}
	for _, h := range hosts {
		captures[h.name] = g.capture(h.name)
	}
	// Everybody says something to all, once from each side.
	everybody := topology.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	stranger := mustMAC("02:00:00:00:0e:01")
	for _, vid := range []uint16{0, 100, 200, 300} {
		g.send(trunk, lab.NewFrame(everybody, stranger, vid, 0x88b5, fmt.Appendf(nil, "from the wire %d.", vid)))
	}
	// A priority tag is no VLAN (IEEE 802.1Q 6.9); a tag inside another goes nowhere.
	priority := lab.NewFrame(everybody, stranger, 100, 0x88b5, []byte("with priority."))
	priority[14], priority[15] = 0xa0, 0
	g.send(trunk, priority)
	inner := append(bytes.Clone(priority[:14]), 0, 0, 0x81, 0, 0, 200)
	g.send(trunk, append(inner, "\x88\xb5hidden in another."...))
	for i, h := range hosts {
		g.send(h, lab.NewFrame(everybody, h.MAC, 0, 0x88b5, []byte("from "+h.name)))
		for _, ip := range wireIPs[i] {
			g.ping(h, netip.MustParseAddr(ip), 2).wantAll(g)
		}
	}
	own := map[string][]string{"u": {"from the wire 0.", "with priority."}, "a": {"from the wire 100."}, "b": {"from the wire 200."}}
	for _, h := range hosts {
		frames := g.frames(captures[h.name])
		count := func(text string) (n int) {
			for _, f := range frames {
				if bytes.Contains(f.Data, []byte(text)) {
					n++
				}
			}
			return n
		}
		for _, text := range own[h.name] {
			if n := count(text); n != 1 {
				t.Errorf("%s sees %q %d times, want once", h.name, text, n)
			}
		}
		want := len(own[h.name])
		if n := count("from the wire ") + count("with priority.") + count("hidden in another."); n != want {
			t.Errorf("%s sees %d frames from the wire, want %d", h.name, n, want)
		}
		for _, o := range hosts {
			if o.name != h.name && count("from "+o.name) != 0 {
				t.Errorf("%s sees what %s says to its own switch", h.name, o.name)
			}
		}
	}
	drops := show[struct{ Drops map[string]uint64 }](g, "counters").Drops
	if drops["l2_unknown_vlan"] == 0 || drops["l2_inner_tag"] == 0 {
		t.Errorf("the frames of no VLAN are not counted: %v", drops)
	}
}

// sendMany puts a frame on a host's wire n times, as far as it has room, and returns how
// many it took.
func (g *gateway) sendMany(from end, frame []byte, n int) (sent int) {
	_ = g.hosts[from.name].Do(func() error {
		ifi, err := net.InterfaceByName(from.iface)
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return err
		}
		defer unix.Close(fd)
		for range n {
			if unix.Sendto(fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: ifi.Index}) == nil {
				sent++
			}
		}
		return nil
	})
	return sent
}
