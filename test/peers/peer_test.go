// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/dpdk"
	"github.com/parkway-gw/parkway/dpdk/dpdktest"
	"github.com/parkway-gw/parkway/internal/lab"
	"github.com/parkway-gw/parkway/test/gateway"
)

// kind is a way to attach.
type kind struct {
	name, config string
	device       func(socket string) string // of the peer's port
	testpmd      func(socket string) string
}

var kinds = []kind{
	{"memif", "memif.yaml",
		func(s string) string {
			return dpdktest.Name("net_memif") + ",role=client,id=0,socket-abstract=no,socket=" + s
		},
		func(s string) string { return "net_memif0,role=client,id=0,socket-abstract=no,socket=" + s }},
	{"vhost-user", "vhost-user.yaml",
		func(s string) string { return dpdktest.Name("net_virtio_user") + ",path=" + s },
		func(s string) string { return "net_virtio_user0,path=" + s }},
}

// start runs the gateway by the file in configs/, fitted to this machine. It uses no
// hugepages, so that the test needs none. The pairs are replaced first.
func (k kind) start(t *testing.T, pairs ...string) *gateway.Daemon {
	t.Helper()
	d := gateway.New(t, lab.ForTest(t), text(t, k), append(pairs, "/run/parkway/parkway.sock", "@SOCKET@", "/run/parkway", "@DIR@/run",
		"mode: auto", "mode: no-huge", `workers: "1"`, `workers: "@WORKER@"`)...)
	d.Start()
	return d
}

// text is the kind's file in configs/.
func text(t *testing.T, k kind) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../../configs", k.config))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func socket(d *gateway.Daemon, port string) string {
	return filepath.Join(filepath.Dir(d.Socket), port+".sock")
}

// links waits until the gateway sees the links of both ports so.
func links(t *testing.T, d *gateway.Daemon, blue, green string) {
	t.Helper()
	d.Eventually("links are "+blue+" and "+green, func() error {
		ports, err := d.API.Ports(t.Context())
		if err != nil {
			return err
		}
		got := map[string]string{}
		for _, p := range ports {
			got[p.Name] = p.Link
		}
		if got["p-blue"] != blue || got["p-green"] != green {
			return fmt.Errorf("%v", got)
		}
		return nil
	})
}

// peer is the other end of a port.
type peer struct {
	t    *testing.T
	id   dpdk.PortID
	pool *dpdk.Mempool
	gone bool
}

// connect attaches to a socket of the gateway's, until leave or the end of the test. Make
// the pool after the gateway, so that it outlives this.
func connect(t *testing.T, device string, pool *dpdk.Mempool) *peer {
	t.Helper()
	id, err := dpdk.AttachPort(device)
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{t: t, id: id, pool: pool}
	t.Cleanup(p.leave)
	if _, err = id.Configure(dpdk.PortConfig{RxQueues: 1, TxQueues: 1, RxDesc: 256, TxDesc: 256, Pool: pool}); err == nil {
		err = id.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// leave disconnects.
func (p *peer) leave() {
	p.t.Helper()
	if p.gone {
		return
	}
	p.gone = true
	if err := p.id.Close(); err != nil {
		p.t.Error(err)
	}
}

// send gives one frame to the gateway; false if the port takes none.
func (p *peer) send(frame []byte) bool {
	p.t.Helper()
	m := dpdktest.Packet(p.t, p.pool, frame)
	if p.id.TxBurst(0, []*dpdk.Mbuf{m}) == 1 {
		return true
	}
	m.Free()
	return false
}

// deliver is send until the port takes it.
func (p *peer) deliver(frame []byte) {
	p.t.Helper()
	err := lab.Wait(p.t.Context(), "room in the ring", func() error {
		if !p.send(frame) {
			return errors.New("none")
		}
		return nil
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// receive returns what has come from the gateway.
func (p *peer) receive() (frames [][]byte) {
	var burst [32]*dpdk.Mbuf
	n := p.id.RxBurst(0, burst[:])
	for _, m := range burst[:n] {
		frames = append(frames, bytes.Clone(m.Bytes()))
		m.Free()
	}
	return frames
}

// want receives until a frame satisfies is, and returns it. Frames of other kinds, such as
// what the router announces by itself, are passed over.
func (p *peer) want(what string, is func([]byte) bool) []byte {
	p.t.Helper()
	var seen []string
	for end := time.Now().Add(gateway.Patience); time.Now().Before(end); {
		for _, f := range p.receive() {
			if is(f) {
				return f
			}
			seen = append(seen, fmt.Sprintf("%x", f))
		}
	}
	p.t.Fatalf("no %s within %v; there came:\n%s", what, gateway.Patience, strings.Join(seen, "\n"))
	return nil
}
