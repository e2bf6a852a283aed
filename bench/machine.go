// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// ReadMachine describes this machine. What it does not know stays empty.
func ReadMachine() Machine {
	m := Machine{CPUs: runtime.NumCPU(), Go: runtime.Version(), DPDK: dpdkVersion()}
	if cpus, err := allowedCPUs(); err == nil {
		m.CPUs = len(cpus)
	}
	info, _ := os.ReadFile("/proc/cpuinfo")
	m.CPU, m.MHz, m.Virtual = cpuInfo(string(info))
	memory, _ := os.ReadFile("/proc/meminfo")
	m.Memory = memTotal(string(memory))
	var uts unix.Utsname
	if unix.Uname(&uts) == nil {
		m.Kernel = text(uts.Sysname[:]) + " " + text(uts.Release[:])
	}
	release, _ := os.ReadFile("/etc/os-release")
	m.OS = prettyName(string(release))
	load, _ := os.ReadFile("/proc/loadavg")
	_, _ = fmt.Sscan(string(load), &m.Load[0], &m.Load[1], &m.Load[2])
	return m
}

func text(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}

// cpuInfo reads /proc/cpuinfo.
func cpuInfo(info string) (model string, mhz float64, virtual string) {
	for line := range strings.Lines(info) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "model name":
			model = value
		case "cpu MHz":
			mhz, _ = strconv.ParseFloat(value, 64)
		case "flags":
			if strings.Contains(" "+value+" ", " hypervisor ") {
				virtual = "virtual machine"
			}
			return model, mhz, virtual // of the first CPU
		}
	}
	return model, mhz, virtual
}

// memTotal reads /proc/meminfo, in octets.
func memTotal(info string) uint64 {
	for line := range strings.Lines(info) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "MemTotal:" {
			kib, _ := strconv.ParseUint(f[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// prettyName reads /etc/os-release.
func prettyName(release string) string {
	for line := range strings.Lines(release) {
		if name, ok := strings.CutPrefix(line, "PRETTY_NAME="); ok {
			return strings.Trim(strings.TrimSpace(name), `"`)
		}
	}
	return ""
}

var ealLibrary = regexp.MustCompile(`librte_eal\.so\.([0-9.]+)`)

// dpdkVersion asks pkg-config, or else says which ABI this process has.
func dpdkVersion() string {
	if out, err := exec.Command("pkg-config", "--modversion", "libdpdk").Output(); err == nil {
		return string(bytes.TrimSpace(out))
	}
	maps, _ := os.ReadFile("/proc/self/maps")
	if m := ealLibrary.FindSubmatch(maps); m != nil {
		return "ABI " + string(m[1])
	}
	return ""
}
