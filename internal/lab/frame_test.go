// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

func TestBuiltFramesParse(t *testing.T) {
	arp := ParsePacket(NewARP(macB, 0, ARPReply, macA, ip4A, macB, ip4B))
	if ip, ok := arp.Answers(); !ok || ip != ip4A || arp.SHA != macA || arp.TPA != ip4B || arp.Dst != macB {
		t.Errorf("ARP: %+v", arp)
	}
	if ip, ok := ParsePacket(NewARP(macB, 0, ARPRequest, macA, ip4A, macB, ip4B)).Asks(); !ok || ip != ip4B {
		t.Errorf("an ARP request asks for %v, %v", ip, ok)
	}
	if ip, ok := ParsePacket(NewARP(macB, 0, ARPRequest, macA, ip4A, macB, ip4A)).Asks(); ok {
		t.Errorf("an announcement asks for %v", ip)
	}
	na := ParsePacket(NewNA(macB, 7, macA, ip6A, ip6B, NASolicited))
	if ip, ok := na.Answers(); !ok || ip != ip6A || na.LLA != macA || na.VLAN != 7 || na.TTL != 255 {
		t.Errorf("NA: %+v", na)
	}
	ping := NewIPv4(ip4A, ip4B, 9, ProtoICMP, []byte{ICMPEchoRequest, 0, 0, 0, 0x12, 0x34, 0, 5})
	p := ParsePacket(NewFrame(macB, macA, 0, EtherIPv4, ping))
	if !p.IsEchoRequest() || p.EchoID != 0x1234 || p.EchoSeq != 5 || p.TTL != 9 || p.SrcIP != ip4A || len(p.L4) != 8 {
		t.Errorf("echo request: %+v", p)
	}
	if got := fold(sum16(ping[:20])); got != 0xffff {
		t.Errorf("header checksum adds up to %#x", got)
	}
	if _, ok := p.Asks(); ok || p.IsEchoReply() {
		t.Error("an echo request is taken for something else")
	}
}

func TestReadPcapRefusesOtherFiles(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "text": "this is a text file, not a capture",
		"radio": "\xd4\xc3\xb2\xa1\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x7f\x00\x00\x00",
	} {
		file := filepath.Join(t.TempDir(), name)
		check(t, os.WriteFile(file, []byte(content), 0o600))
		if _, err := ReadPcap(file); err == nil {
			t.Errorf("%s: read as a capture", name)
		}
	}
}

func FuzzParsePacket(f *testing.F) {
	f.Add(NewARP(macB, 100, ARPRequest, macA, ip4A, macB, ip4B))
	f.Add(NewNA(macB, 0, macA, ip6A, ip6B, NASolicited))
	f.Add(NewFrame(macB, macA, 0, EtherIPv4, NewIPv4(ip4A, ip4B, 9, ProtoICMP, make([]byte, 8))))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := ParsePacket(b)
		_ = p.String()
		if ip, ok := p.Asks(); ok && ip == (netip.Addr{}) {
			t.Error("asks for nothing")
		}
	})
}
