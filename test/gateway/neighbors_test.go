// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

var (
	neighborMAC = mustMAC("02:0a:7f:00:02:01")
	otherMAC    = mustMAC("02:0a:7f:00:02:02")
)

// onExt are the addresses with a host part on the external network.
func onExt(host byte) []netip.Addr {
	v4, v6 := netip.MustParseAddr("192.168.123.0").As4(), netip.MustParseAddr("2001:db8:f0f0::").As16()
	v4[3], v6[15] = host, host
	return []netip.Addr{netip.AddrFrom4(v4), netip.AddrFrom16(v6)}
}

func echoTo(ip netip.Addr) func(lab.Recorded) bool {
	return func(r lab.Recorded) bool { return !r.Outgoing && r.IsEchoRequest() && r.DstIP == ip }
}

// TestNeighborScripts: late, repeated, changing and missing answers, all at the same
// time, and what becomes of the packets that wait for them.
func TestNeighborScripts(t *testing.T) {
	scripts := []struct {
		name   string
		script lab.Script
		pings  int
		probes int
		answer int           // the probe that is answered, from 1
		after  time.Duration // from this probe to the answer
	}{
		{"after 1 ms", lab.After(time.Millisecond), 4, 1, 1, time.Millisecond},
		{"after 300 ms", lab.After(300 * time.Millisecond), 4, 1, 1, 300 * time.Millisecond},
		{"after 2.9 s", lab.After(2900 * time.Millisecond), 4, 3, 1, 2900 * time.Millisecond},
		{"the second probe", lab.OnlyProbe(2), 4, 2, 2, 0},
		{"twice", lab.Twice, 4, 1, 1, 0},
		{"with another MAC the second time", func(lab.Probe) []lab.Answer {
			return []lab.Answer{{}, {After: 300 * time.Millisecond, MAC: otherMAC}}
		}, 5, 1, 1, 0},
		{"never", lab.Never, 1, 3, 0, 0},
	}
	config := lab.NeighborConfig{MAC: neighborMAC, Echo: true, IPs: map[netip.Addr]lab.Script{}}
	other := lab.NeighborConfig{MAC: otherMAC, Echo: true, IPs: map[netip.Addr]lab.Script{}}
	for n, s := range scripts {
		for _, ip := range onExt(byte(20 + n)) {
			config.IPs[ip], other.IPs[ip] = s.script, lab.Never
		}
	}
	g, nb := startScripted(t, config)
	_, err := g.lab.StartNeighbor(g.ctx, g.hosts[pcExt.name], pcExt.iface, other)
	g.must(err)

	var work []func()
	results := map[netip.Addr]*pinged{}
	for n, s := range scripts {
		for _, ip := range onExt(byte(20 + n)) {
			p := new(pinged)
			results[ip] = p
			work = append(work, func() { *p = g.ping(pc1, ip, s.pings) })
		}
	}
	atOnce(work...)

	for n, s := range scripts {
		for i, ip := range onExt(byte(20 + n)) {
			p := results[ip]
			probes, requests := nb.Probes(ip), nb.Seen(echoTo(ip))
			if len(probes) != s.probes {
				t.Errorf("%s, %s: %d probes, want %d", families[i], s.name, len(probes), s.probes)
			}
			if s.name == "never" {
				p.wantSaid(g, []string{"From 1.1.254.254 icmp_seq=1 Destination Host Unreachable",
					"From 2001:db8:1::1 icmp_seq=1 Destination unreachable: Address unreachable"}[i])
				if len(requests) != 0 {
					t.Errorf("%s, %s: %d packets on the wire", families[i], s.name, len(requests))
				}
				continue
			}
			p.wantAll(g)
			if len(requests) != s.pings || len(probes) < s.answer {
				t.Errorf("%s, %s: %d echo requests on the wire, want %d", families[i], s.name, len(requests), s.pings)
				continue
			}
			for k, r := range requests {
				if int(r.EchoSeq) != k+1 {
					t.Errorf("%s, %s: packet %d on the wire is number %d", families[i], s.name, k+1, r.EchoSeq)
				}
			}
			if waited := requests[0].Time.Sub(probes[s.answer-1].Time); waited < s.after {
				t.Errorf("%s, %s: the first packet came %v after probe %d, before the answer", families[i], s.name, waited, s.answer)
			}
			if s.name == "with another MAC the second time" && (requests[0].Dst != neighborMAC || requests[len(requests)-1].Dst != otherMAC) {
				t.Errorf("%s: the first packet goes to %s and the last to %s, want %s and then %s", families[i],
					requests[0].Dst, requests[len(requests)-1].Dst, neighborMAC, otherMAC)
			}
		}
	}
}

// TestBurst: a burst as long as a park ring waits 300 ms for the answer and leaves
// whole and in order.
func TestBurst(t *testing.T) {
	const burst = 64 // arpbuf.packets_per_nexthop
	config := lab.NeighborConfig{MAC: neighborMAC, IPs: map[netip.Addr]lab.Script{}}
	for _, ip := range onExt(40) {
		config.IPs[ip] = lab.After(300 * time.Millisecond)
	}
	g, nb := startScripted(t, config)
	for i, family := range families {
		ip := onExt(40)[i]
		conn := dialIn[*net.UDPConn](g, g.ctx, pc1, "udp", netip.AddrPortFrom(ip, 9).String())
		for n := range uint32(burst) {
			_, err := conn.Write(binary.BigEndian.AppendUint32(nil, n))
			g.must(err)
		}
		conn.Close()
		got, err := nb.WaitSeen(g.ctx, "the burst", burst, func(r lab.Recorded) bool {
			return r.Proto == lab.ProtoUDP && r.DstIP == ip && len(r.L4) >= 12
		})
		g.must(err)
		for n, r := range got {
			if k := binary.BigEndian.Uint32(r.L4[8:]); int(k) != n || r.Dst != neighborMAC || r.TTL != 63 {
				t.Errorf("%s: datagram %d on the wire is number %d: %v", family, n, k, r.Packet)
			}
		}
		probes := nb.Probes(ip)
		if len(got) != burst || len(probes) != 1 {
			t.Errorf("%s: %d datagrams after %d probes, want %d after one", family, len(got), len(probes), burst)
			continue
		}
		t.Logf("%s: %d datagrams on the wire in %v, %v after the probe", family, len(got),
			got[burst-1].Time.Sub(got[0].Time).Round(time.Microsecond), got[0].Time.Sub(probes[0].Time).Round(time.Microsecond))
	}
	totals := show[parkedView](g, "parked").Totals
	if totals.Parked != 2*burst || totals.Drained != 2*burst || totals.Evicted != 0 || totals.InRing != 0 {
		t.Errorf("show parked: %+v, want %d parked and drained", totals, 2*burst)
	}
}

// reply answers a question that the gateway asked, late and once.
func reply(mac topology.MAC, ip netip.Addr) []byte {
	if ip.Is4() {
		return lab.NewARP(extMAC, 0, lab.ARPReply, mac, ip, extMAC, extIPs[0])
	}
	return lab.NewNA(extMAC, 0, mac, ip, extLink, lab.NASolicited|lab.NAOverride)
}
