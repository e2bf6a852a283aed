// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"pgregory.net/rapid"

	"github.com/parkway-gw/parkway/internal/topology"
)

func mustARP(t tb, f []byte) ARP {
	t.Helper()
	a, err := DecodeARP(f)
	if err != nil {
		t.Fatalf("DecodeARP: %v\n%x", err, f)
	}
	return a
}

func TestDecodeARP_OracleFrame(t *testing.T) {
	got := mustARP(t, oracleARP(t, macA, macB, 2, macB, ip4B, macA, ip4A))
	want := ARP{EthDst: macA, EthSrc: macB, Op: ARPReply, SenderMAC: macB, SenderIP: ip4B,
		TargetMAC: macA, TargetIP: ip4A, SenderIsEthSrc: true}
	if got != want {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

func TestA2_ReplyIsUnicastToTheAsker(t *testing.T) {
	req := mustARP(t, oracleARP(t, Broadcast, macB, 1, macB, ip4B, topology.MAC{}, ip4A))
	same(t, AppendARPReply(nil, req, macA), oracleARP(t, macB, macA, 2, macA, ip4A, macB, ip4B))
}

func TestA7_SenderMACMustBeOneStations(t *testing.T) {
	for _, tc := range []struct {
		name string
		mac  topology.MAC
		ip   netip.Addr
		want Reason
	}{
		{"unicast", macB, ip4B, ReasonNone},
		{"probe", macB, un4, ReasonNone},
		{"broadcast", Broadcast, ip4B, ReasonARPSenderMAC},
		{"multicast", macM, ip4B, ReasonARPSenderMAC},
		{"zero", topology.MAC{}, ip4B, ReasonARPSenderMAC},
		{"own", macA, ip4B, ReasonARPSenderOwn},
		{"multicast address", macB, netip.MustParseAddr("224.0.0.1"), ReasonARPSenderIP},
		{"broadcast address", macB, netip.MustParseAddr("255.255.255.255"), ReasonARPSenderIP},
		{"loopback address", macB, netip.MustParseAddr("127.0.0.1"), ReasonARPSenderIP},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := mustARP(t, oracleARP(t, macA, macB, 2, tc.mac, tc.ip, macA, ip4A))
			wantReason(t, a.Check(topology.MAC{9}, macA), tc.want)
			if a.SenderIsEthSrc != (tc.mac == macB) {
				t.Errorf("SenderIsEthSrc = %v", a.SenderIsEthSrc)
			}
		})
	}
	if err := mustARP(t, oracleARP(t, macA, macB, 2, macA, ip4B, macA, ip4A)).Check(); err != nil {
		t.Errorf("without own MACs: %v", err)
	}
}

func TestA8_A10_GratuitousAndProbe(t *testing.T) {
	for _, tc := range []struct {
		name        string
		op          uint16
		spa, tpa    netip.Addr
		probe, grat bool
	}{
		{"request", 1, ip4B, ip4A, false, false},
		{"reply", 2, ip4B, ip4A, false, false},
		{"gratuitous request", 1, ip4B, ip4B, false, true},
		{"gratuitous reply", 2, ip4B, ip4B, false, true},
		{"probe", 1, un4, ip4A, true, false},
		{"reply from 0.0.0.0", 2, un4, ip4A, false, false},
		{"nonsense", 1, un4, un4, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := mustARP(t, oracleARP(t, Broadcast, macB, tc.op, macB, tc.spa, topology.MAC{}, tc.tpa))
			if a.IsProbe() != tc.probe || a.IsGratuitous() != tc.grat {
				t.Errorf("IsProbe %v, IsGratuitous %v", a.IsProbe(), a.IsGratuitous())
			}
		})
	}
}

func TestA10_ProbeIsAnsweredTo0000(t *testing.T) {
	req := mustARP(t, AppendARPRequest(nil, Broadcast, macB, un4, ip4A))
	same(t, AppendARPReply(nil, req, macA), oracleARP(t, macB, macA, 2, macA, ip4A, macB, un4))
}

func TestA11_Refuses(t *testing.T) {
	good := oracleARP(t, Broadcast, macB, 1, macB, ip4B, topology.MAC{}, ip4A)
	set := func(at int, v ...byte) func([]byte) []byte {
		return func(f []byte) []byte { copy(f[at:], v); return f }
	}
	for _, tc := range []struct {
		name string
		edit func([]byte) []byte
		want Reason
	}{
		{"padded to 60", func(f []byte) []byte { return f }, ReasonNone},
		{"42 octets", func(f []byte) []byte { return f[:42] }, ReasonNone},
		{"41 octets", func(f []byte) []byte { return f[:41] }, ReasonTruncated},
		{"header only", func(f []byte) []byte { return f[:14] }, ReasonTruncated},
		{"13 octets", func(f []byte) []byte { return f[:13] }, ReasonTruncated},
		{"nothing", func([]byte) []byte { return nil }, ReasonTruncated},
		{"802.1Q tag", set(12, 0x81, 0x00), ReasonTagged},
		{"802.1ad tag", set(12, 0x88, 0xa8), ReasonTagged},
		{"RARP", set(12, 0x80, 0x35), ReasonEtherType},
		{"htype 6", set(14, 0, 6), ReasonARPHardwareType},
		{"ptype IPv6", set(16, 0x86, 0xdd), ReasonARPProtocolType},
		{"hlen 5", set(18, 5), ReasonARPHardwareLength},
		{"hlen 250", set(18, 250), ReasonARPHardwareLength},
		{"plen 16", set(19, 16), ReasonARPProtocolLength},
		{"opcode 0", set(20, 0, 0), ReasonARPOpcode},
		{"opcode 3", set(20, 0, 3), ReasonARPOpcode},
		{"opcode 257", set(20, 1, 1), ReasonARPOpcode},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := DecodeARP(tc.edit(append([]byte(nil), good...)))
			wantReason(t, err, tc.want)
		})
	}
}

// The seed is worth its place as long as gopacket panics on it.
func TestA11_CrasherOfGopacket(t *testing.T) {
	f := readHex(t, "testdata/arp-hlen250.hex")
	_, err := DecodeARP(f)
	wantReason(t, err, ReasonARPHardwareLength)

	defer func() {
		if recover() == nil {
			t.Error("gopacket no longer panics: reread the comment in gopacket.go")
		}
	}()
	_ = new(layers.ARP).DecodeFromBytes(f[etherHeaderLen:], gopacket.NilDecodeFeedback)
}

func TestAppendARP_Oracle(t *testing.T) {
	var zero topology.MAC
	same(t, AppendARPRequest(nil, Broadcast, macA, ip4A, ip4B), oracleARP(t, Broadcast, macA, 1, macA, ip4A, zero, ip4B))
	same(t, AppendARPRequest(nil, macB, macA, ip4A, ip4B), oracleARP(t, macB, macA, 1, macA, ip4A, zero, ip4B))
	same(t, AppendARPAnnouncement(nil, macA, ip4A), oracleARP(t, Broadcast, macA, 1, macA, ip4A, zero, ip4A))
	mapped := netip.AddrFrom16(ip4A.As16())
	same(t, AppendARPAnnouncement(nil, macA, mapped), oracleARP(t, Broadcast, macA, 1, macA, ip4A, zero, ip4A))
}

func TestAppendARP_AppendsAndRefusesOtherFamilies(t *testing.T) {
	head := []byte("head")
	got := AppendARPRequest(head, Broadcast, macA, ip4A, ip4B)
	if string(got[:4]) != "head" || len(got) != 4+42 {
		t.Errorf("got %d octets %x", len(got), got)
	}
	for _, bad := range []netip.Addr{{}, ip6A} {
		if got := AppendARPRequest(head, Broadcast, macA, bad, ip4B); len(got) != len(head) {
			t.Errorf("sender %v: %x", bad, got)
		}
		if got := AppendARPRequest(head, Broadcast, macA, ip4A, bad); len(got) != len(head) {
			t.Errorf("target %v: %x", bad, got)
		}
		if got := AppendARPReply(head, ARP{SenderIP: ip4B, TargetIP: bad}, macA); len(got) != len(head) {
			t.Errorf("reply for %v: %x", bad, got)
		}
	}
}

func TestARP_EncodedDecodesToItself(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := ARP{
			EthDst: genMAC(t, "ethDst"), EthSrc: genMAC(t, "ethSrc"),
			Op:        ARPOp(rapid.IntRange(1, 2).Draw(t, "op")),
			SenderMAC: genMAC(t, "sha"), SenderIP: gen4(t, "spa"),
			TargetMAC: genMAC(t, "tha"), TargetIP: gen4(t, "tpa"),
		}
		if rapid.Bool().Draw(t, "honest") {
			want.EthSrc = want.SenderMAC
		}
		want.SenderIsEthSrc = want.EthSrc == want.SenderMAC
		f := appendARP(nil, want.EthDst, want.EthSrc, want.Op, want.SenderMAC, want.SenderIP, want.TargetMAC, want.TargetIP)
		if got := mustARP(t, f); got != want {
			t.Fatalf("got %+v\nwant %+v", got, want)
		}
		same(t, f, oracleARP(t, want.EthDst, want.EthSrc, uint16(want.Op), want.SenderMAC, want.SenderIP, want.TargetMAC, want.TargetIP))
	})
}

func FuzzDecodeARP(f *testing.F) {
	f.Add(AppendARPRequest(nil, Broadcast, macA, ip4A, ip4B))
	f.Add(AppendARPAnnouncement(nil, macA, ip4A))
	f.Add(readHex(f, "testdata/arp-hlen250.hex"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := DecodeARP(b)
		if err != nil {
			if ReasonOf(err) == ReasonInternal || a != (ARP{}) {
				t.Fatalf("%v with %+v", err, a)
			}
			return
		}
		if got := appendARP(nil, a.EthDst, a.EthSrc, a.Op, a.SenderMAC, a.SenderIP, a.TargetMAC, a.TargetIP); string(got) != string(b[:42]) {
			t.Fatalf("encodes to\n%x\nnot\n%x", got, b[:42])
		}
		_, _, _ = a.IsProbe(), a.IsGratuitous(), a.Check(macA)
		if r, err := DecodeARP(AppendARPReply(nil, a, macA)); err != nil || r.Op != ARPReply || r.TargetIP != a.SenderIP {
			t.Fatalf("reply %+v, %v", r, err)
		}
	})
}
