// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// permissions wants the capabilities that the ports' drivers use, and their devices.
// What each is for: docs/install.md.
func permissions(m Machine, need Need) (found []Finding) {
	const where = "/proc/self/status"
	effective, err := strconv.ParseUint(m.field("CapEff", where), 16, 64)
	if err != nil {
		return []Finding{{Status: Note, Where: where, What: "which capabilities this process has is not known"}}
	}
	for _, c := range []struct {
		name    string
		bit     uint
		purpose string
		needed  bool
	}{
		{"CAP_NET_ADMIN", unix.CAP_NET_ADMIN, "taps and AF_PACKET ports", need.Taps || need.Packet},
		{"CAP_NET_RAW", unix.CAP_NET_RAW, "AF_PACKET ports", need.Packet},
	} {
		if effective&(1<<c.bit) != 0 {
			continue
		}
		f := Finding{Status: Note, Where: where, What: fmt.Sprintf("this process lacks %s, which %s need", c.name, c.purpose)}
		if c.needed {
			f.Status, f.Mend = Fail, "run it as root or by systemd's parkway.service; in a container, add the capability"
		}
		found = append(found, f)
	}
	for _, device := range []struct {
		path   string
		needed bool
	}{{"/dev/net/tun", need.Taps}, {"/dev/vfio/vfio", m.wantsVFIO(need)}} {
		if !device.needed || !m.exists(device.path) {
			continue // modules says so
		}
		if unix.Access(m.path(device.path), unix.R_OK|unix.W_OK) != nil {
			found = append(found, Finding{Status: Fail, Where: device.path, What: "this process may not open it", Mend: "run as root; in a container, add the device"})
		}
	}
	if len(found) == 0 {
		found = append(found, Finding{Status: OK, Where: where, What: "every capability that ports may need is there"})
	}
	return found
}

// limits wants room for locked memory: vfio pins all of DPDK's, AF_PACKET its rings.
// CAP_IPC_LOCK lifts the limit.
func limits(m Machine, need Need) []Finding {
	f := Finding{Status: OK, Where: "/proc/self/limits"}
	soft := ""
	for line := range strings.Lines(m.text(f.Where)) {
		if rest, ok := strings.CutPrefix(line, "Max locked memory"); ok {
			if words := strings.Fields(rest); len(words) > 0 {
				soft = words[0]
			}
		}
	}
	n, err := strconv.ParseUint(soft, 10, 64)
	effective, capErr := strconv.ParseUint(m.field("CapEff", "/proc/self/status"), 16, 64)
	want := max(need.Memory, defaultMemory)
	switch {
	case soft == "unlimited" || err == nil && n >= want:
		f.What = "locked memory: " + soft
	case err != nil:
		f.Status, f.What = Note, "the limit of locked memory is not known"
	case capErr == nil && effective&(1<<unix.CAP_IPC_LOCK) != 0:
		f.What = fmt.Sprintf("locked memory: %d KiB, which CAP_IPC_LOCK lifts", n>>10)
	case need.nic() || need.Packet:
		f.Status, f.What = Fail, fmt.Sprintf("%d KiB of memory may be locked; these ports lock up to %d MiB", n>>10, want/mib)
		f.Mend = "ulimit -l unlimited; systemd: LimitMEMLOCK=infinity"
	default:
		f.Status, f.What = Note, fmt.Sprintf("%d KiB of memory may be locked; NICs and AF_PACKET ports need more", n>>10)
	}
	return []Finding{f}
}
