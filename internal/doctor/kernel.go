// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// modules wants the drivers that ports need. What is built in shows by its device.
func modules(m Machine, need Need) (found []Finding) {
	for _, module := range []struct {
		name, path, purpose string
		needed              bool
	}{
		{"tun", "/dev/net/tun", "taps", need.Taps},
		{"vfio-pci", "/sys/bus/pci/drivers/vfio-pci", "NICs", m.wantsVFIO(need)},
	} {
		f := Finding{Status: OK, Where: module.path, What: fmt.Sprintf("the module %s is there, for %s", module.name, module.purpose)}
		if !m.exists(module.path) {
			f.What = fmt.Sprintf("the module %s is not loaded; %s need it", module.name, module.purpose)
			f.Status = Note
			if module.needed {
				f.Status, f.Mend = Fail, fmt.Sprintf("modprobe %s; and for good: echo %s > /etc/modules-load.d/parkway.conf", module.name, module.name)
			}
		}
		found = append(found, f)
	}
	return found
}

// wantsVFIO reports whether some configured NIC is not served by a driver that stays
// with the kernel.
func (m Machine) wantsVFIO(need Need) bool {
	return slices.ContainsFunc(m.wantedNICs(need), func(address string) bool {
		return !slices.Contains(bifurcated, m.target(pciDir, address, "driver"))
	})
}

// iommu wants one in front of NICs: without, whoever controls the NIC reads all memory,
// and vfio refuses.
func iommu(m Machine, need Need) []Finding {
	f := Finding{Where: "/sys/class/iommu"}
	unsafeMode := strings.EqualFold(m.text("/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"), "Y")
	switch {
	case len(m.names("/sys/class/iommu")) > 0 && len(m.names("/sys/kernel/iommu_groups")) > 0:
		f.Status, f.What = OK, "the IOMMU is on"
	case !m.wantsVFIO(need):
		f.Status, f.What = Note, "no IOMMU is on; NICs by vfio-pci need it, virtual ports don't"
	case unsafeMode:
		f.Status, f.What = Warn, "no IOMMU is on and vfio works without: a NIC can read and write all memory; run as root, and with hugepages"
		f.Mend = "switch the IOMMU on in the firmware, and add to the kernel's command line: intel_iommu=on iommu=pt (AMD: iommu=pt)"
	default:
		f.Status, f.What = Fail, "no IOMMU is on: vfio-pci refuses NICs"
		f.Mend = "switch the IOMMU on in the firmware, and add to the kernel's command line: intel_iommu=on iommu=pt (AMD: iommu=pt); " +
			"in a virtual machine without one: echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode"
	}
	return []Finding{f}
}
