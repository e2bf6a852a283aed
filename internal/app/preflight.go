// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/parkway-gw/parkway/internal/config"
)

const capNetAdmin = 12 // capability.h

// preflight finds what DPDK would refuse in words that help nobody.
func preflight(c *config.Config) error {
	for _, p := range c.Ports {
		driver, _, _ := strings.Cut(p.Vdev, ",")
		driver = strings.TrimRight(driver, "0123456789")
		switch driver {
		case "net_tap", "net_tun":
			if err := canMakeTaps(); err != nil {
				return fmt.Errorf("port %q (%s): %w", p.Name, p.Vdev, err)
			}
			if iface := devarg(p.Vdev, "iface"); iface != "" {
				if who := tapHolder("/proc", iface); who != "" {
					return fmt.Errorf("port %q (%s): %s has the tap %s; stop it, or give the port another iface", p.Name, p.Vdev, who, iface)
				}
			}
		}
		if p.PCI != "" && os.Geteuid() != 0 {
			return fmt.Errorf("port %q (%s): no permission to use PCI devices; run as root", p.Name, p.PCI)
		}
	}
	return nil
}

func canMakeTaps() error {
	f, err := os.OpenFile("/dev/net/tun", os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("there is no /dev/net/tun, so no tap can be made; load the module (modprobe tun), or give the container that device")
	case errors.Is(err, fs.ErrPermission):
		return errors.New("no permission to open /dev/net/tun; run as root, or give the container that device")
	case err != nil:
		return fmt.Errorf("%w; load the module (modprobe tun), or give the container that device", err)
	}
	_ = f.Close()
	if status, err := os.ReadFile("/proc/self/status"); err == nil && !hasCapability(string(status), capNetAdmin) {
		return errors.New("no permission to make taps: the capability NET_ADMIN is missing; run as root, or grant it")
	}
	return nil
}

// devarg is the value of a key in a device's arguments, or empty.
func devarg(vdev, key string) string {
	for arg := range strings.SplitSeq(vdev, ",") {
		if value, ok := strings.CutPrefix(arg, key+"="); ok {
			return value
		}
	}
	return ""
}

// tapHolder names the process that has a tap open in our network namespace, or is
// empty. The kernel would let us open it too, for taps have several queues, and the
// two of us would each get some of its packets. A tap that lies there without a
// process, made to stay, is fine.
func tapHolder(proc, iface string) string {
	if _, err := os.Stat("/sys/class/net/" + iface); err != nil {
		return ""
	}
	ours, _ := os.Readlink(filepath.Join(proc, "self/ns/net"))
	links, _ := filepath.Glob(filepath.Join(proc, "[0-9]*/fd/*"))
	for _, link := range links {
		if file, err := os.Readlink(link); err != nil || file != "/dev/net/tun" {
			continue
		}
		pid := filepath.Dir(filepath.Dir(link))
		info, _ := os.ReadFile(filepath.Join(pid, "fdinfo", filepath.Base(link)))
		if namespace, err := os.Readlink(filepath.Join(pid, "ns/net")); err != nil || namespace != ours || !strings.Contains(string(info), "iff:\t"+iface+"\n") {
			continue
		}
		name, _ := os.ReadFile(filepath.Join(pid, "comm"))
		return fmt.Sprintf("process %s (%s)", filepath.Base(pid), strings.TrimSpace(string(name)))
	}
	return ""
}

// hasCapability reads /proc/PID/status.
func hasCapability(status string, bit uint) bool {
	for line := range strings.Lines(status) {
		if hex, ok := strings.CutPrefix(line, "CapEff:"); ok {
			set, err := strconv.ParseUint(strings.TrimSpace(hex), 16, 64)
			return err != nil || set&(1<<bit) != 0
		}
	}
	return true
}

// pciOfNetdev finds the PCI device behind a kernel interface.
func pciOfNetdev(sys, name string) (string, error) {
	dir := filepath.Join(sys, "class/net", name)
	if _, err := os.Stat(dir); err != nil {
		return "", fmt.Errorf("there is no network interface %s; `ip link` lists them", name)
	}
	target, err := filepath.EvalSymlinks(filepath.Join(dir, "device"))
	if err != nil {
		return "", fmt.Errorf("network interface %s is not a PCI device; use a vdev such as net_af_packet0,iface=%s", name, name)
	}
	subsystem, _ := filepath.EvalSymlinks(filepath.Join(target, "subsystem"))
	if filepath.Base(subsystem) == "virtio" { // the PCI device is one further up
		target = filepath.Dir(target)
		subsystem, _ = filepath.EvalSymlinks(filepath.Join(target, "subsystem"))
	}
	if filepath.Base(subsystem) != "pci" {
		return "", fmt.Errorf("network interface %s is not a PCI device; use a vdev such as net_af_packet0,iface=%s", name, name)
	}
	return filepath.Base(target), nil
}
