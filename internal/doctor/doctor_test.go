// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	nic0 = "/sys/bus/pci/devices/0000:3b:00.0"
	nic1 = "/sys/bus/pci/devices/0000:3b:00.1"
	nic2 = "/sys/bus/pci/devices/0000:5e:00.0"
)

// healthy is a server with two NUMA nodes and three NICs: one for DPDK, one below the
// bond that carries the default route, one that is free. Values: "->" makes a link, "/"
// a folder.
var healthy = map[string]string{
	"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages":      "1024",
	"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages":    "512",
	"/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages":   "0",
	"/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages": "0",
	"/sys/devices/system/node/node0/cpulist":                      "0-3",
	"/sys/devices/system/node/node1/cpulist":                      "4-7",
	"/sys/devices/system/cpu/online":                              "0-7",
	"/sys/devices/system/cpu/isolated":                            "2-3,6",
	"/sys/devices/system/cpu/nohz_full":                           "2-3,6",
	"/sys/devices/system/cpu/cpu2/topology/thread_siblings_list":  "2,6",
	"/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor":       "performance",
	"/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor":       "performance",
	"/sys/class/iommu/dmar0":                                      "/",
	"/sys/kernel/iommu_groups/1":                                  "/",
	"/sys/bus/pci/drivers/vfio-pci":                               "/",
	"/dev/net/tun":                                                "",
	"/dev/vfio/vfio":                                              "",
	nic0 + "/class":                                               "0x020000",
	nic0 + "/numa_node":                                           "0",
	nic0 + "/driver":                                              "->../../drivers/vfio-pci",
	nic1 + "/class":                                               "0x020000",
	nic1 + "/numa_node":                                           "0",
	nic1 + "/driver":                                              "->../../drivers/ice",
	nic2 + "/class":                                               "0x020000",
	nic2 + "/numa_node":                                           "1",
	nic2 + "/driver":                                              "->../../drivers/ice",
	"/sys/bus/pci/devices/0000:00:02.0/class":                     "0x030000",
	"/sys/class/net/eth1/device":                                  "->../../../bus/pci/devices/0000:3b:00.1",
	"/sys/class/net/eth2/device":                                  "->../../../bus/pci/devices/0000:5e:00.0",
	"/sys/class/net/bond0/lower_eth1":                             "->../eth1",
	"/sys/class/net/bond0.7/lower_bond0":                          "->../bond0",
	"/proc/net/route": "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n" +
		"bond0.7\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
		"eth2\t0002000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n",
	"/proc/net/ipv6_route": strings.Repeat("0", 32) + " 00 " + strings.Repeat("0", 32) + " 00 " + strings.Repeat("0", 32) + " ffffffff 00000001 00000000 00200200       lo\n",
	"/proc/self/status":    "Name:\tx\nCapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-7\n",
	"/proc/self/limits":    "Limit  Soft Limit  Hard Limit  Units\nMax locked memory         unlimited            unlimited            bytes\n",
}

// machine makes a root from healthy and changes to it: "-" takes a file away.
func machine(t *testing.T, changes map[string]string) Machine {
	t.Helper()
	root := t.TempDir()
	files := maps.Clone(healthy)
	maps.Copy(files, changes)
	for name, content := range files {
		path := filepath.Join(root, name)
		if content == "-" {
			continue
		}
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if target, link := strings.CutPrefix(content, "->"); err == nil && link {
			err = os.Symlink(target, path)
		} else if err == nil && content == "/" {
			err = os.MkdirAll(path, 0o755)
		} else if err == nil {
			err = os.WriteFile(path, []byte(content+"\n"), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return Machine{Root: root}
}

func of(found []Finding, check string) (some []Finding) {
	for _, f := range found {
		if f.Check == check {
			some = append(some, f)
		}
	}
	return some
}

var server = Need{Known: true, Memory: 1024 * mib, Hugepages: true, Workers: []int{2, 3}, Control: 0, PCI: []string{"0000:3b:00.0,x=1"}}

// A machine as it should be has nothing to mend for the gateway that it runs.
func TestHealthyMachine(t *testing.T) {
	found := machine(t, nil).Examine(server)
	for _, f := range found {
		if f.Status != OK && f.Check != "nic" {
			t.Errorf("%+v", f)
		}
	}
	if w := Worst(found); w != Note {
		t.Errorf("worst is %s", w)
	}
}

// Each fact that is wrong makes one finding with the status, the place and the mend.
func TestFindings(t *testing.T) {
	taps := Need{Known: true, Memory: 64 * mib, NoHuge: true, Workers: []int{2}, Taps: true}
	for _, tt := range []struct {
		name    string
		need    Need
		changes map[string]string
		check   string
		status  Status
		where   string
		want    string // in What or Mend
	}{
		{"too few hugepages", server, map[string]string{"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "24"},
			"hugepages", Fail, "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "echo 1512 > /sys"},
		{"pages of 1 GiB will do", server, map[string]string{"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "0", "/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages": "1"},
			"hugepages", OK, "", "in pages of 1048576 KiB"},
		{"auto takes other pages", Need{Known: true, Memory: 2048 * mib}, nil, "hugepages", Warn, "", "ordinary pages are taken"},
		{"none are wanted", Need{Known: true, Memory: 2048 * mib, NoHuge: true}, nil, "hugepages", Note, "", "takes ordinary pages"},
		{"the kernel has none", server, map[string]string{"/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "-", "/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages": "-"},
			"hugepages", Fail, "", "mode: no-huge"},
		{"a worker is far", Need{Known: true, Workers: []int{3, 5}, PCI: server.PCI}, nil, "numa", Warn, "0000:3b:00.0", "choose cpu.workers from 0-3"},
		{"one node", server, map[string]string{"/sys/devices/system/node/node1/cpulist": "-"}, "numa", OK, "", "one NUMA node"},
		{"a CPU is not ours", server, map[string]string{"/proc/self/status": "CapEff:\t000001ffffffffff\nCpus_allowed_list:\t0-2\n"}, "cpus", Fail, "", "wants CPU 3"},
		{"a CPU is off", server, map[string]string{"/sys/devices/system/cpu/online": "0-2"}, "cpus", Fail, "", "AllowedCPUs="},
		{"two workers on a core", Need{Known: true, Workers: []int{2, 6}}, nil, "cpus", Warn, "", "CPU 2 and 6 share one core"},
		{"control on a worker's", Need{Known: true, Workers: []int{2}, Control: 2}, nil, "cpus", Warn, "cpu.control", "another CPU"},
		{"not isolated", server, map[string]string{"/sys/devices/system/cpu/isolated": "2"}, "isolation", Warn, "", "isolcpus=managed_irq,domain,2-3 nohz_full=2-3"},
		{"isolated, with a tick", server, map[string]string{"/sys/devices/system/cpu/nohz_full": ""}, "isolation", Note, "", "2-3 still have a timer tick"},
		{"slow governor", server, map[string]string{"/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor": "powersave"}, "governor", Warn, "", "cpupower -c 3 frequency-set"},
		{"no governor", server, map[string]string{"/sys/devices/system/cpu/cpu2/cpufreq/scaling_governor": "-", "/sys/devices/system/cpu/cpu3/cpufreq/scaling_governor": "-"}, "governor", OK, "", "not this system's"},
		{"no tun", taps, map[string]string{"/dev/net/tun": "-"}, "modules", Fail, "/dev/net/tun", "modprobe tun"},
		{"no vfio", server, map[string]string{"/sys/bus/pci/drivers/vfio-pci": "-"}, "modules", Fail, "", "modprobe vfio-pci"},
		{"no vfio, taps only", taps, map[string]string{"/sys/bus/pci/drivers/vfio-pci": "-"}, "modules", Note, "/sys/bus/pci/drivers/vfio-pci", ""},
		{"no IOMMU", server, map[string]string{"/sys/class/iommu/dmar0": "-"}, "iommu", Fail, "", "intel_iommu=on"},
		{"no IOMMU and unsafe", server, map[string]string{"/sys/class/iommu/dmar0": "-", "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode": "Y"}, "iommu", Warn, "", "can read and write all memory"},
		{"no IOMMU, taps only", taps, map[string]string{"/sys/class/iommu/dmar0": "-"}, "iommu", Note, "", "virtual ports don't"},
		{"a NIC to bind", Need{Known: true, PCI: []string{"0000:5e:00.0"}}, nil, "nic", Fail, "0000:5e:00.0", "--bind=vfio-pci 0000:5e:00.0"},
		{"by its name", Need{Known: true, Netdevs: []string{"eth2"}}, nil, "nic", Fail, "0000:5e:00.0", "belongs to the kernel (driver ice)"},
		{"no driver", Need{Known: true, PCI: []string{"0000:5e:00.0"}}, map[string]string{nic2 + "/driver": "-", "/sys/class/net/eth2/device": "-"}, "nic", Fail, "0000:5e:00.0", "no driver has it"},
		{"a Mellanox NIC", Need{Known: true, PCI: []string{"0000:5e:00.0"}}, map[string]string{nic2 + "/driver": "->../../drivers/mlx5_core"}, "nic", OK, "0000:5e:00.0", "nothing is to be bound"},
		{"no such device", Need{Known: true, PCI: []string{"0000:99:00.0"}}, nil, "nic", Fail, "0000:99:00.0", "lspci"},
		{"no such interface", Need{Known: true, Netdevs: []string{"eth9"}}, nil, "nic", Fail, "eth9", "ip link"},
		{"no NET_ADMIN", taps, map[string]string{"/proc/self/status": "CapEff:\t0000000000000000\nCpus_allowed_list:\t0-7\n"}, "permissions", Fail, "", "lacks CAP_NET_ADMIN"},
		{"no NET_RAW", Need{Known: true, Packet: true}, map[string]string{"/proc/self/status": "CapEff:\t0000000000001000\nCpus_allowed_list:\t0-7\n"}, "permissions", Fail, "", "lacks CAP_NET_RAW"},
		{"no capability, none needed", Need{Known: true}, map[string]string{"/proc/self/status": "CapEff:\t0000000000000000\nCpus_allowed_list:\t0-7\n"}, "permissions", Note, "", "lacks CAP_NET_RAW"},
		{"locked memory", server, map[string]string{"/proc/self/limits": "Max locked memory 8388608 8388608 bytes", "/proc/self/status": "CapEff:\t0000000000000000\n"}, "limits", Fail, "", "LimitMEMLOCK=infinity"},
		{"locked memory, IPC_LOCK", server, map[string]string{"/proc/self/limits": "Max locked memory 8388608 8388608 bytes"}, "limits", OK, "", "CAP_IPC_LOCK lifts"},
		{"locked memory, taps", taps, map[string]string{"/proc/self/limits": "Max locked memory 8388608 8388608 bytes", "/proc/self/status": "CapEff:\t0000000000000000\n"}, "limits", Note, "", "8192 KiB"},
		{"a socket of the service's", Need{Known: true, Sockets: []string{"/run/parkway/vm1.sock"}}, nil, "sockets", OK, "/run/parkway/vm1.sock", "comes with the service"},
		{"a socket elsewhere", Need{Known: true, Sockets: []string{"/srv/vms/vm1.sock"}}, map[string]string{"/srv/vms": "/"}, "sockets", OK, "/srv/vms/vm1.sock", "peers need permission"},
		{"a socket in no folder", Need{Known: true, Sockets: []string{"/srv/vms/vm1.sock"}}, nil, "sockets", Fail, "/srv/vms/vm1.sock", "install -d"},
		{"a socket in /tmp", Need{Known: true, Sockets: []string{"/tmp/vm1.sock"}}, map[string]string{"/tmp": "/"}, "sockets", Warn, "/tmp/vm1.sock", "which no peer sees"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found := of(machine(t, tt.changes).Examine(tt.need), tt.check)
			if !slices.ContainsFunc(found, func(f Finding) bool {
				return f.Status == tt.status && (tt.where == "" || f.Where == tt.where) && strings.Contains(f.What+"\n"+f.Mend, tt.want)
			}) {
				t.Errorf("%+v", found)
			}
		})
	}
}

// Whatever the configuration and whatever stands above it, no command takes the NIC that
// the default route uses.
func TestNeverBindsTheDefaultRoute(t *testing.T) {
	v6 := strings.Repeat("0", 32) + " 00 " + strings.Repeat("0", 32) + " 00 fe80000000000000000000000000000a 00000400 00000001 00000000 00000003    bond0\n"
	for name, changes := range map[string]map[string]string{
		"below a VLAN of a bond": nil,
		"IPv6 only":              {"/proc/net/route": "Iface\tDestination\n", "/proc/net/ipv6_route": v6},
		"directly":               {"/proc/net/route": "Iface\nx\neth1\t00000000\t0102000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"},
		"in another namespace":   {"/sys/class/net/eth1/device": "-", "/proc/net/route": "-"},
		"bifurcated":             {nic1 + "/driver": "->../../drivers/mlx5_core"},
	} {
		for _, need := range []Need{{}, server, {Known: true, PCI: []string{"0000:3b:00.1"}}, {Known: true, Netdevs: []string{"eth1"}}} {
			m := machine(t, changes)
			said := false
			for _, f := range m.Examine(need) {
				if strings.Contains(f.Mend, "0000:3b:00.1") || strings.Contains(f.Mend, "eth1") {
					t.Errorf("%s: %+v", name, f)
				}
				said = said || f.Where == "0000:3b:00.1" && f.Status != OK && (strings.Contains(f.What, "default route") || strings.Contains(f.What, "another network namespace"))
			}
			if !said {
				t.Errorf("%s: nobody says why eth1 is to be left alone", name)
			}
		}
	}
}

// Without a configuration nothing fails: it is advice.
func TestWithoutConfiguration(t *testing.T) {
	for _, changes := range []map[string]string{nil, {"/dev/net/tun": "-", "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "0"}} {
		if w := Worst(machine(t, changes).Examine(Need{})); w == Fail {
			t.Errorf("%+v", machine(t, changes).Examine(Need{}))
		}
	}
	Machine{}.Examine(Need{})                  // this machine, whatever it is
	Machine{Root: t.TempDir()}.Examine(server) // one that says nothing
}

func TestCPULists(t *testing.T) {
	for text, want := range map[string]string{"": "", "0": "0", "0-3,8": "0-3,8", "3,1,2": "1-3", "x,2-,5": "5", "7-5": ""} {
		if got := listText(cpuList(text)); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
