// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	pciDir = "/sys/bus/pci/devices"
	netDir = "/sys/class/net"
)

// bifurcated are drivers that DPDK works beside: the NIC stays with the kernel.
var bifurcated = []string{"mlx5_core", "mlx4_core", "mana"}

// forDPDK are drivers that hand a NIC to a process.
var forDPDK = []string{"vfio-pci", "uio_pci_generic", "igb_uio"}

// wantedNICs are the PCI addresses of the configured NICs that are there.
func (m Machine) wantedNICs(need Need) (addresses []string) {
	for _, pci := range need.PCI {
		address, _, _ := strings.Cut(pci, ",")
		if m.exists(pciDir, address) {
			addresses = append(addresses, address)
		}
	}
	for _, name := range need.Netdevs {
		if address := m.pciOf(name); address != "" {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// pciOf is the PCI address behind an interface, "" for a virtual one.
func (m Machine) pciOf(name string) string {
	dir, err := filepath.EvalSymlinks(m.path(netDir, name, "device"))
	for range 2 { // virtio's own device stands between
		if err == nil && m.exists(pciDir, filepath.Base(dir)) {
			return filepath.Base(dir)
		}
		dir = filepath.Dir(dir)
	}
	return ""
}

// nics looks at each PCI NIC, and at configured ones that are missing. It never advises
// to bind one that carries the default route.
func nics(m Machine, need Need) (found []Finding) {
	carriers := m.defaultCarriers()
	wanted := m.wantedNICs(need)
	for _, pci := range need.PCI {
		if address, _, _ := strings.Cut(pci, ","); !slices.Contains(wanted, address) {
			found = append(found, Finding{Status: Fail, Where: address, What: "there is no such PCI device", Mend: "choose one that `lspci -Dd ::0200` lists"})
		}
	}
	for _, name := range need.Netdevs {
		if m.pciOf(name) == "" {
			found = append(found, Finding{Status: Fail, Where: name, What: "there is no network interface of that name with a PCI device",
				Mend: "choose one that `ip link` lists; one that is already bound to vfio-pci goes under pci:"})
		}
	}
	netdevs := map[string][]string{}
	for _, name := range m.names(netDir) {
		if address := m.pciOf(name); address != "" {
			netdevs[address] = append(netdevs[address], name)
		}
	}
	for _, address := range m.names(pciDir) {
		class, err := strconv.ParseUint(strings.TrimPrefix(m.text(pciDir, address, "class"), "0x"), 16, 32)
		if err == nil && class>>16 == 0x02 {
			found = append(found, m.nic(address, netdevs[address], carriers, slices.Contains(wanted, address)))
		}
	}
	if len(found) == 0 {
		found = append(found, Finding{Status: Note, Where: pciDir, What: "there is no PCI NIC; taps and other virtual ports need none"})
	}
	return found
}

func (m Machine) nic(address string, names, carriers []string, wanted bool) Finding {
	f := Finding{Status: Note, Where: address}
	driver := m.target(pciDir, address, "driver")
	vital := slices.ContainsFunc(names, func(n string) bool { return slices.Contains(carriers, n) })
	known := strings.Join(names, ", ")
	switch {
	case vital && slices.Contains(bifurcated, driver):
		f.What = fmt.Sprintf("%s carries the default route; with the driver %s it would lose that to the gateway", known, driver)
	case vital:
		f.What = fmt.Sprintf("%s carries the default route: it must stay with the kernel", known)
	case slices.Contains(bifurcated, driver):
		f.Status, f.What = OK, fmt.Sprintf("%s: DPDK works beside the driver %s, nothing is to be bound", known, driver)
		return f
	case slices.Contains(forDPDK, driver):
		f.Status, f.What = OK, fmt.Sprintf("bound to %s, ready for `pci: %q`", driver, address)
		return f
	case driver == "":
		f.What = "no driver has it"
		f.Mend = bindCommand(address)
	case known == "": // what cannot be seen may carry the default route
		f.What = fmt.Sprintf("the driver %s has it, but its interface is not to be seen here; is it in another network namespace?", driver)
	default:
		f.What = fmt.Sprintf("%s belongs to the kernel (driver %s)", known, driver)
		f.Mend = bindCommand(address)
	}
	if wanted {
		f.Status = Fail
		if vital {
			f.Mend = "choose another NIC in the configuration; this one would take the way to this machine with it"
		}
	}
	return f
}

func bindCommand(address string) string {
	return "modprobe vfio-pci && dpdk-devbind.py --bind=vfio-pci " + address
}

// defaultCarriers are the interfaces that a default route uses, and all below them:
// ports of a bridge or bond, parents of a VLAN.
func (m Machine) defaultCarriers() (carriers []string) {
	for line := range strings.Lines(m.text("/proc/net/route")) {
		// Iface Destination Gateway Flags RefCnt Use Metric Mask ...
		if f := strings.Fields(line); len(f) > 7 && f[1] == "00000000" && f[7] == "00000000" {
			carriers = append(carriers, f[0])
		}
	}
	for line := range strings.Lines(m.text("/proc/net/ipv6_route")) {
		// destination length source length gateway metric refcnt use flags interface
		if f := strings.Fields(line); len(f) > 9 && strings.Trim(f[0], "0") == "" && f[1] == "00" && f[9] != "lo" {
			carriers = append(carriers, f[9])
		}
	}
	for i := 0; i < len(carriers) && i < 1024; i++ {
		for _, entry := range m.names(netDir, carriers[i]) {
			if lower, ok := strings.CutPrefix(entry, "lower_"); ok && !slices.Contains(carriers, lower) {
				carriers = append(carriers, lower)
			}
		}
	}
	return carriers
}
