// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"hash/fnv"
	"log/slog"
	"strings"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
	"github.com/parkway-gw/parkway/internal/config"
)

// startEAL starts DPDK.
func startEAL(c *config.Config, log *slog.Logger) (*dpdk.EAL, error) {
	mode, err := dpdk.ParseMemoryMode(string(c.DPDK.Memory.Mode))
	if err != nil {
		return nil, err
	}
	cfg := dpdk.EALConfig{
		Program:    "parkway",
		Memory:     mode,
		MemorySize: c.DPDK.Memory.Size,
		FilePrefix: filePrefix(c.API.Socket),
		Control:    dpdk.CPUs(c.CPU.Control),
		Extra:      c.DPDK.EALExtra,
		Logger:     log,
	}
	for _, p := range c.Ports {
		device, err := device(p)
		if err != nil {
			return nil, err
		}
		if p.Vdev == "" {
			address, _, _ := strings.Cut(device, ",")
			cfg.PCIAllow = append(cfg.PCIAllow, address)
		}
	}
	return dpdk.Start(cfg)
}

// filePrefix names DPDK's runtime folder. An instance is known by its socket, so two
// of them never share a folder, and one that starts anew finds what it left.
func filePrefix(socket string) string {
	if socket == api.DefaultSocket {
		return "parkway"
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(socket))
	return fmt.Sprintf("parkway-%08x", h.Sum32())
}

// device is what DPDK calls a port.
func device(p config.Port) (string, error) {
	switch {
	case p.Vdev != "":
		return p.Vdev, nil
	case p.PCI != "":
		return p.PCI, nil
	}
	pci, err := pciOfNetdev("/sys", p.Netdev)
	if err != nil {
		return "", fmt.Errorf("port %q: %w", p.Name, err)
	}
	return pci, nil
}

func forwarderConfig(c *config.Config, eal *dpdk.EAL, log *slog.Logger) (forwarder.Config, error) {
	cfg := forwarder.Config{
		EAL:      eal,
		Topology: c.Topology,
		Workers:  c.CPU.Workers,
		Adaptive: c.CPU.Idle.Mode == config.IdleAdaptive,
		MaxSleep: c.CPU.Idle.MaxSleep,
		Mbufs:    c.DPDK.Mbufs,
		RxDesc:   config.RxDescriptors, // what `check` has done its sums with
		TxDesc:   config.TxDescriptors,
		Park: forwarder.ParkConfig{
			NextHops:          c.Arpbuf.MaxNexthops,
			PacketsPerNextHop: c.Arpbuf.PacketsPerNexthop,
			MaxPackets:        c.Arpbuf.MaxPackets,
			DropNewest:        c.Arpbuf.Overflow == config.OverflowDropNewest,
			Refuse:            c.Arpbuf.Profile == "ovn", // which takes room from nobody
			Gated: forwarder.ParkLimits{
				NextHops:          c.Arpbuf.Gated.MaxNexthops,
				PacketsPerNextHop: c.Arpbuf.Gated.PacketsPerNexthop,
				MaxPackets:        c.Arpbuf.Gated.MaxPackets,
				DropNewest:        c.Arpbuf.Overflow == config.OverflowDropNewest,
			},
		},
		MaxNeighbors: c.Neighbors.MaxEntries,
		Logger:       log,
	}
	for _, p := range c.Ports {
		dev, err := device(p)
		if err != nil {
			return cfg, err
		}
		cfg.Ports = append(cfg.Ports, forwarder.Port{
			Name: p.Name, Device: dev, IfaceID: p.IfaceID, NetworkName: p.NetworkName, MTU: uint16(p.MTU), RxQueues: p.RxQueues,
		})
	}
	return cfg, nil
}

func arpbufConfig(c *config.Config, eal *dpdk.EAL, log *slog.Logger) arpbuf.Config {
	cfg := arpbuf.DefaultConfig()
	cfg.EAL = eal
	cfg.CPUs = dpdk.CPUs(c.CPU.Control)
	cfg.MaxAge = c.Arpbuf.MaxAge
	cfg.RearmAge = c.Arpbuf.AgeFrom == config.AgeFromLastPacket
	cfg.GatedMaxAge = c.Arpbuf.Gated.MaxAge
	cfg.Announcements = c.Neighbors.Announcements
	cfg.ManageRoutes, cfg.MaxMoves = c.Neighbors.ManageRoutes, c.Neighbors.MaxMoves
	cfg.AcceptForeignSender = c.Neighbors.ForeignSender == config.ForeignAccept
	cfg.DuplicateDetection = map[config.DuplicateDetection]arpbuf.DuplicateDetection{
		config.DetectOff: arpbuf.DetectOff, config.DetectReport: arpbuf.DetectReport, config.DetectStrict: arpbuf.DetectStrict,
	}[c.Neighbors.DuplicateDetection]
	cfg.ProbeRate = float64(c.Neighbors.ProbeRate)
	cfg.UnreachableBurst = c.Arpbuf.PacketsPerNexthop // all that one ring held may be answered
	if c.Arpbuf.OnFailure == config.FailureSilent {
		cfg.OnFailure = arpbuf.Silent
	}
	cfg.RetransTime = c.Neighbors.RetransTime
	cfg.McastSolicit = c.Neighbors.McastSolicit
	cfg.UcastSolicit = c.Neighbors.UcastSolicit
	cfg.BaseReachableTime = c.Neighbors.BaseReachableTime
	cfg.FailedHoldoff = c.Neighbors.FailedHoldoff
	cfg.MaxFailedHoldoff = max(cfg.MaxFailedHoldoff, c.Neighbors.FailedHoldoff)
	if c.Arpbuf.Profile == "ovn" {
		cfg.MaxFailedHoldoff = c.Neighbors.FailedHoldoff // OVN asks again however often nobody answered
	}
	cfg.MaxEntries = c.Neighbors.MaxEntries
	if c.CPU.Idle.Mode == config.IdleAdaptive {
		// Control's sleep delays a first packet, so a worker's longer one is not its.
		cfg.MaxSleep = min(cfg.MaxSleep, c.CPU.Idle.MaxSleep)
	}
	cfg.Logger = log
	return cfg
}
