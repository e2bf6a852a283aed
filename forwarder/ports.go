// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"syscall"

	"github.com/parkway-gw/parkway/cgo"
	"github.com/parkway-gw/parkway/dpdk"
)

// port is a DPDK port of ours, from attach to close.
type port struct {
	cfg     Port
	id      dpdk.PortID
	info    dpdk.PortInfo
	queues  queues
	setup   dpdk.PortSetup
	mac     MAC
	started bool
}

// attachPorts makes the devices known and plans their queues. What it returns is to
// be closed, also when it fails. Attached ports are among it from the first moment.
func attachPorts(cfg *Config) (ports []*port, err error) {
	for _, p := range cfg.Ports {
		if p.Attached != nil {
			ports = append(ports, &port{cfg: p, id: *p.Attached})
		}
	}
	var all []*port
	for _, p := range cfg.Ports {
		one := &port{cfg: p}
		if p.Attached != nil {
			one, ports = ports[0], ports[1:]
		} else if one.id, err = attach(p.Device); err != nil {
			return append(all, ports...), fmt.Errorf("port %q: %w", p.Name, err)
		}
		all = append(all, one)
		if err := one.plan(cfg); err != nil {
			return append(all, ports...), err
		}
	}
	return all, nil
}

// attach makes a device known that was not. DPDK lets some be attached twice, and
// then both would be one port.
func attach(device string) (dpdk.PortID, error) {
	before := dpdk.Ports()
	id, err := dpdk.AttachPort(device)
	if err == nil && slices.Contains(before, id) {
		return 0, fmt.Errorf("device %q is attached already, as %s", device, id)
	}
	return id, err
}

func (p *port) plan(cfg *Config) (err error) {
	if p.id >= cgo.MaxPorts {
		return fmt.Errorf("port %q: it is %s, and port numbers end at %d", p.cfg.Name, p.id, cgo.MaxPorts-1)
	}
	if p.info, err = p.id.Info(); err != nil {
		return fmt.Errorf("port %q: %w", p.cfg.Name, err)
	}
	var note string
	p.queues, note, err = planQueues(p.cfg.Name, &p.info, p.cfg.RxQueues, len(cfg.Workers))
	if note != "" {
		cfg.Logger.Warn("port has fewer queues than configured", "port", p.cfg.Name, "device", p.info.Device, "detail", note)
	}
	return err
}

// configure sets the port up for receiving into pool.
func (p *port) configure(cfg *Config, pool *dpdk.Mempool) (err error) {
	p.setup, err = p.id.Configure(dpdk.PortConfig{
		RxQueues: p.queues.rx, TxQueues: p.queues.tx,
		RxDesc: rxDesc(cfg.RxDesc, p.info.Driver), TxDesc: cfg.TxDesc,
		MTU: p.cfg.MTU, RSS: p.queues.rx > 1, Pool: pool,
		RxInterrupts: cfg.Adaptive && wakes(p.info.Driver),
		// A port may have received a packet in several segments.
		TxOffloads: dpdk.TxMultiSegs,
	})
	if err != nil {
		return fmt.Errorf("port %q: %w", p.cfg.Name, err)
	}
	if err := p.checkMTU(cfg.Logger); err != nil {
		return err
	}
	if err := p.acceptAll(cfg.Logger); err != nil {
		return err
	}
	mac, err := p.id.MAC()
	if err != nil {
		return fmt.Errorf("port %q: %w", p.cfg.Name, err)
	}
	p.mac = MAC(mac)
	return nil
}

// checkMTU warns of ports that can't be told their MTU. They may still carry it.
func (p *port) checkMTU(log *slog.Logger) error {
	if p.cfg.MTU == 0 {
		return nil
	}
	err := p.id.SetMTU(p.cfg.MTU)
	switch {
	case errors.Is(err, syscall.ENOTSUP):
		log.Warn("port can't be given an MTU; set it on the device itself", "port", p.cfg.Name, "device", p.info.Device, "mtu", p.cfg.MTU)
		p.setup.MTU = p.cfg.MTU
	case err != nil:
		return fmt.Errorf("port %q: %w", p.cfg.Name, err)
	}
	return nil
}

// acceptAll makes the port take frames for any address: those of router ports, and
// of everybody behind the logical switch.
func (p *port) acceptAll(log *slog.Logger) error {
	for _, set := range []struct {
		what string
		call func(bool) error
	}{{"promiscuous", p.id.SetPromiscuous}, {"all-multicast", p.id.SetAllMulticast}} {
		err := set.call(true)
		if errors.Is(err, syscall.ENOTSUP) {
			log.Debug("port has no such mode", "port", p.cfg.Name, "device", p.info.Device, "mode", set.what)
		} else if err != nil {
			return fmt.Errorf("port %q: %w", p.cfg.Name, err)
		}
	}
	return nil
}

func (p *port) start() error {
	if err := p.id.Start(); err != nil {
		return fmt.Errorf("port %q: %w", p.cfg.Name, err)
	}
	p.started = true
	return nil
}

func (p *port) stop() error {
	if !p.started {
		return nil
	}
	p.started = false
	if err := p.id.Stop(); err != nil {
		return fmt.Errorf("port %q: %w", p.cfg.Name, err)
	}
	return nil
}

// close gives the device back with all that its queues hold.
func (p *port) close() error {
	p.started = false
	if err := p.id.Close(); err != nil {
		return fmt.Errorf("port %q: %w", p.cfg.Name, err)
	}
	return nil
}
