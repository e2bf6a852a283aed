// SPDX-License-Identifier: Apache-2.0

package kernel

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/forwarder"
	"github.com/parkway-gw/parkway/internal/lab"

	"golang.org/x/sys/unix"
)

const patience = 40 * time.Second // for a condition that comes at once

// seen is a frame that left by a wire.
type seen struct {
	wire  int
	frame []byte
}

// linux is a scenario as namespaces: one per router, and one with the outer ends of
// the wires, where the test sends and listens.
type linux struct {
	s       *scenario
	sockets []int // by wire
	got     []seen
	round   byte // of markers
}

func newLinux(ctx context.Context, t testing.TB, s *scenario, bindings []forwarder.StaticMACBinding) *linux {
	t.Helper()
	l, n := lab.ForTest(t), &linux{s: s}
	edge := l.NS(t, "edge")
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatalf("%v: %v", s, err)
		}
	}
	var routers []*lab.NS
	for i := range s.routers {
		ns := l.NS(t, fmt.Sprintf("r%d", i))
		routers = append(routers, ns)
		must(ns.Do(func() (err error) {
			for _, c := range sysctls {
				err = errors.Join(err, os.WriteFile("/proc/sys/"+c.key, []byte(c.value), 0))
			}
			return err
		}))
	}
	outside := ""
	for i, w := range s.wires {
		must(lab.Veth(ctx, edge, w.port.Name, routers[w.router], w.port.Name))
		must(edge.Sysctl("net/ipv6/conf/"+w.port.Name+"/disable_ipv6", "1"))
		outside += fmt.Sprintf("link set dev w%d arp off up\n", i)
	}
	for _, k := range s.links {
		must(lab.Veth(ctx, routers[k.a.router], k.a.port.Name, routers[k.b.router], k.b.port.Name))
	}
	_, err := edge.RunInput(ctx, outside, "ip", "-batch", "-")
	must(err)
	for i, ns := range routers {
		_, err := ns.RunInput(ctx, s.commands(i, bindings), "ip", "-batch", "-")
		must(err)
		if _, four, six := s.rules(i); s.ruled(i) {
			_, err = ns.RunInput(ctx, four, "ip", "-4", "-batch", "-")
			must(err)
			_, err = ns.RunInput(ctx, six, "ip", "-6", "-batch", "-")
			must(err)
		}
	}
	for i, ns := range routers { // the carrier, and the addresses made of the MACs, take their time
		must(lab.Wait(ctx, "link-local addresses", func() error {
			return ns.Do(func() error { return ready(&s.routers[i]) })
		}))
	}
	must(edge.Do(func() error { return n.listen(t) }))
	return n
}

// ready: every port of the router is up and has its link-local address.
func ready(r *forwarder.Router) error {
	for i := range r.Ports {
		dev, err := net.InterfaceByName(r.Ports[i].Name)
		if err != nil {
			return err
		}
		if dev.Flags&net.FlagRunning == 0 {
			return fmt.Errorf("%s has no carrier", dev.Name)
		}
		addrs, err := dev.Addrs()
		if err != nil {
			return err
		}
		want, found := linkLocal(r.Ports[i].MAC).String(), dev.MTU < 1280
		for _, a := range addrs {
			ip, ok := a.(*net.IPNet)
			found = found || ok && ip.IP.String() == want
		}
		if !found {
			return fmt.Errorf("%s lacks %s", dev.Name, want)
		}
	}
	return nil
}

// listen opens a socket on the outer end of every wire, which see what comes and not
// what the test sends.
func (n *linux) listen(t testing.TB) error {
	const all = unix.ETH_P_ALL<<8&0xff00 | unix.ETH_P_ALL>>8
	for i := range n.s.wires {
		dev, err := net.InterfaceByName(fmt.Sprintf("w%d", i))
		if err != nil {
			return err
		}
		fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			return err
		}
		t.Cleanup(func() { unix.Close(fd) })
		if err := errors.Join(
			unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20),
			unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: dev.Index}),
		); err != nil {
			return err
		}
		n.sockets = append(n.sockets, fd)
	}
	return nil
}

// run sends all packets and returns all that left, but the markers.
func (n *linux) run() ([]seen, error) {
	runtime.LockOSThread() // the kernel forwards on the sender's CPU, in order
	defer runtime.UnlockOSThread()
	var before, one unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return nil, err
	}
	for cpu := 0; one.Count() == 0; cpu++ {
		if before.IsSet(cpu) {
			one.Set(cpu)
		}
	}
	if err := unix.SchedSetaffinity(0, &one); err != nil {
		return nil, err
	}
	defer func() { _ = unix.SchedSetaffinity(0, &before) }()
	const together = 64
	for i, p := range n.s.packets {
		if err := n.send(p.wire, p.frame); err != nil {
			return nil, fmt.Errorf("packet %d: %w", p.id, err)
		}
		if i%together == together-1 {
			if err := n.mark(); err != nil {
				return nil, err
			}
		}
	}
	// Each round passes as many queues as the longest way through the routers and back.
	for range 2 {
		if err := n.mark(); err != nil {
			return nil, err
		}
	}
	return n.got, nil
}

func (n *linux) send(wire int, frame []byte) error {
	for { // transmission has no queue that could be full: what ENOBUFS would mean is a bug
		if _, err := unix.Write(n.sockets[wire], frame); err != unix.EINTR {
			return err
		}
	}
}

// mark sends a packet from every wire to the next one and waits for all of them.
func (n *linux) mark() error {
	n.round++
	hosts := n.s.markerHosts()
	missing, frames := map[int]bool{}, make([][]byte, len(n.s.wires))
	for i, w := range n.s.wires {
		to := (i + 1) % len(n.s.wires)
		d := &draft{src: hosts[i], dst: hosts[to]}
		ip := make([]byte, 20, 28)
		ip[0], ip[3], ip[8], ip[9] = 0x45, 28, 64, experiment
		copy(ip[12:], d.src.AsSlice())
		copy(ip[16:], d.dst.AsSlice())
		binary.BigEndian.PutUint16(ip[10:], ^fold(add(0, ip)))
		frame := append([]byte{}, w.port.MAC[:]...)
		src := neighborMAC(w.port.Name, d.src)
		frame = append(append(frame, src[:]...), 8, 0)
		frame = append(append(frame, ip...), 'M', 'A', 'R', 'K', byte(to), n.round, 0, 0)
		missing[to], frames[i] = true, frame
		if err := n.send(i, frame); err != nil {
			return err
		}
	}
	again := time.Now().Add(2 * time.Second)
	for end := time.Now().Add(patience); len(missing) > 0; {
		if err := n.receive(missing); err != nil {
			return err
		}
		if now := time.Now(); now.After(again) { // a queue of the kernel's was full
			again = now.Add(2 * time.Second)
			for i, frame := range frames {
				if err := n.send(i, frame); err != nil {
					return err
				}
			}
		}
		if time.Now().After(end) {
			return fmt.Errorf("the kernel lost the markers to wires %v", missing)
		}
	}
	return nil
}

// receive takes what the sockets have, and the markers of this round off the list.
func (n *linux) receive(missing map[int]bool) error {
	var buf [1 << 16]byte
	for wire, fd := range n.sockets {
		for {
			size, _, err := unix.Recvfrom(fd, buf[:], 0)
			if errors.Is(err, unix.EAGAIN) {
				break
			}
			if err != nil {
				return err
			}
			f := append([]byte(nil), buf[:size]...)
			if len(f) == 42 && string(f[34:38]) == "MARK" {
				if int(f[38]) == wire && f[39] == n.round {
					delete(missing, wire)
				}
				continue
			}
			n.got = append(n.got, seen{wire, f})
		}
	}
	return nil
}
