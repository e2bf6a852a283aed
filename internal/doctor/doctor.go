// SPDX-License-Identifier: Apache-2.0

package doctor

// Status is how bad a finding is.
type Status string

const (
	OK   Status = "ok"   // as it should be
	Note Status = "note" // worth knowing; nothing to do for this gateway
	Warn Status = "warn" // the gateway runs, but slower or less safely than it could
	Fail Status = "fail" // the gateway will not run
)

// Finding is the outcome of one check at one place.
type Finding struct {
	Check  string `json:"check"`
	Status Status `json:"status"`
	Where  string `json:"where"` // a file, a device, an interface or a setting
	What   string `json:"what"`
	Mend   string `json:"mend"` // a command, or a change of the configuration; "" where there is nothing to do
}

// Need is what a configuration asks of the machine. The zero value asks for nothing: the
// findings then say what the machine has, and Fail never occurs.
type Need struct {
	Known     bool   // there is a configuration
	Memory    uint64 // octets of DPDK memory
	Hugepages bool   // it must be hugepages
	NoHuge    bool   // it shall not be hugepages
	Workers   []int  // CPUs
	Control   int    // CPU
	Taps      bool   // some port is a tap
	Packet    bool   // some port is an AF_PACKET socket
	PCI       []string
	Netdevs   []string // NICs by their kernel name
	Sockets   []string // that ports in shared memory make, by path
}

// nic reports whether some port is a NIC of the machine's own.
func (n Need) nic() bool { return len(n.PCI)+len(n.Netdevs) > 0 }

// Machine is where the facts are read.
type Machine struct {
	Root string // in front of /proc, /sys and /dev; "" is this machine
}

// Examine runs every check. It writes nothing and takes milliseconds.
func (m Machine) Examine(need Need) []Finding {
	var found []Finding
	for _, check := range []struct {
		name string
		run  func(Machine, Need) []Finding
	}{
		{"hugepages", hugepages},
		{"numa", numa},
		{"cpus", cpus},
		{"isolation", isolation},
		{"governor", governor},
		{"modules", modules},
		{"iommu", iommu},
		{"nic", nics},
		{"permissions", permissions},
		{"limits", limits},
		{"sockets", sockets},
	} {
		for _, f := range check.run(m, need) {
			f.Check = check.name
			if f.Status == Fail && !need.Known {
				f.Status = Warn
			}
			found = append(found, f)
		}
	}
	return found
}

// Worst is the worst status of all.
func Worst(found []Finding) Status {
	rank := map[Status]int{OK: 0, Note: 1, Warn: 2, Fail: 3}
	worst := OK
	for _, f := range found {
		if rank[f.Status] > rank[worst] {
			worst = f.Status
		}
	}
	return worst
}
