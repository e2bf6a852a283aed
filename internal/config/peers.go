// SPDX-License-Identifier: Apache-2.0

package config

import (
	"slices"
	"strconv"
	"strings"
)

// PeerSocket is where a port that shares memory with its peer, a container or a virtual
// machine, meets it.
type PeerSocket struct {
	Driver   string // "net_memif" or "net_vhost"
	Path     string // of the Unix socket
	Listens  bool   // Parkway makes the socket and the peer connects; else the other way round
	Abstract bool   // it has a name in the network namespace, and no file
	Queues   int    // net_vhost's queue pairs; 0 where the driver decides
	ID       string // of several interfaces on one memif socket
	ZeroCopy bool   // net_memif
}

// PeerSocket reads a port's device arguments, with the defaults of DPDK 22.11. ok is false
// for ports of other kinds.
func (p Port) PeerSocket() (s PeerSocket, ok bool) {
	name, args, _ := strings.Cut(p.Vdev, ",")
	s.Driver = strings.TrimRight(name, "0123456789")
	value := func(key, otherwise string) string {
		for arg := range strings.SplitSeq(args, ",") {
			if k, v, _ := strings.Cut(arg, "="); k == key {
				return v
			}
		}
		return otherwise
	}
	switch s.Driver {
	case "net_memif":
		role := value("role", "client")
		s.Path, s.ID = value("socket", "/run/memif.sock"), value("id", "0")
		s.Listens = strings.Contains(role, "server") || strings.Contains(role, "master")
		s.Abstract = value("socket-abstract", "yes") == "yes"
		s.ZeroCopy = value("zero-copy", "no") == "yes"
	case "net_vhost":
		s.Path, s.Listens = value("iface", ""), value("client", "0") == "0"
		s.Queues = 1
		if n, err := strconv.Atoi(value("queues", "1")); err == nil {
			s.Queues = n
		}
	default:
		return PeerSocket{}, false
	}
	return s, true
}

// peerChecks says what the drivers of shared-memory ports would say later, in worse words,
// or not at all.
func (d *decoder) peerChecks(c *Config, nodes []portNode) {
	workers := len(c.CPU.Workers)
	for i, p := range c.Ports {
		s, ok := p.PeerSocket()
		n := nodes[i].device
		if !ok || n == nil {
			continue
		}
		if s.Path == "" {
			d.errorf(n, "write "+p.Vdev+",iface=/run/parkway/"+clip(p.Name)+".sock", "port %q: net_vhost has no iface, which names its socket", p.Name)
			continue
		}
		queues := max(workers, p.RxQueues)
		switch s.Driver {
		case "net_memif":
			d.memifChecks(c, p, s, nodes[i], queues)
		case "net_vhost":
			if s.Queues < queues {
				d.errorf(n, "write queues="+strconv.Itoa(queues)+", and give the peer as many", "port %q: net_vhost has %s, %s and rx_queues: %d need %d",
					p.Name, count(s.Queues, "queue pair"), count(workers, "worker"), p.RxQueues, queues)
			} else if queues > 1 {
				d.warnf(n, "start the peer with as many", "port %q: a peer with fewer than %d queue pairs does not get what the other workers send", p.Name, queues)
			}
		}
	}
}

func (d *decoder) memifChecks(c *Config, p Port, s PeerSocket, pn portNode, queues int) {
	n := pn.device
	if !s.Listens {
		d.warnf(n, "write role=server, and role=client at the peer", "port %q: a memif client connects once, when Parkway starts, which fails without a server; and never again", p.Name)
	}
	if s.Abstract {
		d.warnf(n, "write socket-abstract=no, and the same at the peer", "port %q: memif socket %s is abstract: it has no permissions, and other network namespaces do not see it", p.Name, quote(s.Path))
	}
	if s.ZeroCopy && (c.DPDK.Memory.Mode == MemoryNoHuge || !slices.Contains(c.DPDK.EALExtra, "--single-file-segments")) {
		d.errorf(n, `drop it, or use hugepages and dpdk.eal_extra: ["--single-file-segments"]`, "port %q: zero-copy=yes shares DPDK's memory, which takes hugepages in one file", p.Name)
	}
	if queues > 1 {
		d.warnf(n, "start every peer with that many rx and tx queues, or use one worker", "port %q: a memif peer with fewer than %d queues has its packets mixed up (DPDK 22.11)", p.Name, queues)
	}
}
