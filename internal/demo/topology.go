// SPDX-License-Identifier: Apache-2.0

package demo

import (
	_ "embed"
	"net/netip"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/internal/topology"
)

//go:embed demo.yaml
var configTemplate string

// host is one end system of the demo.
type host struct {
	name  string // of the namespace, after the prefix
	iface string // the tap that the gateway makes for it
	lab.Host
}

const (
	gatewayNS = "gw"
	pc1       = 0 // places in hosts
	pcExt     = 4
)

// hosts are the article's, address for address; PC-EXT's MAC and IPv6 address and
// all IPv6 gateways are ours.
var hosts = []host{
	newHost("pc1", "vm1", "00:00:01:00:00:01", "1.1.0.1/16 2001:db8:1::11/64", "1.1.254.254 2001:db8:1::1"),
	newHost("pc2", "vm2", "00:00:01:00:00:02", "1.1.0.2/16 2001:db8:1::12/64", "1.1.254.254 2001:db8:1::1"),
	newHost("pc3", "vm3", "00:00:02:00:00:03", "1.2.0.3/16 2001:db8:2::13/64", "1.2.254.254 2001:db8:2::1"),
	newHost("pc4", "vm4", "00:00:02:00:00:04", "1.2.0.4/16 2001:db8:2::14/64", "1.2.254.254 2001:db8:2::1"),
	newHost("pc-ext", "ext0", "02:0a:7f:00:01:0a", "192.168.123.10/24 2001:db8:f0f0::10/64", "192.168.123.254 2001:db8:f0f0::1"),
}

// routerMAC is lr0's on the external network: who asks from there is the gateway.
var routerMAC = topology.MAC{0x02, 0x0a, 0x7f, 0x00, 0x01, 0x29}

func newHost(name, iface, mac, addrs, gateways string) host {
	h := host{name: name, iface: iface}
	var err error
	if h.MAC, err = topology.ParseMAC(mac); err != nil {
		panic(err) // a constant of this file; a test builds them all
	}
	for _, a := range strings.Fields(addrs) {
		h.Addrs = append(h.Addrs, netip.MustParsePrefix(a))
	}
	for _, g := range strings.Fields(gateways) {
		h.Gateways = append(h.Gateways, netip.MustParseAddr(g))
	}
	return h
}

// config is the gateway's configuration file. Control gets the first CPU that this
// process may use and the worker the second; with one CPU they share it.
func config(socket string) string {
	control, worker := cpus()
	return strings.NewReplacer("@SOCKET@", socket, "@CONTROL@", strconv.Itoa(control), "@WORKERS@", strconv.Itoa(worker)).Replace(configTemplate)
}

func cpus() (control, worker int) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return 0, 1
	}
	found := 0
	for cpu := 0; cpu < 1024 && found < 2; cpu++ {
		if !set.IsSet(cpu) {
			continue
		}
		if worker = cpu; found == 0 {
			control = cpu
		}
		found++
	}
	return control, worker
}
