// SPDX-License-Identifier: Apache-2.0

package app

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/config"
)

const (
	capNetAdmin = 12 // capability.h
	vfioDevice  = "/dev/vfio/vfio"
)

// preflight finds what DPDK would refuse in words that help nobody.
func preflight(c *config.Config) error {
	for _, p := range c.Ports {
		driver, _, _ := strings.Cut(p.Vdev, ",")
		driver = strings.TrimRight(driver, "0123456789")
		switch driver {
		case "net_tap", "net_tun":
			err := canMakeTaps()
			if err == nil {
				err = tapIsFree(p.Vdev)
			}
			if err != nil {
				return fmt.Errorf("port %q (%s): %w", p.Name, p.Vdev, err)
			}
		}
		if s, ok := p.PeerSocket(); ok {
			if err := socketFor(s); err != nil {
				return fmt.Errorf("port %q (%s): %w", p.Name, p.Vdev, err)
			}
		}
		if p.PCI != "" && os.Geteuid() != 0 && unix.Access(vfioDevice, unix.R_OK|unix.W_OK) != nil {
			return fmt.Errorf("port %q (%s): no permission to use PCI devices; run as root, or let this user open %s and the NIC's group beside it (docs/install.md)", p.Name, p.PCI, vfioDevice)
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

// tapIsFree refuses a tap that another process has open: the kernel would let this
// one in as one more queue of it, and the two would take each other's packets. A
// persistent tap that nobody has open, and so without a carrier, is welcome.
func tapIsFree(vdev string) error {
	for arg := range strings.SplitSeq(vdev, ",") {
		name, ok := strings.CutPrefix(arg, "iface=")
		if !ok {
			continue
		}
		// Not from /sys, which may show another network namespace.
		if i, err := net.InterfaceByName(name); err == nil && i.Flags&net.FlagRunning != 0 {
			return fmt.Errorf("the interface %s is there already and in use; stop what uses it (another gateway?), or choose another iface", name)
		}
	}
	return nil
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
