// SPDX-License-Identifier: Apache-2.0

package taps

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Host is an end system at a tap.
type Host struct {
	Name, Tap string
	MAC       topology.MAC
	Addrs     [2]netip.Addr // IPv4, IPv6
	bits      [2]int
	gateways  [2]netip.Addr
	gateway   topology.MAC // of the router port
}

func host(name, tap, mac, gateway string, four, six, via4, via6 string) Host {
	p4, p6 := netip.MustParsePrefix(four), netip.MustParsePrefix(six)
	h := Host{Name: name, Tap: tap, Addrs: [2]netip.Addr{p4.Addr(), p6.Addr()}, bits: [2]int{p4.Bits(), p6.Bits()},
		gateways: [2]netip.Addr{netip.MustParseAddr(via4), netip.MustParseAddr(via6)}}
	h.MAC, _ = topology.ParseMAC(mac)
	h.gateway, _ = topology.ParseMAC(gateway)
	return h
}

// The hosts that the benchmarks use: two that the configuration knows, behind different
// router ports, and one of the external network that it does not.
var (
	PC1   = host("pc1", "vm1", "00:00:01:00:00:01", "00:00:01:ff:00:01", "1.1.0.1/16", "2001:db8:1::11/64", "1.1.254.254", "2001:db8:1::1")
	PC3   = host("pc3", "vm3", "00:00:02:00:00:03", "00:00:02:ff:00:02", "1.2.0.3/16", "2001:db8:2::13/64", "1.2.254.254", "2001:db8:2::1")
	PCExt = host("pc-ext", "ext0", "02:00:00:00:00:10", "02:0a:7f:00:01:29", "192.168.123.10/24", "2001:db8:f0f0::10/64", "192.168.123.254", "2001:db8:f0f0::1")
)

// Idle is a gateway's cpu.idle.mode.
type Idle string

// Modes.
const (
	Adaptive Idle = "adaptive"
	Poll     Idle = "poll"
)

// Config is the article's network, five taps with one queue each, without next hops that
// the gateway would ask for by itself.
func Config(control, worker int, idle Idle) string {
	mode := string(idle)
	if idle == Adaptive {
		mode += ", max_sleep: 50us"
	}
	return strings.NewReplacer("@CONTROL@", strconv.Itoa(control), "@WORKER@", strconv.Itoa(worker), "@IDLE@", mode).Replace(config)
}

const config = `version: 1
system: {name: bench}
dpdk:
  memory: {mode: no-huge, size: 256MiB}
  mbufs: 16384
cpu: {control: "@CONTROL@", workers: "@WORKER@", idle: {mode: @IDLE@}}
ports:
  - {name: p-vm1, vdev: "net_tap0,iface=vm1", iface_id: sw1-port1}
  - {name: p-vm2, vdev: "net_tap1,iface=vm2", iface_id: sw1-port2}
  - {name: p-vm3, vdev: "net_tap2,iface=vm3", iface_id: sw2-port3}
  - {name: p-vm4, vdev: "net_tap3,iface=vm4", iface_id: sw2-port4}
  - {name: p-ext, vdev: "net_tap4,iface=ext0", network_name: physnet1, mtu: 1500, rx_queues: 1}
logical_switches:
  - name: sw1
    ports:
      - {name: sw1-port1, addresses: ["00:00:01:00:00:01 1.1.0.1 2001:db8:1::11"]}
      - {name: sw1-port2, addresses: ["00:00:01:00:00:02 1.1.0.2 2001:db8:1::12"]}
      - {name: sw1-portr0, type: router, addresses: ["00:00:01:ff:00:01"], options: {router-port: lrp1}}
  - name: sw2
    ports:
      - {name: sw2-port3, addresses: ["00:00:02:00:00:03 1.2.0.3 2001:db8:2::13"]}
      - {name: sw2-port4, addresses: ["00:00:02:00:00:04 1.2.0.4 2001:db8:2::14"]}
      - {name: sw2-portr0, type: router, addresses: ["00:00:02:ff:00:02"], options: {router-port: lrp2}}
  - name: sw-ext
    ports:
      - {name: ext-localnet, type: localnet, addresses: [unknown], options: {network_name: physnet1}}
      - {name: ext-lr0, type: router, addresses: ["02:0a:7f:00:01:29"], options: {router-port: lr0-ext}}
logical_routers:
  - name: lr0
    ports:
      - {name: lrp1, mac: "00:00:01:ff:00:01", networks: [1.1.254.254/16, "2001:db8:1::1/64"]}
      - {name: lrp2, mac: "00:00:02:ff:00:02", networks: [1.2.254.254/16, "2001:db8:2::1/64"]}
      - {name: lr0-ext, mac: "02:0a:7f:00:01:29", networks: [192.168.123.254/24, "2001:db8:f0f0::1/64"]}
neighbors: {announcements: 0, manage_routes: false}
metrics: {listen: ""}
log: {format: json, level: info}
`
