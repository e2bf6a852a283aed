// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include "shim_port.h"
*/
import "C"

import (
	"errors"
	"fmt"
	"syscall"
)

const (
	defaultDesc = 1024 // descriptors per queue where neither caller nor driver says
	// frameOverhead is what a frame has beyond the MTU: Ethernet header, two
	// VLAN tags and the frame check sequence.
	frameOverhead = 14 + 8 + 4
)

// PortConfig says how to set a port up.
type PortConfig struct {
	RxQueues, TxQueues uint16 // at least one in all
	RxDesc, TxDesc     uint16 // descriptors per queue; 0: the driver's wish, else 1024; fitted to the port's limits
	MTU                uint16 // bytes of layer 3; 0: leave it as it is
	RxInterrupts       bool   // ask the driver for RxInterrupt; for drivers that are known to have it
	RSS                bool   // spread flows over the rx queues, as far as the port can
	RxOffloads         RxOffload
	TxOffloads         TxOffload
	RequireOffloads    bool     // a missing offload is an error; else it is left out
	Pool               *Mempool // where received packets come from; borrowed until Close; may be nil without rx queues
}

// PortSetup is what Configure made of a PortConfig.
type PortSetup struct {
	RxDesc, TxDesc uint16 // descriptors per queue
	RSSTypes       RSSTypes
	RxOffloads     RxOffload
	TxOffloads     TxOffload
	MTU            uint16
}

// Configure sets the port up: queues, MTU, offloads and RSS
// (rte_eth_dev_configure, rte_eth_dev_adjust_nb_rx_tx_desc,
// rte_eth_rx_queue_setup, rte_eth_tx_queue_setup). It asks the port for its
// limits, fits descriptors to them, leaves out RSS and offloads that the port
// lacks (see RequireOffloads), and refuses with the figures what cannot be met.
// The port must be stopped.
func (p PortID) Configure(cfg PortConfig) (PortSetup, error) {
	info, err := p.Info()
	if err != nil {
		return PortSetup{}, err
	}
	setup, err := p.plan(&cfg, &info)
	if err != nil {
		return PortSetup{}, err
	}
	object := p.configured(&cfg)
	mark := markLog()
	conf := C.struct_pw_port_conf{
		rx_queues: C.uint16_t(cfg.RxQueues), tx_queues: C.uint16_t(cfg.TxQueues), mtu: C.uint16_t(cfg.MTU),
		rx_offloads: C.uint64_t(setup.RxOffloads), tx_offloads: C.uint64_t(setup.TxOffloads),
		rss_hf: C.uint64_t(setup.RSSTypes), rx_interrupts: C.bool(cfg.RxInterrupts),
	}
	if ret := C.pw_port_configure(C.uint16_t(p), &conf); ret != 0 {
		return PortSetup{}, failed("rte_eth_dev_configure", object, errnoOf(ret), mark, "")
	}
	if err := p.setMTU(cfg.MTU, &setup); err != nil {
		return PortSetup{}, err
	}
	rxDesc, txDesc := C.uint16_t(setup.RxDesc), C.uint16_t(setup.TxDesc)
	if ret := C.rte_eth_dev_adjust_nb_rx_tx_desc(C.uint16_t(p), &rxDesc, &txDesc); ret != 0 {
		return PortSetup{}, failed("rte_eth_dev_adjust_nb_rx_tx_desc", object, errnoOf(ret), mark, "")
	}
	setup.RxDesc, setup.TxDesc = uint16(rxDesc), uint16(txDesc)
	return setup, p.setupQueues(&cfg, &setup)
}

// configured names the port and the queues asked for, for errors.
func (p PortID) configured(cfg *PortConfig) string {
	return fmt.Sprintf("%s, %d rx + %d tx queues", p, cfg.RxQueues, cfg.TxQueues)
}

// plan checks the configuration against the port's limits.
func (p PortID) plan(cfg *PortConfig, info *PortInfo) (PortSetup, error) {
	var s PortSetup
	object := p.configured(cfg)
	bad := func(errno syscall.Errno, format string, args ...any) (PortSetup, error) {
		return s, refused("rte_eth_dev_configure", object, errno, fmt.Sprintf(format, args...))
	}
	if cfg.RxQueues == 0 && cfg.TxQueues == 0 {
		return bad(syscall.EINVAL, "a port needs at least one queue")
	}
	if cfg.RxQueues > info.MaxRxQueues || cfg.TxQueues > info.MaxTxQueues {
		return bad(syscall.EINVAL, "%s", info.queueLimits())
	}
	if cfg.MTU != 0 && (cfg.MTU < info.MinMTU || cfg.MTU > info.MaxMTU) {
		return bad(syscall.EINVAL, "an MTU of %d is outside the port's %d to %d", cfg.MTU, info.MinMTU, info.MaxMTU)
	}
	s.RxOffloads, s.TxOffloads = cfg.RxOffloads&info.RxOffloads, cfg.TxOffloads&info.TxOffloads
	if cfg.RequireOffloads && (s.RxOffloads != cfg.RxOffloads || s.TxOffloads != cfg.TxOffloads) {
		return bad(syscall.ENOTSUP, "%s lacks rx offloads %s, tx offloads %s", info.Driver,
			cfg.RxOffloads&^info.RxOffloads, cfg.TxOffloads&^info.TxOffloads)
	}
	if cfg.RSS && cfg.RxQueues > 1 {
		s.RSSTypes = RSSFlows & info.RSSTypes
	}
	if cfg.RxQueues > 0 {
		if cfg.Pool == nil {
			return bad(syscall.EINVAL, "rx queues need a mempool")
		}
		room := cfg.Pool.DataRoom() - Headroom
		if room < uint(info.MinRxBufSize) {
			return bad(syscall.EINVAL, "mempool %s offers %d bytes of data, %s needs %d",
				cfg.Pool.Name(), room, info.Driver, info.MinRxBufSize)
		}
		if need := uint(cfg.MTU) + frameOverhead; cfg.MTU != 0 && room < need && s.RxOffloads&RxScatter == 0 {
			return bad(syscall.EINVAL, "an MTU of %d needs %d bytes per mbuf, mempool %s offers %d (data room %d less headroom %d)",
				cfg.MTU, need, cfg.Pool.Name(), room, cfg.Pool.DataRoom(), Headroom)
		}
	}
	s.RxDesc, s.TxDesc = firstOf(cfg.RxDesc, info.RxDesc.Default), firstOf(cfg.TxDesc, info.TxDesc.Default)
	return s, nil
}

func firstOf(wanted, driver uint16) uint16 {
	switch {
	case wanted != 0:
		return wanted
	case driver != 0:
		return driver
	}
	return defaultDesc
}

// setMTU tells the driver, which rte_eth_dev_configure alone does not always
// do: net_tap's kernel interface changes here. Drivers without such a call
// have no limit of their own.
func (p PortID) setMTU(mtu uint16, s *PortSetup) (err error) {
	if mtu != 0 {
		if err := p.SetMTU(mtu); err != nil && !errors.Is(err, syscall.ENOTSUP) {
			return err
		}
	}
	s.MTU, err = p.MTU()
	return err
}

func (p PortID) setupQueues(cfg *PortConfig, s *PortSetup) error {
	mark := markLog()
	for q := range cfg.RxQueues {
		ret := C.pw_port_rx_queue(C.uint16_t(p), C.uint16_t(q), C.uint16_t(s.RxDesc), C.uint64_t(s.RxOffloads), cfg.Pool.c)
		if ret != 0 {
			return failed("rte_eth_rx_queue_setup", fmt.Sprintf("%s, rx queue %d, %d descriptors", p, q, s.RxDesc), errnoOf(ret), mark, "")
		}
	}
	for q := range cfg.TxQueues {
		ret := C.pw_port_tx_queue(C.uint16_t(p), C.uint16_t(q), C.uint16_t(s.TxDesc), C.uint64_t(s.TxOffloads))
		if ret != 0 {
			return failed("rte_eth_tx_queue_setup", fmt.Sprintf("%s, tx queue %d, %d descriptors", p, q, s.TxDesc), errnoOf(ret), mark, "")
		}
	}
	return nil
}
