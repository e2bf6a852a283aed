// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	hugeDir = "/sys/kernel/mm/hugepages"
	nodeDir = "/sys/devices/system/node"
	mib     = 1 << 20

	// defaultMemory is what a configuration that says nothing takes.
	defaultMemory = 512 * mib
)

// hugepages compares what is free with what the gateway takes, for each page size: EAL
// uses one size or several, but a gateway fits into one as a rule.
func hugepages(m Machine, need Need) []Finding {
	f := Finding{Where: hugeDir}
	want := need.Memory
	if want == 0 {
		want = defaultMemory
	}
	var most, mostSize, smallest uint64
	for _, name := range m.names(hugeDir) {
		size := hugeSize(name)
		free, ok := m.number(hugeDir, name, "free_hugepages")
		if size == 0 || !ok || free < 0 {
			continue
		}
		if have := uint64(free) * size; have > most {
			most, mostSize = have, size
		}
		if smallest == 0 || size < smallest {
			smallest = size
		}
	}
	if smallest == 0 {
		f.Status, f.What = Warn, "this kernel has no hugepages; ordinary pages cost some speed, and NICs need an IOMMU with them"
		if need.Hugepages {
			f.Status, f.Mend = Fail, "write dpdk.memory.mode: no-huge"
		}
		return []Finding{f}
	}
	if most >= want {
		f.Status, f.What = OK, fmt.Sprintf("%d MiB are free in pages of %d KiB, %d MiB are needed", most/mib, mostSize>>10, want/mib)
		return []Finding{f}
	}
	f.What = fmt.Sprintf("%d MiB are free, %d MiB are needed", most/mib, want/mib)
	// Those in use stay: the count is of all, so free ones are added.
	name := fmt.Sprintf("hugepages-%dkB", smallest>>10)
	total, _ := m.number(hugeDir, name, "nr_hugepages")
	free, _ := m.number(hugeDir, name, "free_hugepages")
	pages := uint64(max(0, total-free)) + (want+smallest-1)/smallest
	f.Where += "/" + name + "/nr_hugepages"
	f.Mend = fmt.Sprintf("echo %d > %s", pages, f.Where)
	switch {
	case need.Hugepages:
		f.Status = Fail
	case need.NoHuge:
		f.Status, f.Mend = Note, ""
		f.What += "; this configuration takes ordinary pages (dpdk.memory.mode: no-huge)"
	default:
		f.Status = Warn
		f.What += "; ordinary pages are taken instead, which costs some speed"
	}
	return []Finding{f}
}

// hugeSize reads hugepages-2048kB into octets.
func hugeSize(name string) uint64 {
	kib, found := strings.CutPrefix(name, "hugepages-")
	kib, unit := strings.CutSuffix(kib, "kB")
	n, err := strconv.ParseUint(kib, 10, 32)
	if !found || !unit || err != nil {
		return 0
	}
	return n << 10
}

// numa wants workers on the node of the NICs that they poll.
func numa(m Machine, need Need) (found []Finding) {
	nodes := map[int][]int{}
	for _, name := range m.names(nodeDir) {
		digits, isNode := strings.CutPrefix(name, "node")
		node, err := strconv.Atoi(digits)
		if isNode && err == nil {
			nodes[node] = cpuList(m.text(nodeDir, name, "cpulist"))
		}
	}
	if len(nodes) < 2 {
		return []Finding{{Status: OK, Where: nodeDir, What: "one NUMA node: nothing is far away"}}
	}
	for _, address := range m.wantedNICs(need) {
		node, ok := m.number(pciDir, address, "numa_node")
		if !ok || node < 0 {
			continue
		}
		if far := without(need.Workers, nodes[int(node)]); len(far) > 0 {
			found = append(found, Finding{
				Status: Warn, Where: address,
				What: fmt.Sprintf("the NIC is on NUMA node %d, workers on CPU %s are not: each packet crosses between nodes", node, listText(far)),
				Mend: fmt.Sprintf("choose cpu.workers from %s", listText(nodes[int(node)])),
			})
		}
	}
	if len(found) == 0 {
		found = append(found, Finding{Status: OK, Where: nodeDir, What: fmt.Sprintf("%d NUMA nodes; no worker is far from its NIC", len(nodes))})
	}
	return found
}
