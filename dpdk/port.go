// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#cgo noescape pw_rx_burst
#cgo nocallback pw_rx_burst
#cgo noescape pw_tx_burst
#cgo nocallback pw_tx_burst
#include <stdlib.h>
#include "shim_port.h"
*/
import "C"

import (
	"fmt"
	"net"
	"strings"
	"syscall"
	"unsafe"
)

// PortID is the number of an Ethernet port. Ids are used again after Close.
//
// Control calls (everything but RxBurst, TxBurst and Stats) on one port must
// not run at the same time; any thread may make them. Many drivers lack some:
// errors.Is(err, syscall.ENOTSUP) tells.
type PortID uint16

// AttachPort makes a device known and returns its port (rte_dev_probe).
// devargs name a virtual device and its arguments,
// "net_tap0,iface=vm1", or a PCI address, "0000:03:00.0". Of a device with
// several ports it returns the first. ENODEV: no driver or device answers to
// that name; EEXIST: the device is attached already.
func AttachPort(devargs string) (PortID, error) {
	const fn = "rte_dev_probe"
	if err := running(fn, devargs); err != nil {
		return 0, err
	}
	cArgs := C.CString(devargs)
	defer C.free(unsafe.Pointer(cArgs))
	// rte_dev_probe of a known device only logs and returns 0.
	if name, _, _ := strings.Cut(devargs, ","); known(name) {
		return 0, refused(fn, devargs, syscall.EEXIST, fmt.Sprintf("device %s is attached already", name))
	}
	mark := markLog()
	if ret := C.pw_dev_probe(cArgs); ret != 0 {
		errno := errnoOf(ret)
		if errno == syscall.EFAULT {
			errno = syscall.ENODEV // DPDK's "bad address" is a device that no bus can place
		}
		return 0, failed(fn, devargs, errno, mark, attachHint(devargs))
	}
	port := C.pw_port_of_devargs(cArgs)
	if port < 0 {
		return 0, failed(fn, devargs, syscall.ENODEV, mark, "the device was found but has no Ethernet port")
	}
	return PortID(port), nil
}

// attachHint says what usually makes a probe fail.
func attachHint(devargs string) string {
	name, _, _ := strings.Cut(devargs, ",")
	driver := strings.TrimRight(name, "0123456789")
	if strings.HasPrefix(name, "net_") {
		return fmt.Sprintf("is there a driver %s, and are its arguments right?", driver)
	}
	return ""
}

func known(device string) bool {
	_, err := PortByName(device)
	return err == nil
}

// PortByName returns the port of a device, by the device's name such as
// "net_tap0" or "0000:03:00.0" (rte_eth_dev_get_port_by_name); ENODEV if there
// is none.
func PortByName(name string) (PortID, error) {
	const fn = "rte_eth_dev_get_port_by_name"
	if err := running(fn, name); err != nil {
		return 0, err
	}
	cName := C.CString(name)
	defer C.free(unsafe.Pointer(cName))
	var id C.uint16_t
	if ret := C.rte_eth_dev_get_port_by_name(cName, &id); ret != 0 {
		return 0, refused(fn, name, errnoOf(ret), "")
	}
	return PortID(id), nil
}

// Ports returns all ports there are, ascending (RTE_ETH_FOREACH_DEV).
func Ports() []PortID {
	if running("", "") != nil {
		return nil
	}
	var ports []PortID
	for id := C.rte_eth_find_next(0); id < C.RTE_MAX_ETHPORTS; id = C.rte_eth_find_next(C.uint16_t(id + 1)) {
		ports = append(ports, PortID(id))
	}
	return ports
}

// String names the port with its device, "port 3 net_tap0"
// (rte_eth_dev_get_name_by_port).
func (p PortID) String() string {
	if running("", "") == nil {
		var name [C.RTE_ETH_NAME_MAX_LEN]C.char
		if C.rte_eth_dev_get_name_by_port(C.uint16_t(p), &name[0]) == 0 {
			return fmt.Sprintf("port %d %s", uint16(p), C.GoString(&name[0]))
		}
	}
	return fmt.Sprintf("port %d", uint16(p))
}

// call makes one ethdev control call and turns a negative result into an error.
func (p PortID) call(fn string, call func(id C.uint16_t) C.int) error {
	if err := running(fn, fmt.Sprintf("port %d", uint16(p))); err != nil {
		return err
	}
	mark := markLog()
	if ret := call(C.uint16_t(p)); ret != 0 {
		return failed(fn, p.String(), errnoOf(ret), mark, "")
	}
	return nil
}

// Start lets packets flow (rte_eth_dev_start). The port must be configured.
func (p PortID) Start() error {
	return p.call("rte_eth_dev_start", func(id C.uint16_t) C.int { return C.pw_port_start(id) })
}

// Stop ends the flow of packets (rte_eth_dev_stop). No thread may be in
// RxBurst or TxBurst of this port. It may be configured and started again.
func (p PortID) Stop() error {
	return p.call("rte_eth_dev_stop", func(id C.uint16_t) C.int { return C.pw_port_stop(id) })
}

// Close stops the port, frees its queues with the mbufs in them
// (rte_eth_dev_close), and removes the device (rte_dev_remove) if this was the
// last port on it; net_tap's interface disappears. The id is invalid from now on.
func (p PortID) Close() error {
	if err := running("rte_eth_dev_close", fmt.Sprintf("port %d", uint16(p))); err != nil {
		return err
	}
	object, mark := p.String(), markLog()
	fn := [...]*C.char{nil}
	ret := C.pw_port_close(C.uint16_t(p), &fn[0])
	if ret != 0 {
		return failed(C.GoString(fn[0]), object, errnoOf(ret), mark, "")
	}
	return nil
}

// Link is the state of a port's link.
type Link struct {
	Up         bool
	SpeedMbps  uint32 // 0: none; ^uint32(0): unknown
	FullDuplex bool
	Autoneg    bool
}

// Link returns the state of the link without waiting for it
// (rte_eth_link_get_nowait).
func (p PortID) Link() (Link, error) {
	var l C.struct_pw_link
	err := p.call("rte_eth_link_get_nowait", func(id C.uint16_t) C.int { return C.pw_port_link(id, &l) })
	return Link{Up: l.up != 0, SpeedMbps: uint32(l.mbps), FullDuplex: l.full != 0, Autoneg: l.autoneg != 0}, err
}

// SetLinkUp brings the link up (rte_eth_dev_set_link_up).
func (p PortID) SetLinkUp() error {
	return p.call("rte_eth_dev_set_link_up", func(id C.uint16_t) C.int { return C.pw_port_set_link(id, 1) })
}

// SetLinkDown takes the link down (rte_eth_dev_set_link_down).
func (p PortID) SetLinkDown() error {
	return p.call("rte_eth_dev_set_link_down", func(id C.uint16_t) C.int { return C.pw_port_set_link(id, 0) })
}

// MAC returns the port's primary address (rte_eth_macaddr_get).
func (p PortID) MAC() (net.HardwareAddr, error) {
	var addr C.struct_rte_ether_addr
	err := p.call("rte_eth_macaddr_get", func(id C.uint16_t) C.int { return C.rte_eth_macaddr_get(id, &addr) })
	if err != nil {
		return nil, err
	}
	return C.GoBytes(unsafe.Pointer(&addr), C.RTE_ETHER_ADDR_LEN), nil
}

// SetMAC changes the primary address (rte_eth_dev_default_mac_addr_set).
func (p PortID) SetMAC(mac net.HardwareAddr) error {
	const fn = "rte_eth_dev_default_mac_addr_set"
	if len(mac) != C.RTE_ETHER_ADDR_LEN {
		return refused(fn, p.String(), syscall.EINVAL, fmt.Sprintf("%q is not a 48-bit address", mac))
	}
	addr := *(*C.struct_rte_ether_addr)(unsafe.Pointer(&mac[0]))
	return p.call(fn, func(id C.uint16_t) C.int { return C.pw_port_set_mac(id, &addr) })
}

// MTU returns the largest layer-3 packet in bytes (rte_eth_dev_get_mtu).
func (p PortID) MTU() (uint16, error) {
	var mtu C.uint16_t
	err := p.call("rte_eth_dev_get_mtu", func(id C.uint16_t) C.int { return C.rte_eth_dev_get_mtu(id, &mtu) })
	return uint16(mtu), err
}

// SetMTU changes it (rte_eth_dev_set_mtu); some drivers want the port stopped.
func (p PortID) SetMTU(mtu uint16) error {
	return p.call("rte_eth_dev_set_mtu", func(id C.uint16_t) C.int { return C.pw_port_set_mtu(id, C.uint16_t(mtu)) })
}

// SetPromiscuous makes the port take frames for any destination, or not
// (rte_eth_promiscuous_enable, rte_eth_promiscuous_disable).
func (p PortID) SetPromiscuous(on bool) error {
	if on {
		return p.call("rte_eth_promiscuous_enable", func(id C.uint16_t) C.int { return C.pw_port_promiscuous(id, 1) })
	}
	return p.call("rte_eth_promiscuous_disable", func(id C.uint16_t) C.int { return C.pw_port_promiscuous(id, 0) })
}

// SetAllMulticast makes the port take all multicast frames, or not
// (rte_eth_allmulticast_enable, rte_eth_allmulticast_disable).
func (p PortID) SetAllMulticast(on bool) error {
	if on {
		return p.call("rte_eth_allmulticast_enable", func(id C.uint16_t) C.int { return C.pw_port_allmulticast(id, 1) })
	}
	return p.call("rte_eth_allmulticast_disable", func(id C.uint16_t) C.int { return C.pw_port_allmulticast(id, 0) })
}

// RxBurst returns up to len(mbufs) received packets in mbufs[:n]
// (rte_eth_rx_burst); the caller owns them. The port is started; one thread at
// a time per queue. One crossing.
func (p PortID) RxBurst(queue uint16, mbufs []*Mbuf) (n int) {
	if len(mbufs) == 0 {
		return 0
	}
	return int(C.pw_rx_burst(C.uint16_t(p), C.uint16_t(queue), mbufArray(mbufs), C.uint16_t(min(len(mbufs), 1<<16-1))))
}

// TxBurst sends as many packets, from the front, as the queue has room for, and
// returns how many (rte_eth_tx_burst). It takes those; the rest stays with the
// caller. The port is started; one thread at a time per queue. One crossing.
func (p PortID) TxBurst(queue uint16, mbufs []*Mbuf) (n int) {
	if len(mbufs) == 0 {
		return 0
	}
	return int(C.pw_tx_burst(C.uint16_t(p), C.uint16_t(queue), mbufArray(mbufs), C.uint16_t(min(len(mbufs), 1<<16-1))))
}
