// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/test/gateway"
)

var (
	blueMAC   = []byte{2, 0, 0, 0, 1, 2}
	blueGW    = []byte{2, 0, 0, 0, 1, 1}
	greenGW   = []byte{2, 0, 0, 0, 2, 1}
	greenMAC  = []byte{2, 0, 0, 0, 2, 2}
	broadcast = []byte{255, 255, 255, 255, 255, 255}
	blueIP    = []byte{198, 18, 0, 2}
	greenIP   = []byte{198, 19, 0, 2}
	greenLR   = []byte{198, 19, 0, 1}
)

const packetLen = 14 + 20 + 8 + 18

// packet is number n of UDP from blue to green, 60 octets.
func packet(n uint32) []byte {
	f := make([]byte, packetLen)
	copy(f, blueGW)
	copy(f[6:], blueMAC)
	f[12] = 8
	ip := f[14:]
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], packetLen-14)
	copy(ip[12:], blueIP)
	copy(ip[16:], greenIP)
	var sum uint32
	for i := 0; i < 20; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(ip[i:]))
	}
	binary.BigEndian.PutUint16(ip[10:], ^uint16(sum+sum>>16))
	binary.BigEndian.PutUint16(ip[20:], 5000)
	binary.BigEndian.PutUint16(ip[22:], 9)
	binary.BigEndian.PutUint16(ip[24:], packetLen-34)
	binary.BigEndian.PutUint32(ip[28:], n)
	return f
}

// number is that of a packet that the gateway has forwarded, as it must be: new addresses,
// TTL, checksum, and all else as it was.
func number(f []byte) (n uint32, ok bool) {
	if len(f) != packetLen {
		return 0, false
	}
	n = binary.BigEndian.Uint32(f[42:])
	want := packet(n)
	copy(want, greenMAC)
	copy(want[6:], greenGW)
	want[14+8]--
	sum := uint32(binary.BigEndian.Uint16(want[14+10:])) + 0x100
	binary.BigEndian.PutUint16(want[14+10:], uint16(sum+sum>>16))
	return n, bytes.Equal(f, want)
}

// arp is one of operation op from green to whom.
func arp(op byte, dst, target, targetIP []byte) []byte {
	f := make([]byte, 60)
	copy(f, dst)
	copy(f[6:], greenMAC)
	copy(f[12:], []byte{8, 6, 0, 1, 8, 0, 6, 4, 0, op})
	copy(f[22:], greenMAC)
	copy(f[28:], greenIP)
	copy(f[32:], target)
	copy(f[38:], targetIP)
	return f
}

func isRequestForGreen(f []byte) bool {
	return len(f) >= 42 && bytes.Equal(f[:6], broadcast) && bytes.Equal(f[12:22], []byte{8, 6, 0, 1, 8, 0, 6, 4, 0, 1}) && bytes.Equal(f[38:42], greenIP)
}

// heard waits until control knows that green's link has come up or gone down for the nth
// time: it looks four times a second, and what is quicker passes it by.
func heard(t *testing.T, d *gateway.Daemon, link string, nth int) {
	t.Helper()
	d.Eventually("control has heard of the link", func() error {
		if n := strings.Count(d.Log(), `"msg":"link `+link+`","port":"p-green"`); n < nth {
			return fmt.Errorf("%s %d times, want %d", link, n, nth)
		}
		return nil
	})
}

// Links follow the peers. The first packet waits for its next hop: control's question
// reaches the peer, whose answer lets it go; and peers that leave and come back are served
// again, by the same gateway, which loses no mbuf and accounts for every packet.
func TestPeersComeAndGo(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			d := k.start(t)
			links(t, d, "down", "down")
			pool := dpdktest.Pool(t, 4095)
			next := uint32(0)
			for round := range 4 {
				blue, green := connect(t, k.device(socket(d, "blue")), pool), connect(t, k.device(socket(d, "green")), pool)
				links(t, d, "up", "up")
				heard(t, d, "up", round+1)

				// What was learned behind a port is forgotten when its link goes down.
				blue.deliver(packet(next))
				green.want("ARP request", isRequestForGreen)
				green.deliver(arp(2, greenGW, greenGW, greenLR))
				for i := range uint32(500) {
					if i > 0 {
						blue.deliver(packet(next))
					}
					f := green.want(fmt.Sprintf("packet %d", next), func(f []byte) bool { return f[12] == 8 && f[13] == 0 })
					if n, ok := number(f); !ok || n != next {
						t.Fatalf("round %d: packet %d arrived as %x", round, next, f)
					}
					next++
				}

				// Green goes first, so that there is traffic for a peer that is away.
				green.leave()
				links(t, d, "up", "down")
				for range 100 {
					blue.deliver(packet(next))
				}
				blue.leave()
				links(t, d, "down", "down")
				heard(t, d, "down", round+2) // the first time was from the start
			}
			c := d.AtRest()
			drops := c.Drops["tx_full"] + c.Drops["shutdown"] + c.Drops["park_discarded"]
			if c.Tx < uint64(next) || c.Rx < uint64(next) || drops == 0 || c.Rx+c.Originated != c.Tx+c.Consumed+drops {
				t.Errorf("%d packets were forwarded; received %d, originated %d, sent %d, consumed %d, dropped %v", next, c.Rx, c.Originated, c.Tx, c.Consumed, c.Drops)
			}
			d.Stop(syscall.SIGTERM)
		})
	}
}

// A gateway that was killed leaves its sockets; the next one takes their place.
func TestSocketsOfAKilledGateway(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			d := k.start(t)
			d.Kill()
			d.Start()
			pool := dpdktest.Pool(t, 4095)
			blue, green := connect(t, k.device(socket(d, "blue")), pool), connect(t, k.device(socket(d, "green")), pool)
			links(t, d, "up", "up")
			blue.leave()
			green.leave()
			d.Terminate(syscall.SIGTERM)
		})
	}
}

// Two gateways do not share a socket, and the second says whose it is.
func TestSocketInUse(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			d := k.start(t)
			blue := socket(d, "blue")
			second := gateway.New(t, d.Lab(), text(t, k), "/run/parkway/parkway.sock", "@SOCKET@", "/run/parkway/blue.sock", blue,
				"/run/parkway", "@DIR@/run", "mode: auto", "mode: no-huge", `workers: "1"`, `workers: "@WORKER@"`)
			second.Refused(nil, 1, "somebody listens on "+blue+" already")
			d.Stop(syscall.SIGTERM)
		})
	}
}
