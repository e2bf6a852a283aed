// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// edit replaces the first old by new in the seed file.
type edit struct{ old, new string }

const (
	vm1Port  = `{name: p-vm1, vdev: "net_tap0,iface=vm1", iface_id: sw1-port1}`
	extPort  = `{name: p-ext, vdev: "net_tap4,iface=ext0", network_name: physnet1, mtu: 1500, rx_queues: 1}`
	lsp1     = `{name: sw1-port1, addresses: ["00:00:01:00:00:01 1.1.0.1 2001:db8:1::11"]}`
	lsp1addr = `["00:00:01:00:00:01 1.1.0.1 2001:db8:1::11"]`
	portr0   = `{name: sw1-portr0, type: router, addresses: ["00:00:01:ff:00:01"], options: {router-port: lrp1}}`
	localnet = `{name: ext-localnet, type: localnet, addresses: [unknown], options: {network_name: physnet1}}`
	lrp1     = `{name: lrp1, mac: "00:00:01:ff:00:01", networks: [1.1.254.254/16, "2001:db8:1::1/64"]}`
	lrp1nets = `[1.1.254.254/16, "2001:db8:1::1/64"]`
	lr0opts  = `{always_learn_from_arp_request: true, mac_binding_age_threshold: "300"}`
	route    = `{ip_prefix: 0.0.0.0/0, nexthop: 192.168.123.1, output_port: lr0-ext}`
	bindings = `static_mac_bindings: []`
)

// gatePort1 gates the seed's first switch port.
var gatePort1 = edit{lsp1addr, lsp1addr + ", park_until: up"}

// ras gives the seed's first router port ipv6_ra_configs.
func ras(configs string) []edit { return swap(lrp1nets, lrp1nets+", ipv6_ra_configs: "+configs) }

// mistake is what somebody writes into the seed file, and its name.
type mistake struct {
	name  string
	edits []edit
}

func swap(old, new string) []edit { return []edit{{old, new}} }

// mistakes are one per message, or nearly; testdata/messages.txt has what is
// said of each.
var mistakes = []mistake{
	// the shape of the file
	{"no version", swap("version: 1\n", "")},
	{"future version", swap("version: 1\n", "version: 2\n")},
	{"version as text", swap("version: 1\n", "version: \"1\"\n")},
	{"unknown section", swap("metrics:", "metric:")},
	{"unknown section in upper case", swap("metrics:", "Metrics:")},
	{"unknown key", swap("max_nexthops:", "max_next_hops:")},
	{"unknown key with no likeness", swap("max_nexthops:", "zzz:")},
	{"unknown nested key", swap("max_sleep:", "maxsleep:")},
	{"unknown key of a port", swap("iface_id: sw1-port1", "iface-id: sw1-port1")},
	{"unknown key of a switch port", swap("addresses: "+lsp1addr, "address: "+lsp1addr)},
	{"unknown option", swap("router-port: lrp1", "router_port: lrp1")},
	{"option that only OVN has", swap("options: "+lr0opts, "options: {chassis: gw1}")},
	{"key that only OVN has", swap("nexthop: 192.168.123.1", "nexthop: 192.168.123.1, bfd: yes")},
	{"duplicate key", swap("log: {format: auto", "log: {format: text, format: auto")},
	{"relative state folder", swap("log: {format", "state: {dir: lib}\nlog: {format")},
	{"duplicate section", swap("metrics:", "system: {name: gw2}\nmetrics:")},
	{"key that is a list", swap("system: {name: gw1}", "system: {[a]: b}")},
	{"section that is a list", swap("system: {name: gw1}", "system: [gw1]")},
	{"section that is text", swap("log: {format: auto, level: info}", "log: info")},
	{"list that is a mapping", swap("eal_extra: []", "eal_extra: {a: b}")},
	{"ports that are text", swap("ports:                                    # exactly one of vdev | pci | netdev", "logical: 1\nports: none\nx:")},
	{"port that is text", swap(vm1Port, "p-vm1")},
	{"no ports", swap("ports:                                    #", "system2:\nports: []\nother: #")},
	{"alias", swap("system: {name: gw1}", "system: &a {name: gw1}")},
	{"merge key", swap("system: {name: gw1}", "system: &a {name: gw1}\nlog2: {<<: *a}")},
	{"tag", swap("name: gw1", "name: !!binary Z3cx")},
	{"tab", swap("  - name: sw2", "\t- name: sw2")},
	{"unclosed brace", swap("log: {format: auto, level: info}", "log: {format: auto, level: info")},
	{"unclosed quote", swap(`mode: "0660"`, `mode: "0660`)},
	{"bad indentation", swap("  - name: sw2", " - name: sw2")},
	{"colon in a value", swap("listen: \"127.0.0.1:9470\"", "listen: a: b")},
	{"second document", swap("metrics:", "---\nmetrics:")},
	{"control character", swap("name: gw1", "name: \"gw\x01\"")},
	{"several at once, sorted", []edit{{"level: info", "level: chatty"}, {"version: 1\n", "version: 3\n"}, {"mbufs: 16384", "mbufs: many"}}},

	// scalar settings
	{"system name with a space", swap("name: gw1", "name: gate way")},
	{"memory mode", swap("mode: auto, size", "mode: huge, size")},
	{"memory mode in upper case", swap("mode: auto, size", "mode: Auto, size")},
	{"size without unit", swap("512MiB", "512")},
	{"size in decimal units", swap("512MiB", "512MB")},
	{"size in single letters", swap("512MiB", "1g")},
	{"size that is no size", swap("512MiB", "plenty")},
	{"size out of range", swap("512MiB", "1MiB")},
	{"size beyond all numbers", swap("512MiB", "99999999999999999999GiB")},
	{"size in half MiB", swap("512MiB", "65537KiB")},
	{"mbufs as text", swap("mbufs: 16384", "mbufs: \"16384\"")},
	{"mbufs as list", swap("mbufs: 16384", "mbufs: [1]")},
	{"mbufs as float", swap("mbufs: 16384", "mbufs: 1.5")},
	{"mbufs in hex", swap("mbufs: 16384", "mbufs: 0x4000")},
	{"mbufs with leading zero", swap("mbufs: 16384", "mbufs: 016384")},
	{"mbufs grouped", swap("mbufs: 16384", "mbufs: 16_384")},
	{"mbufs out of range", swap("mbufs: 16384", "mbufs: 99999999999999999999")},
	{"mbufs empty", swap("mbufs: 16384", "mbufs:")},
	{"mbufs too few", swap("mbufs: 16384", "mbufs: 8192")},
	{"memory too small", swap("512MiB", "96MiB")},
	{"eal_extra with a flag of ours", swap("eal_extra: []", "eal_extra: [\"-l\", \"--vdev=net_null0\", \"-m512\"]")},
	{"eal_extra with --help", swap("eal_extra: []", "eal_extra: [--help]")},
	{"eal_extra empty argument", swap("eal_extra: []", "eal_extra: [\"\"]")},
	{"eal_extra number", swap("eal_extra: []", "eal_extra: [1]")},
	{"two control CPUs", swap(`control: "0"`, `control: "0,2"`)},
	{"workers as hex mask", swap(`workers: "1"`, `workers: "0xe2"`)},
	{"workers as hex number", swap(`workers: "1"`, `workers: 0x6`)},
	{"workers as list", swap(`workers: "1"`, `workers: [1, 2]`)},
	{"workers backwards", swap(`workers: "1"`, `workers: "3-1"`)},
	{"workers twice", swap(`workers: "1"`, `workers: "1-3,2"`)},
	{"workers out of range", swap(`workers: "1"`, `workers: "1-99999999"`)},
	{"workers too many", swap(`workers: "1"`, `workers: "1-200"`)},
	{"workers empty", swap(`workers: "1"`, `workers: ""`)},
	{"workers negative", swap(`workers: "1"`, `workers: "-1"`)},
	{"workers that are words", swap(`workers: "1"`, `workers: all`)},
	{"idle mode", swap("mode: adaptive", "mode: sleepy")},
	{"max_sleep with poll", swap("mode: adaptive", "mode: poll")},
	{"max_sleep out of range", swap("50us", "2s")},
	{"duration without unit", swap("max_age: 3s", "max_age: 3")},
	{"duration that is none", swap("max_age: 3s", "max_age: soon")},
	{"duration negative", swap("max_age: 3s", "max_age: -3s")},
	{"profile", swap("packets_per_nexthop: 64", "profile: cisco\n  packets_per_nexthop: 64")},
	{"overflow", swap("overflow: drop-oldest", "overflow: drop-all")},
	{"age_from", swap("overflow: drop-oldest", "age_from: departure")},
	{"gated that is text", swap("overflow: drop-oldest", "gated: on")},
	{"gated unknown key", swap("overflow: drop-oldest", "gated: {max_packet: 5}")},
	{"gated bounds", swap("overflow: drop-oldest", "gated: {packets_per_nexthop: 5000, max_nexthops: 0, max_packets: 2000000, max_age: 500ms}")},
	{"gated for ever", swap("overflow: drop-oldest", "gated: {max_age: 24h}")},
	{"gated ring larger than all", swap("overflow: drop-oldest", "gated: {max_packets: 100}")},
	{"gated packets in a small pool", []edit{gatePort1, {"overflow: drop-oldest", "gated: {max_packets: 8192}"}}},
	{"gated rings in little memory", []edit{gatePort1, {"overflow: drop-oldest", "gated: {packets_per_nexthop: 1000, max_nexthops: 60000}"}}},
	{"probe_rate", swap("retrans_time: 1s", "probe_rate: 0")},
	{"announcements", swap("retrans_time: 1s", "announcements: 17")},
	{"duplicate_detection", swap("retrans_time: 1s", "duplicate_detection: on")},
	{"foreign_sender", swap("retrans_time: 1s", "foreign_sender: true")},
	{"manage_routes", swap("retrans_time: 1s", "manage_routes: yes")},
	{"manage_routes as text", swap("retrans_time: 1s", `manage_routes: "true"`)},
	{"max_moves", swap("retrans_time: 1s", "max_moves: 1001")},
	{"probe_rate as text", swap("retrans_time: 1s", "probe_rate: 1k")},
	{"more probes than answers", swap("retrans_time: 1s", "probe_rate: 20000")},
	{"meter unit", swap("static_mac_bindings: []", "meters: [{name: m1, unit: kbps, bands: [{rate: 9, action: dscp_remark}]}]")},
	{"meter without anything", swap("static_mac_bindings: []", "meters: [{}]")},
	{"meter of two bands", swap("static_mac_bindings: []", "meters: [{name: m1, unit: pktps, fair: true, bands: [{rate: 1}, {rate: 2}]}]")},
	{"meter without bands", swap("static_mac_bindings: []", "meters: [{name: m1, unit: pktps, bands: []}, {name: m2, unit: pktps, bands: fast}]")},
	{"meter out of range", swap("static_mac_bindings: []", "meters: [{name: m1, unit: pktps, bands: [{rate: 0, burst_size: 1000001}]}]")},
	{"meter twice", swap("static_mac_bindings: []", "meters: [{name: m1, unit: pktps, bands: [{rate: 1}]}, {name: m1, unit: pktps, bands: [{rate: 2}]}]")},
	{"copp as a mapping", swap("static_mac_bindings: []", "copp: {arp: m1}")},
	{"copp of unknown things", swap("static_mac_bindings: []", "copp: [{name: c, meters: [{protocol: dns, meter: m1}, {protocol: icmp4-eror, meter: m1}, {protocol: arp}]}]")},
	{"copp twice", swap("static_mac_bindings: []", "meters: [{name: m1, unit: pktps, bands: [{rate: 1}]}]\ncopp: [{name: c, meters: [{protocol: arp, meter: m1}, {protocol: arp, meter: m1}]}, {name: c, meters: []}]")},
	{"router with an unknown copp", swap("  - name: lr0\n", "  - name: lr0\n    copp: copp9\n")},
	{"icmp_errors_use_inbound_ifaddr", swap("always_learn_from_arp_request: true", "icmp_errors_use_inbound_ifaddr: maybe")},
	{"on_failure", swap("on_failure: icmp-unreachable", "on_failure: quiet")},
	{"ring larger than all", swap("max_packets: 4096", "max_packets: 63")},
	{"neighbors fewer than next hops", swap("max_entries: 65536", "max_entries: 512")},
	{"listen without port", swap(`"127.0.0.1:9470"`, `"127.0.0.1"`)},
	{"listen on a bad port", swap(`"127.0.0.1:9470"`, `"127.0.0.1:99999"`)},
	{"listen on a name", swap(`"127.0.0.1:9470"`, `"gw1.example:9470"`)},
	{"socket relative", swap("/run/parkway/parkway.sock", "parkway.sock")},
	{"socket too long", swap("/run/parkway/parkway.sock", "/run/"+strings.Repeat("x", 120))},
	{"socket is a folder", swap("/run/parkway/parkway.sock", "/run/parkway/")},
	{"socket mode", swap(`mode: "0660"`, `mode: "rw"`)},
	{"socket mode out of range", swap(`mode: "0660"`, `mode: 7777`)},
	{"log format", swap("format: auto", "format: xml")},
	{"log level", swap("level: info", "level: INFO")},
	{"log level that is a boolean", swap("level: info", "level: true")},

	// ports
	{"port without name", swap("{name: p-vm1, ", "{")},
	{"port name empty", swap("name: p-vm1", `name: ""`)},
	{"port name a number", swap("name: p-vm1", `name: 1`)},
	{"port name with a space", swap("name: p-vm1", `name: p vm1`)},
	{"port name twice", swap("name: p-vm2", "name: p-vm1")},
	{"port without device", swap(`vdev: "net_tap0,iface=vm1", `, "")},
	{"port with two devices", swap(`vdev: "net_tap0,iface=vm1", `, `vdev: "net_tap0,iface=vm1", pci: "0000:3b:00.0", `)},
	{"port without binding", swap(", iface_id: sw1-port1", "")},
	{"port with two bindings", swap(", iface_id: sw1-port1", ", iface_id: sw1-port1, network_name: physnet1")},
	{"vdev empty", swap(`"net_tap0,iface=vm1"`, `""`)},
	{"vdev without number", swap(`"net_tap0,iface=vm1"`, `"net_tap,iface=vm1"`)},
	{"vdev with space", swap(`"net_tap0,iface=vm1"`, `"net tap0"`)},
	{"vdev twice", swap("net_tap1", "net_tap0")},
	{"vhost without a socket", swap("net_tap0,iface=vm1", "net_vhost0")},
	{"vhost with too few queues", swap("net_tap4,iface=ext0\", network_name: physnet1, mtu: 1500, rx_queues: 1", "net_vhost0,iface=/run/vm1.sock\", network_name: physnet1, mtu: 1500, rx_queues: 2")},
	{"vhost with many queues", swap("net_tap4,iface=ext0\", network_name: physnet1, mtu: 1500, rx_queues: 1", "net_vhost0,iface=/run/vm1.sock,queues=2\", network_name: physnet1, mtu: 1500, rx_queues: 2")},
	{"memif client on an abstract socket", swap("net_tap0,iface=vm1", "net_memif0")},
	{"memif with many queues", swap("net_tap4,iface=ext0\", network_name: physnet1, mtu: 1500, rx_queues: 1", "net_memif0,role=server,socket=/run/vm1.sock,socket-abstract=no\", network_name: physnet1, mtu: 1500, rx_queues: 2")},
	{"memif without copies", swap("net_tap0,iface=vm1", "net_memif0,role=server,socket=/run/vm1.sock,socket-abstract=no,zero-copy=yes")},
	{"memif interface twice", []edit{{"net_tap0,iface=vm1", "net_memif0,role=server,socket=/run/m.sock,socket-abstract=no"}, {"net_tap1,iface=vm2", "net_memif1,role=server,socket=/run/m.sock,socket-abstract=no"}}},
	{"iface twice", swap("iface=vm2", "iface=vm1")},
	{"pci", swap(`vdev: "net_tap0,iface=vm1"`, "pci: enp3s0")},
	{"pci twice", []edit{{`vdev: "net_tap0,iface=vm1"`, `pci: "3b:00.0"`}, {`vdev: "net_tap1,iface=vm2"`, `pci: "0000:3B:00.0,rxq=1"`}}},
	{"netdev", swap(`vdev: "net_tap0,iface=vm1"`, "netdev: a-name-far-too-long")},
	{"mtu too small", swap("mtu: 1500", "mtu: 60")},
	{"mtu too large", swap("mtu: 1500", "mtu: 65535")},
	{"mtu as text", swap("mtu: 1500", "mtu: big")},
	{"mtu in quotes", swap("mtu: 1500", `mtu: "1500"`)},
	{"rx_queues", swap("rx_queues: 1", "rx_queues: 0")},
	{"iface_id unknown", swap("iface_id: sw1-port1", "iface_id: sw1-prot1")},
	{"iface_id of a router port", swap("iface_id: sw1-port1", "iface_id: sw1-portr0")},
	{"iface_id of a localnet port", swap("iface_id: sw1-port1", "iface_id: ext-localnet")},
	{"iface_id twice", swap("iface_id: sw1-port2", "iface_id: sw1-port1")},
	{"network_name unknown", swap("network_name: physnet1, mtu", "network_name: physnet2, mtu")},
	{"network_name nowhere near", swap("network_name: physnet1, mtu", "network_name: campus, mtu")},
	{"network_name twice", swap(vm1Port, `{name: p-vm1, vdev: "net_tap0,iface=vm1", network_name: physnet1}`)},

	// switches
	{"switch without name", swap("- name: sw1\n    ports:", "- ports:")},
	{"switch name twice", swap("- name: sw2\n", "- name: sw1\n")},
	{"switch port name twice", swap("name: sw2-port3", "name: sw1-port1")},
	{"switch port without name", swap("{name: sw1-port1, ", "{")},
	{"type of OVN", swap("type: localnet", "type: vtep")},
	{"type unknown", swap("type: localnet", "type: bridge")},
	{"address without MAC", swap(lsp1addr, `["1.1.0.1"]`)},
	{"address with bad MAC", swap(lsp1addr, `["00:00:01:00:00 1.1.0.1"]`)},
	{"address with bad IP", swap(lsp1addr, `["00:00:01:00:00:01 1.1.0.256"]`)},
	{"address with prefix length", swap(lsp1addr, `["00:00:01:00:00:01 1.1.0.1/16"]`)},
	{"address with zone", swap(lsp1addr, `["00:00:01:00:00:01 fe80::1%eth0"]`)},
	{"address empty", swap(lsp1addr, `[""]`)},
	{"address dynamic", swap(lsp1addr, `[dynamic]`)},
	{"address MAC dynamic", swap(lsp1addr, `["00:00:01:00:00:01 dynamic"]`)},
	{"address router on a host", swap(lsp1addr, `[router]`)},
	{"address Unknown", swap(lsp1addr, `[Unknown]`)},
	{"address unknown on a router port", swap(`addresses: ["00:00:01:ff:00:01"]`, `addresses: [unknown]`)},
	{"addresses as text", swap(lsp1addr, `unknown`)},
	{"address is a number", swap(lsp1addr, `[1]`)},
	{"no addresses", swap("addresses: "+lsp1addr, `type: ""`)},
	{"zero MAC", swap("00:00:01:00:00:01", "00:00:00:00:00:00")},
	{"multicast MAC", swap("00:00:01:00:00:01", "01:00:5e:00:00:01")},
	{"multicast IP", swap("1.1.0.1 ", "224.0.0.1 ")},
	{"duplicate MAC", swap("00:00:01:00:00:02", "00:00:01:00:00:01")},
	{"duplicate IP", swap("1.1.0.2", "1.1.0.1")},
	{"MAC of the router", swap("00:00:01:00:00:02", "00:00:01:ff:00:01")},
	{"IP of the router", swap("1.1.0.2", "1.1.254.254")},
	{"IP outside the network", swap("1.1.0.2", "1.9.0.2")},
	{"park_until on a router port", swap("type: router, addresses: [\"00:00:01:ff:00:01\"]", "type: router, park_until: up, addresses: [\"00:00:01:ff:00:01\"]")},
	{"park_until on a localnet port", swap("network_name: physnet1}}", "network_name: physnet1, park_until: up}}")},
	{"park_until without addresses", swap("addresses: "+lsp1addr, "addresses: [unknown], park_until: up")},
	{"park_until without an IP address", swap(lsp1addr, `["00:00:01:00:00:01"], park_until: up`)},
	{"park_until something else", swap(lsp1addr, lsp1addr+", park_until: Up")},
	{"park_until a boolean", swap(lsp1addr, lsp1addr+", park_until: true")},
	{"park_until empty", swap(lsp1addr, lsp1addr+", park_until: ")},
	{"park_until a list", swap(lsp1addr, lsp1addr+", park_until: [up]")},
	{"park_until an option that is a list", swap(lsp1addr, lsp1addr+", options: {park_until: [up]}")},
	{"park_until something else as an option", swap(lsp1addr, lsp1addr+", options: {park_until: down}")},
	{"park_until twice", swap(lsp1addr, lsp1addr+", park_until: up, options: {park_until: up}")},
	{"park_until misspelled", swap(lsp1addr, lsp1addr+", parkuntil: up")},
	{"router-port missing", swap(", options: {router-port: lrp1}", "")},
	{"router-port dangling", swap("router-port: lrp1", "router-port: lpr1")},
	{"router-port dangling far", swap("router-port: lrp1", "router-port: nowhere-near")},
	{"router-port taken", swap("router-port: lrp2", "router-port: lrp1")},
	{"router-port on a host", swap(lsp1, `{name: sw1-port1, addresses: `+lsp1addr+`, options: {router-port: lrp1}}`)},
	{"router-port empty", swap("router-port: lrp1", `router-port: ""`)},
	{"option that is a list", swap("router-port: lrp1", `router-port: [lrp1]`)},
	{"router MAC differs", swap(`addresses: ["00:00:01:ff:00:01"]`, `addresses: ["00:00:01:ff:00:99"]`)},
	{"network_name missing", swap(", options: {network_name: physnet1}", "")},
	{"network_name on a host", swap(lsp1, `{name: sw1-port1, addresses: `+lsp1addr+`, options: {network_name: physnet1}}`)},
	{"tag on a host", swap(lsp1, `{name: sw1-port1, addresses: `+lsp1addr+`, tag: 5}`)},
	{"tag zero", swap("type: localnet", "type: localnet, tag: 0")},
	{"tag too high", swap("type: localnet", "type: localnet, tag: 4095")},
	{"tag as text", swap("type: localnet", "type: localnet, tag: blue")},
	{"segment taken", swap("- "+localnet, "- "+localnet+"\n      - {name: ext2, type: localnet, tag: 7, addresses: [unknown], options: {network_name: physnet1}}\n      - {name: ext3, type: localnet, tag: 7, addresses: [unknown], options: {network_name: physnet1}}")},
	{"localnet without unknown", swap("addresses: [unknown]", `addresses: ["02:00:00:00:00:01 192.168.123.1"]`)},
	{"aging that is no number", swap("  - name: sw1\n", "  - name: sw1\n    other_config: {fdb_age_threshold: 5m}\n")},
	{"aging below zero", swap("  - name: sw1\n", "  - name: sw1\n    other_config: {fdb_age_threshold: -1}\n")},
	{"other_config that only OVN has", swap("  - name: sw1\n", "  - name: sw1\n    other_config: {vlan-passthru: true}\n")},
	{"mac_limit of nothing", swap("{network_name: physnet1}", "{network_name: physnet1, mac_limit: 0}")},
	{"mac_limit without unknown", swap("addresses: "+lsp1addr, "addresses: "+lsp1addr+", options: {mac_limit: 5}")},
	{"responder off with a word", swap("addresses: "+lsp1addr, "addresses: "+lsp1addr+", options: {disable_arp_nd_rsp: maybe}")},
	{"port_security as text", swap("addresses: "+lsp1addr, "addresses: "+lsp1addr+", port_security: all")},
	{"port_security without MAC", swap("addresses: "+lsp1addr, "addresses: "+lsp1addr+`, port_security: ["1.1.0.1"]`)},
	{"port_security empty", swap("addresses: "+lsp1addr, "addresses: "+lsp1addr+`, port_security: [" "]`)},
	{"port_security with a name", swap("addresses: "+lsp1addr, "addresses: "+lsp1addr+`, port_security: ["00:00:01:00:00:01 vm1"]`)},
	{"port_security with a group MAC", swap("addresses: "+lsp1addr, "addresses: "+lsp1addr+`, port_security: ["01:00:5e:00:00:01", "00:00:01:00:00:01"]`)},
	{"port_security with a group address", swap("addresses: "+lsp1addr, "addresses: "+lsp1addr+`, port_security: ["00:00:01:00:00:01 224.0.0.1"]`)},
	{"port_security of another MAC", swap("addresses: "+lsp1addr, "addresses: "+lsp1addr+`, port_security: ["00:00:01:00:00:09"]`)},
	{"port_security on a localnet port", swap("type: localnet", `type: localnet, port_security: ["00:00:01:00:00:01"]`)},
	{"storm_control that is a number", swap("type: localnet", "type: localnet, storm_control: 1000")},
	{"storm_control of an unknown class", swap("type: localnet", "type: localnet, storm_control: {unicast: 1000}")},
	{"storm_control below zero", swap("type: localnet", "type: localnet, storm_control: {broadcast: -1}")},
	{"storm_control on a router port", swap("type: router, addresses: [\"00:00:01:ff:00:01\"]", "type: router, storm_control: {broadcast: 5}, addresses: [\"00:00:01:ff:00:01\"]")},
	{"switch port without port", swap("  - "+vm1Port+"\n", "")},
	{"network without port", swap("  - "+extPort+"\n", "")},

	// routers
	{"router without name", swap("- name: lr0\n    options", "- options")},
	{"router name twice", swap(bindings, "  - {name: lr0, ports: []}\n"+bindings)},
	{"router port name twice", swap("{name: lrp2,", "{name: lrp1,")},
	{"router port without switch port", swap("      - "+portr0+"\n", "")},
	{"mac missing", swap(`{name: lrp1, mac: "00:00:01:ff:00:01"`, "{name: lrp1")},
	{"mac bad", swap(`{name: lrp1, mac: "00:00:01:ff:00:01"`, "{name: lrp1, mac: 00-00-01-ff-00")},
	{"mac number", swap(`{name: lrp1, mac: "00:00:01:ff:00:01"`, "{name: lrp1, mac: 1")},
	{"mac multicast", []edit{{`["00:00:01:ff:00:01"]`, "[router]"}, {`mac: "00:00:01:ff:00:01"`, `mac: "03:00:01:ff:00:01"`}}},
	{"networks missing", swap(", networks: "+lrp1nets, "")},
	{"networks empty", swap(lrp1nets, "[]")},
	{"network without length", swap("1.1.254.254/16", "1.1.254.254")},
	{"network bad", swap("1.1.254.254/16", "1.1.254/16")},
	{"network address as own", swap("1.1.254.254/16", "1.1.0.0/16")},
	{"broadcast address as own", swap("1.1.254.254/16", "1.1.255.255/16")},
	{"subnet-router anycast as own", swap("2001:db8:1::1/64", "2001:db8:1::/64")},
	{"link-local IPv6 network", swap("2001:db8:1::1/64", "fe80::1/64")},
	{"link-local IPv4 network", swap("1.1.254.254/16", "169.254.0.1/16")},
	{"multicast network", swap("1.1.254.254/16", "224.0.0.1/16")},
	{"loopback network", swap("1.1.254.254/16", "127.0.0.1/8")},
	{"everything as network", swap("1.1.254.254/16", "1.1.254.254/0")},
	{"mapped network", swap("2001:db8:1::1/64", "::ffff:1.2.3.4/120")},
	{"net zero", swap("1.1.254.254/16", "0.1.2.3/16")},
	{"network twice", swap("2001:db8:1::1/64", "1.1.254.254/16")},
	{"overlap", swap("1.2.254.254/16", "1.1.7.1/24")},
	{"overlap IPv6", swap("2001:db8:2::1/64", "2001:db8:1::2/64")},
	{"gateway_mtu small", swap("gateway_mtu: 1500", "gateway_mtu: 60")},
	{"gateway_mtu under IPv6", swap("gateway_mtu: 1500", "gateway_mtu: 1000")},
	{"gateway_mtu out of range", swap("gateway_mtu: 1500", "gateway_mtu: 70000")},
	{"ipv6_ra_configs as text", ras(`slaac`)},
	{"ipv6_ra_configs without address_mode", ras(`{send_periodic: true}`)},
	{"ipv6_ra_configs unknown key", ras(`{address_mode: slaac, maxinterval: 60}`)},
	{"address_mode", ras(`{address_mode: dhcp}`)},
	{"address_mode in upper case", ras(`{address_mode: SLAAC}`)},
	{"send_periodic", ras(`{address_mode: slaac, send_periodic: sometimes}`)},
	{"max_interval out of range", ras(`{address_mode: slaac, max_interval: 3}`)},
	{"min_interval above three quarters", ras(`{address_mode: slaac, min_interval: 76, max_interval: "100"}`)},
	{"mtu of router advertisements", ras(`{address_mode: slaac, mtu: 1279}`)},
	{"rdnss of IPv4", ras(`{address_mode: slaac, rdnss: "1.1.1.1"}`)},
	{"rdnss that is no address", ras(`{address_mode: slaac, rdnss: "2001:db8::53, dns1"}`)},
	{"rdnss as list", ras(`{address_mode: slaac, rdnss: ["2001:db8::53"]}`)},
	{"dnssl", ras(`{address_mode: slaac, dnssl: "example.com,b ad"}`)},
	{"dnssl empty", ras(`{address_mode: slaac, dnssl: ""}`)},
	{"router_preference", ras(`{address_mode: slaac, router_preference: high}`)},
	{"route_info without preference", ras(`{address_mode: slaac, route_info: "2001:db8::/32"}`)},
	{"route_info preference", ras(`{address_mode: slaac, route_info: "TOP-2001:db8::/32"}`)},
	{"route_info prefix", ras(`{address_mode: slaac, route_info: "LOW-2001:db8::"}`)},
	{"route_info host bits", ras(`{address_mode: slaac, route_info: "LOW-2001:db8::1/32"}`)},
	{"route_info of IPv4", ras(`{address_mode: slaac, route_info: "LOW-10.0.0.0/8"}`)},
	{"ipv6_ra_configs without IPv6", []edit{{lrp1nets, `[1.1.254.254/16], ipv6_ra_configs: {address_mode: slaac}`}}},
	{"ipv6_ra_configs on a /80", []edit{{lrp1nets, `["2001:db8:1::1/80"], ipv6_ra_configs: {address_mode: slaac}`}}},
	{"ipv6_prefix", swap(lrp1nets, lrp1nets+`, ipv6_prefix: ["2001:db8:9::/64"]`)},
	{"gateway_mtu above the port", swap("gateway_mtu: 1500", `gateway_mtu: "9000"`)},
	{"port MTU under IPv6", []edit{{"mtu: 1500", "mtu: 1000"}, {"gateway_mtu: 1500", "gateway_mtu: 0"}}},
	{"boolean option of ours", swap("always_learn_from_arp_request: true", "learn_from_unsolicited_na: maybe")},
	{"arp_proxy empty", swap("options: {router-port: lrp1}", `options: {router-port: lrp1, arp_proxy: ""}`)},
	{"arp_proxy MAC alone", swap("options: {router-port: lrp1}", `options: {router-port: lrp1, arp_proxy: "00:00:01:ff:00:01"}`)},
	{"arp_proxy no address", swap("options: {router-port: lrp1}", `options: {router-port: lrp1, arp_proxy: "169.254.1.1, 169.254.1.2"}`)},
	{"arp_proxy host bits", swap("options: {router-port: lrp1}", `options: {router-port: lrp1, arp_proxy: 10.0.0.7/8}`)},
	{"arp_proxy for all", swap("options: {router-port: lrp1}", `options: {router-port: lrp1, arp_proxy: "0.0.0.0/0 ff02::1"}`)},
	{"arp_proxy twice", swap("options: {router-port: lrp1}", `options: {router-port: lrp1, arp_proxy: "fd00::1 fd00::1"}`)},
	{"arp_proxy other MAC", swap("options: {router-port: lrp1}", `options: {router-port: lrp1, arp_proxy: "0a:58:a9:fe:01:01 169.254.1.1"}`)},
	{"arp_proxy too many", swap("options: {router-port: lrp1}", "options: {router-port: lrp1, arp_proxy: \""+manyAddresses(257)+"\"}")},
	{"boolean option", swap("always_learn_from_arp_request: true", "always_learn_from_arp_request: yes")},
	{"age threshold", swap(`"300"`, `"5m"`)},
	{"age threshold CIDR", swap(`"300"`, `"10.0.0.0/99:5;300"`)},
	{"age threshold twice", swap(`"300"`, `"300;400"`)},
	{"route without prefix", swap("ip_prefix: 0.0.0.0/0, ", "")},
	{"route prefix bad", swap("0.0.0.0/0", "default")},
	{"route with host bits", swap("0.0.0.0/0", "10.0.0.7/8")},
	{"route without next hop", swap("nexthop: 192.168.123.1, ", "")},
	{"next hop bad", swap("nexthop: 192.168.123.1", "nexthop: gateway")},
	{"next hop with length", swap("nexthop: 192.168.123.1", "nexthop: 192.168.123.1/24")},
	{"next hop of other family", swap("0.0.0.0/0", `"::/0"`)},
	{"next hop multicast", swap("nexthop: 192.168.123.1", `nexthop: 224.0.0.1`)},
	{"next hop is the router", swap("nexthop: 192.168.123.1", `nexthop: 192.168.123.254`)},
	{"next hop is the broadcast", swap("nexthop: 192.168.123.1", `nexthop: 192.168.123.255`)},
	{"next hop nowhere", swap(route, "{ip_prefix: 0.0.0.0/0, nexthop: 10.9.9.9}")},
	{"next hop link-local", swap(route, `{ip_prefix: "::/0", nexthop: "fe80::1"}`)},
	{"output_port unknown", swap("output_port: lr0-ext", "output_port: lr0-exit")},
	{"discard with port", swap("nexthop: 192.168.123.1", "nexthop: discard")},
	{"route twice", swap("- "+route, "- "+route+"\n      - {ip_prefix: 0.0.0.0/0, nexthop: 192.168.123.1}")},
	{"discard and forward", swap("- "+route, "- "+route+"\n      - {ip_prefix: 0.0.0.0/0, nexthop: discard}")},
	{"binding of no port", swap(bindings, `static_mac_bindings: [{logical_port: lr0-exit, ip: 192.168.123.1, mac: "02:00:00:00:00:01"}]`)},
	{"binding without ip", swap(bindings, `static_mac_bindings: [{logical_port: lr0-ext, mac: "02:00:00:00:00:01"}]`)},
	{"binding of the router itself", swap(bindings, `static_mac_bindings: [{logical_port: lr0-ext, ip: 192.168.123.254, mac: "02:00:00:00:00:01"}]`)},
	{"binding to multicast", swap(bindings, `static_mac_bindings: [{logical_port: lr0-ext, ip: 192.168.123.1, mac: "01:00:00:00:00:01"}]`)},
	{"binding twice", swap(bindings, "static_mac_bindings:\n  - &x {logical_port: lr0-ext, ip: 192.168.123.1, mac: \"02:00:00:00:00:01\"}\n")},
	{"binding listed twice", swap(bindings, "static_mac_bindings:\n  - {logical_port: lr0-ext, ip: 192.168.123.1, mac: \"02:00:00:00:00:01\"}\n  - {logical_port: lr0-ext, ip: 192.168.123.1, mac: \"02:00:00:00:00:02\"}")},

	// allowed, with a warning
	{"gated port without a router", []edit{gatePort1, {"      - " + portr0 + "\n", ""}, {"      - " + lrp1 + "\n", ""}}},
	{"more gated addresses than next hops", []edit{gatePort1, {"overflow: drop-oldest", "gated: {max_nexthops: 1}"}}},
	{"age beyond the probes", swap("max_age: 3s", "max_age: 20s")},
	{"age before the probes", swap("max_age: 3s", "max_age: 1s")},
	{"worker on the control CPU", swap(`workers: "1"`, `workers: "0"`)},
	{"workers without queues", []edit{{`workers: "1"`, `workers: "1-6"`}, {"mbufs: 16384", "mbufs: 98304"}, {"512MiB", "1GiB"}}},
}

func manyAddresses(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("10.7.%d.%d", i/250, 1+i%250))
	}
	return strings.Join(all, " ")
}

func seed(t testing.TB) string {
	data, err := os.ReadFile(examples + "/seed.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// Each mistake is answered by the lines in testdata/messages.txt, and by one at
// least.
func TestMessages(t *testing.T) { messages(t, mistakes, "testdata/messages.txt") }

func messages(t *testing.T, mistakes []mistake, answers string) {
	t.Helper()
	base := seed(t)
	var got strings.Builder
	for _, m := range mistakes {
		text := base
		for _, e := range m.edits {
			if !strings.Contains(text, e.old) {
				t.Fatalf("%s: the seed has no %q", m.name, e.old)
			}
			text = strings.Replace(text, e.old, e.new, 1)
		}
		fmt.Fprintf(&got, "# %s\n", m.name)
		c, err := Parse("f.yaml", []byte(text))
		var ps Problems
		switch {
		case err == nil && len(c.Warnings) == 0:
			t.Errorf("%s: nothing was said", m.name)
		case err == nil:
			for _, w := range c.Warnings {
				fmt.Fprintf(&got, "warning: %s\n", w)
			}
		case !errors.As(err, &ps) || c != nil:
			t.Errorf("%s: %v, %T", m.name, c, err)
		default:
			for _, p := range ps {
				if strings.ContainsAny(p.String(), "\n\x01") || p.Line == 0 || p.Col == 0 || p.Hint == "" {
					t.Errorf("%s: not one line with place and mend: %#v", m.name, p)
				}
				fmt.Fprintln(&got, p)
			}
		}
		got.WriteByte('\n')
	}
	golden(t, answers, got.String())
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) == got {
		return
	}
	w, g := strings.Split(string(want), "\n"), strings.Split(got, "\n")
	for i := range g {
		if i >= len(w) || w[i] != g[i] {
			t.Fatalf("%s:%d differs (go test -run %s -update rewrites it)\n got %s\nwant %s", path, i+1, t.Name(), g[i], append(w, make([]string, len(g))...)[i])
		}
	}
	t.Fatalf("%s is longer than what was said", path)
}
