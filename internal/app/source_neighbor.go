// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/parkway-gw/parkway/arpbuf"
	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/api"
)

// probeWait is how long a probe on command waits unless it says otherwise.
const probeWait = time.Second

func parseIP(s string) (netip.Addr, error) {
	ip, err := netip.ParseAddr(s)
	if err != nil || ip.Zone() != "" {
		return netip.Addr{}, fmt.Errorf("%w: %q is no IP address", api.ErrBadRequest, s)
	}
	return ip.Unmap(), nil
}

// parseNeighbor reads what a command is about; the rest is control's to judge.
func parseNeighbor(routerPort, ip string) (netip.Addr, error) {
	if routerPort == "" {
		return netip.Addr{}, fmt.Errorf("%w: say which router port, as in {\"router_port\": \"lr0-ext\"}", api.ErrBadRequest)
	}
	return parseIP(ip)
}

// refused marks the caller's mistakes as such.
func refused(err error) error {
	var mistake *arpbuf.NeighborError
	if errors.As(err, &mistake) {
		return fmt.Errorf("%w: %w", api.ErrBadRequest, err)
	}
	return err
}

// AddNeighbor gives a neighbor a MAC.
func (s *source) AddNeighbor(ctx context.Context, req api.AddNeighborRequest) (api.AddNeighborReply, error) {
	ip, err := parseNeighbor(req.RouterPort, req.IP)
	if err != nil {
		return api.AddNeighborReply{}, err
	}
	mac, err := forwarder.ParseMAC(req.MAC)
	if err != nil {
		return api.AddNeighborReply{}, fmt.Errorf("%w: %q is no MAC; write it like 00:00:03:00:00:09", api.ErrBadRequest, req.MAC)
	}
	if err := s.r.AddNeighbor(ctx, req.RouterPort, ip, mac); err != nil {
		return api.AddNeighborReply{}, refused(err)
	}
	s.gateway.log.Info("neighbor added", "router_port", req.RouterPort, "ip", ip, "mac", mac)
	return api.AddNeighborReply{RouterPort: req.RouterPort, IP: ip.String(), MAC: mac.String()}, nil
}

// DeleteNeighbor forgets a neighbor.
func (s *source) DeleteNeighbor(ctx context.Context, req api.DeleteNeighborRequest) (api.DeleteNeighborReply, error) {
	ip, err := parseNeighbor(req.RouterPort, req.IP)
	if err != nil {
		return api.DeleteNeighborReply{}, err
	}
	mac, packets, err := s.r.DeleteNeighbor(ctx, req.RouterPort, ip)
	if err != nil {
		return api.DeleteNeighborReply{}, refused(err)
	}
	s.gateway.log.Info("neighbor deleted", "router_port", req.RouterPort, "ip", ip, "packets", packets)
	return api.DeleteNeighborReply{RouterPort: req.RouterPort, IP: ip.String(), MAC: macText(mac), Packets: packets}, nil
}

// ProbeNeighbor asks for an address.
func (s *source) ProbeNeighbor(ctx context.Context, req api.ProbeNeighborRequest) (api.ProbeNeighborReply, error) {
	ip, err := parseNeighbor(req.RouterPort, req.IP)
	if err != nil {
		return api.ProbeNeighborReply{}, err
	}
	wait := probeWait
	switch {
	case !(req.WaitSeconds >= 0 && req.WaitSeconds <= api.MaxProbeWait):
		return api.ProbeNeighborReply{}, fmt.Errorf("%w: wait_seconds is %v; write a number from 0 to %d", api.ErrBadRequest, req.WaitSeconds, api.MaxProbeWait)
	case req.WaitSeconds > 0:
		wait = time.Duration(req.WaitSeconds * float64(time.Second))
	}
	res, err := s.r.ProbeNeighbor(ctx, req.RouterPort, ip, wait)
	if err != nil {
		return api.ProbeNeighborReply{}, refused(err)
	}
	rep := api.ProbeNeighborReply{RouterPort: req.RouterPort, IP: ip.String(), Kind: api.ProbeMulticast,
		Answered: res.Answered, MAC: macText(res.MAC), RTTSeconds: res.RTT.Seconds()}
	if res.Unicast {
		rep.Kind = api.ProbeUnicast
	}
	return rep, nil
}

// macText is empty for no MAC.
func macText(mac forwarder.MAC) string {
	if mac.IsZero() {
		return ""
	}
	return mac.String()
}
