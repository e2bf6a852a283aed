// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/topology"
)

// Probe is one ARP request or neighbor solicitation that a Neighbor received.
type Probe struct {
	IP    netip.Addr // asked for
	Count int        // 1 for the first probe for this address since the start
	Packet
}

// Answer is one ARP reply or neighbor advertisement to a probe.
type Answer struct {
	After time.Duration // from the probe's arrival
	MAC   topology.MAC  // told in the answer; zero: the neighbor's own
}

// Script says how a neighbor answers a probe. Several scripts run on different
// goroutines at the same time only if they belong to different neighbors.
type Script func(Probe) []Answer

// At once, after a delay, twice, never: the usual scripts.
var (
	AtOnce Script = func(Probe) []Answer { return []Answer{{}} }
	Twice  Script = func(Probe) []Answer { return []Answer{{}, {}} }
	Never  Script = func(Probe) []Answer { return nil }
)

// After answers every probe, late.
func After(d time.Duration) Script {
	return func(Probe) []Answer { return []Answer{{After: d}} }
}

// OnlyProbe answers the nth probe for an address and no other.
func OnlyProbe(n int) Script {
	return func(p Probe) []Answer {
		if p.Count != n {
			return nil
		}
		return []Answer{{}}
	}
}

// WithMAC answers every probe with a MAC of its own.
func WithMAC(mac topology.MAC) Script {
	return func(Probe) []Answer { return []Answer{{MAC: mac}} }
}

// NeighborConfig describes a scripted neighbor.
type NeighborConfig struct {
	MAC  topology.MAC
	IPs  map[netip.Addr]Script // the addresses it has; a nil Script is AtOnce
	VLAN uint16                // it lives in this VLAN; 0: untagged
	Echo bool                  // answer pings to the IPs
}

// Recorded is a frame that a neighbor saw, its own excepted.
type Recorded struct {
	Time     time.Time // the kernel's, on arrival
	Outgoing bool      // sent by this namespace's kernel, not received
	Frame    []byte
	Packet
}

// Neighbor is a host that exists only on a raw socket: its MAC and addresses are
// unknown to the kernel of its namespace, so that nothing answers but the script.
// It records every frame on its interface.
type Neighbor struct {
	cfg  NeighborConfig
	file *os.File
	raw  syscall.RawConn
	addr unix.SockaddrLinklayer
	done chan struct{}

	mu     sync.Mutex // guards the rest
	counts map[netip.Addr]int
	cfgIPs map[netip.Addr]Script
	frames []Recorded
	closed bool
	failed error
}

func htons(v uint16) uint16 { return v<<8 | v>>8 }

// StartNeighbor starts one that stops when the lab closes.
func (l *Lab) StartNeighbor(ctx context.Context, n *NS, ifname string, cfg NeighborConfig) (*Neighbor, error) {
	nb, err := StartNeighbor(ctx, n, ifname, cfg)
	if err == nil {
		l.Defer(func(context.Context) error { return nb.Close() })
	}
	return nb, err
}

// StartNeighbor mutes the interface (NS.Mute) and puts a scripted neighbor behind it,
// which the caller closes.
func StartNeighbor(ctx context.Context, n *NS, ifname string, cfg NeighborConfig) (*Neighbor, error) {
	if err := n.Mute(ctx, ifname); err != nil {
		return nil, err
	}
	nb := &Neighbor{cfg: cfg, done: make(chan struct{}), counts: map[netip.Addr]int{}, cfgIPs: map[netip.Addr]Script{}}
	for ip, s := range cfg.IPs {
		nb.SetScript(ip, s)
	}
	if err := n.Do(func() error { return nb.open(ifname) }); err != nil {
		return nil, fmt.Errorf("neighbor on %s: %w", ifname, err)
	}
	go nb.read()
	return nb, nil
}

func (nb *Neighbor) open(ifname string) error {
	ifi, err := net.InterfaceByName(ifname)
	if err != nil {
		return err
	}
	// Protocol 0 receives nothing until bind says from where.
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("raw socket: %w", err)
	}
	nb.addr = unix.SockaddrLinklayer{Protocol: htons(unix.ETH_P_ALL), Ifindex: ifi.Index}
	for _, err := range []error{
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 16<<20),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_AUXDATA, 1),
		unix.Bind(fd, &nb.addr),
	} {
		if err != nil {
			unix.Close(fd)
			return fmt.Errorf("raw socket: %w", err)
		}
	}
	nb.file = os.NewFile(uintptr(fd), "neighbor on "+ifname)
	if nb.raw, err = nb.file.SyscallConn(); err != nil {
		nb.file.Close()
	}
	return err
}

// SetScript changes how an address is answered from now on, or adds the address.
func (nb *Neighbor) SetScript(ip netip.Addr, s Script) {
	if s == nil {
		s = AtOnce
	}
	nb.mu.Lock()
	nb.cfgIPs[ip] = s
	nb.mu.Unlock()
}

// Close stops the neighbor. It returns what went wrong while it ran.
func (nb *Neighbor) Close() error {
	nb.mu.Lock()
	already := nb.closed
	nb.closed = true
	nb.mu.Unlock()
	if already {
		return nil
	}
	nb.file.Close()
	<-nb.done
	return nb.failed
}

func (nb *Neighbor) fail(err error) {
	nb.mu.Lock()
	defer nb.mu.Unlock()
	// The interface may go away before us, with the daemon whose tap it is.
	if !nb.closed && nb.failed == nil && !errors.Is(err, unix.ENETDOWN) && !errors.Is(err, unix.ENXIO) {
		nb.failed = err
	}
}

func (nb *Neighbor) read() {
	defer close(nb.done)
	buf, oob := make([]byte, 1<<16), make([]byte, 512)
	for {
		var n, noob int
		var from unix.Sockaddr
		var err error
		closed := nb.raw.Read(func(fd uintptr) bool {
			n, noob, _, from, err = unix.Recvmsg(int(fd), buf, oob, 0)
			return err != unix.EAGAIN && err != unix.EINTR
		})
		if closed != nil {
			return
		}
		if err != nil {
			nb.fail(fmt.Errorf("receive: %w", err))
			if errors.Is(err, unix.ENETDOWN) {
				continue // reported once per change; the interface may come back
			}
			return
		}
		r := Recorded{Time: time.Now()}
		ll, _ := from.(*unix.SockaddrLinklayer)
		r.Outgoing = ll != nil && ll.Pkttype == unix.PACKET_OUTGOING
		r.Frame = r.readControl(slices.Clone(buf[:n]), oob[:noob])
		r.Packet = ParsePacket(r.Frame)
		nb.mu.Lock()
		nb.frames = append(nb.frames, r)
		nb.mu.Unlock()
		if !r.Outgoing {
			nb.handle(r)
		}
	}
}

// readControl takes the kernel's timestamp and puts the VLAN tag back, which the
// kernel has moved out of the frame.
func (r *Recorded) readControl(frame, oob []byte) []byte {
	msgs, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return frame
	}
	for _, m := range msgs {
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= 16:
			r.Time = time.Unix(int64(binary.NativeEndian.Uint64(m.Data)), int64(binary.NativeEndian.Uint64(m.Data[8:])))
		case m.Header.Level == unix.SOL_PACKET && m.Header.Type == unix.PACKET_AUXDATA && len(m.Data) >= 20:
			status, tci := binary.NativeEndian.Uint32(m.Data), binary.NativeEndian.Uint16(m.Data[16:])
			if status&unix.TP_STATUS_VLAN_VALID != 0 && len(frame) >= 14 {
				tag := []byte{0x81, 0, byte(tci >> 8), byte(tci)}
				frame = slices.Insert(frame, 12, tag...)
			}
		}
	}
	return frame
}

func (nb *Neighbor) handle(r Recorded) {
	if r.VLAN != nb.cfg.VLAN || r.Src == nb.cfg.MAC {
		return
	}
	if ip, ok := r.Asks(); ok {
		nb.mu.Lock()
		script := nb.cfgIPs[ip]
		nb.counts[ip]++
		count := nb.counts[ip]
		nb.mu.Unlock()
		if script == nil {
			return
		}
		for _, a := range script(Probe{IP: ip, Count: count, Packet: r.Packet}) {
			frame := nb.answer(ip, a, r.Packet)
			if wait := a.After - time.Since(r.Time); wait > 0 {
				time.AfterFunc(wait, func() { _ = nb.Send(frame) })
			} else {
				_ = nb.Send(frame)
			}
		}
		return
	}
	if nb.cfg.Echo && r.Dst == nb.cfg.MAC && r.IsEchoRequest() {
		nb.mu.Lock()
		_, mine := nb.cfgIPs[r.DstIP]
		nb.mu.Unlock()
		if mine {
			_ = nb.Send(nb.echoReply(r.Packet))
		}
	}
}

func (nb *Neighbor) answer(ip netip.Addr, a Answer, probe Packet) []byte {
	mac := a.MAC
	if mac.IsZero() {
		mac = nb.cfg.MAC
	}
	if probe.EtherType == EtherARP {
		return NewARP(probe.SHA, nb.cfg.VLAN, ARPReply, mac, ip, probe.SHA, probe.SPA)
	}
	return NewNA(probe.Src, nb.cfg.VLAN, mac, ip, probe.SrcIP, NASolicited|NAOverride)
}

func (nb *Neighbor) echoReply(p Packet) []byte {
	payload := slices.Clone(p.L4)
	if p.EtherType == EtherIPv4 {
		payload[0] = ICMPEchoReply
		return NewFrame(p.Src, nb.cfg.MAC, nb.cfg.VLAN, EtherIPv4, NewIPv4(p.DstIP, p.SrcIP, 64, ProtoICMP, payload))
	}
	payload[0] = ICMPv6EchoReply
	return NewFrame(p.Src, nb.cfg.MAC, nb.cfg.VLAN, EtherIPv6, NewIPv6(p.DstIP, p.SrcIP, 64, ProtoICMPv6, payload))
}

// Send puts a frame on the wire as it is.
func (nb *Neighbor) Send(frame []byte) error {
	var err error
	if closed := nb.raw.Write(func(fd uintptr) bool {
		err = unix.Sendto(int(fd), frame, 0, &nb.addr)
		return err != unix.EAGAIN && err != unix.EINTR
	}); closed != nil {
		return closed
	}
	if err != nil {
		err = fmt.Errorf("send: %w", err)
		nb.fail(err)
	}
	return err
}

// Announce tells everyone a MAC without being asked: a gratuitous ARP request
// (RFC 5227 §3) or an unsolicited neighbor advertisement (RFC 4861 §7.2.6).
func (nb *Neighbor) Announce(ip netip.Addr, mac topology.MAC) error {
	if ip.Is4() {
		all := topology.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		return nb.Send(NewARP(all, nb.cfg.VLAN, ARPRequest, mac, ip, topology.MAC{}, ip))
	}
	return nb.Send(NewNA(topology.MAC{0x33, 0x33, 0, 0, 0, 1}, nb.cfg.VLAN, mac, ip, netip.MustParseAddr("ff02::1"), NAOverride))
}

// Seen returns the frames so far that match accepts, all if it is nil, in the
// order of arrival.
func (nb *Neighbor) Seen(match func(Recorded) bool) []Recorded {
	nb.mu.Lock()
	defer nb.mu.Unlock()
	var out []Recorded
	for _, r := range nb.frames {
		if match == nil || match(r) {
			out = append(out, r)
		}
	}
	return out
}

// Probes returns the requests and solicitations for an address that came in.
func (nb *Neighbor) Probes(ip netip.Addr) []Recorded {
	return nb.Seen(func(r Recorded) bool {
		asked, ok := r.Asks()
		return ok && asked == ip && !r.Outgoing
	})
}

// WaitSeen waits until match has accepted count frames and returns them.
func (nb *Neighbor) WaitSeen(ctx context.Context, what string, count int, match func(Recorded) bool) ([]Recorded, error) {
	var out []Recorded
	err := Wait(ctx, what, func() error {
		if out = nb.Seen(match); len(out) < count {
			return fmt.Errorf("%d of %d", len(out), count)
		}
		return nil
	})
	return out, err
}

// Forget empties the record and starts the count of probes again at 1 for probes
// that come after the return.
func (nb *Neighbor) Forget() {
	nb.mu.Lock()
	nb.frames = nil
	clear(nb.counts)
	nb.mu.Unlock()
}
