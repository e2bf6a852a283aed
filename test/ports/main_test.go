// SPDX-License-Identifier: Apache-2.0

// Package ports runs the built gateway on ports of every kind that needs no NIC,
// with one worker and with two, with and without hugepages; has it refuse what it
// must; and ends it in every way that there is.
//
// net_ring ports can't be made by devargs, only by the program that owns the
// rings: the same pipeline on them is tested in forwarder (gateway_test.go), in
// arpbuf (gateway_test.go) and, from outside the module's rooms, in examples/embed.
package ports

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/parkway-gw/parkway/test/gateway"
)

func TestMain(m *testing.M) { gateway.Main(m) }

// base is a router between two switches. @LEFT@ and @RIGHT@ are vdevs. The default
// route's next hop, 10.0.2.254, is for the tests to answer or not.
const base = `
version: 1
system: {name: e2e}
dpdk: {memory: {mode: @MEMORY@, size: 256MiB}, mbufs: @MBUFS@}
cpu: {control: "0", workers: "@WORKERS@", idle: {mode: adaptive, max_sleep: 50us}}
ports:
  - {name: p-left, vdev: "@LEFT@", iface_id: left}
  - {name: p-right, vdev: "@RIGHT@", iface_id: right}
logical_switches:
  - name: sw-left
    ports:
      - {name: left, addresses: ["02:00:00:00:01:02 10.0.1.2 2001:db8:1::2"]}
      - {name: left-lr, type: router, options: {router-port: lrp-left}, addresses: [router]}
  - name: sw-right
    ports:
      - {name: right, addresses: [unknown]}
      - {name: right-lr, type: router, options: {router-port: lrp-right}, addresses: [router]}
logical_routers:
  - name: lr0
    ports:
      - {name: lrp-left, mac: "02:00:00:00:01:01", networks: [10.0.1.1/24, "2001:db8:1::1/64"]}
      - {name: lrp-right, mac: "02:00:00:00:02:01", networks: [10.0.2.1/24, "2001:db8:2::1/64"]}
    static_routes:
      - {ip_prefix: 0.0.0.0/0, nexthop: 10.0.2.254}
static_mac_bindings:
  - {logical_port: lrp-right, ip: 10.0.2.99, mac: "02:00:00:00:02:99"}
arpbuf: {max_packets: 1024, max_age: 60s}
neighbors: {mcast_solicit: 50, announcements: 0, duplicate_detection: "off", manage_routes: false}
metrics: {listen: ""}
api: {socket: "@SOCKET@", mode: "0600"}
`

// with fills base in; the pairs come before what it would put there.
func with(pairs ...string) string {
	text := strings.NewReplacer(pairs...).Replace(base)
	return strings.NewReplacer("@LEFT@", "net_null0,no-rx=1", "@RIGHT@", "net_null1,no-rx=1", "@MEMORY@", "no-huge",
		"@MBUFS@", "12288", "@WORKERS@", gateway.LastCPU()).Replace(text)
}

// udp is a datagram of the left host's.
func udp(t testing.TB, dst string, port uint16) []byte {
	t.Helper()
	ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: []byte{10, 0, 1, 2}, DstIP: addr4(t, dst)}
	l4 := &layers.UDP{SrcPort: layers.UDPPort(port), DstPort: 9}
	_ = l4.SetNetworkLayerForChecksum(ip)
	b := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
		&layers.Ethernet{DstMAC: []byte{2, 0, 0, 0, 1, 1}, SrcMAC: []byte{2, 0, 0, 0, 1, 2}, EthernetType: layers.EthernetTypeIPv4}, ip, l4, gopacket.Payload("parkway"))
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func addr4(t testing.TB, s string) []byte {
	t.Helper()
	a := make([]byte, 4)
	if n, err := fmt.Sscanf(s, "%d.%d.%d.%d", &a[0], &a[1], &a[2], &a[3]); n != 4 {
		t.Fatal(s, err)
	}
	return a
}

// pcap writes frames to a new file and returns its name.
func pcap(t testing.TB, frames ...[]byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "in.pcap")
	gateway.WritePcap(t, file, frames...)
	return file
}

// configFile reads one of configs/.
func configFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../configs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
