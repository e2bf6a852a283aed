// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// Attachment is a way in which containers and virtual machines attach: the device of the
// system under test, which makes the socket, and of its peer, both without a number.
type Attachment struct {
	Name         string
	device, peer func(socket string) string
}

// Memif and VhostUser are the ways.
var (
	Memif = Attachment{"memif",
		func(s string) string { return "net_memif,role=server,id=0,socket-abstract=no,socket=" + s },
		func(s string) string { return "net_memif,role=client,id=0,socket-abstract=no,socket=" + s }}
	VhostUser = Attachment{"vhost-user",
		func(s string) string { return "net_vhost,iface=" + s },
		func(s string) string { return "net_virtio_user,path=" + s }}
)

// Peered is a target between two ports of shared memory. Its peer is one dpdk-testpmd,
// which on one lcore hands the scenario's capture to the in port and swallows what comes
// from the out port. It has the control CPU: two lcores would take turns of milliseconds
// there, in which the rings run full and empty.
type Peered struct {
	Target
	how  Attachment
	peer *Process
}

// NewPeered makes one of a target that takes its ports from Scenario.In and Out.
func NewPeered(t Target, how Attachment) *Peered { return &Peered{Target: t, how: how} }

// Start starts the target, and the peer as soon as the target has made its sockets.
func (p *Peered) Start(ctx context.Context, s Scenario) error {
	path, err := exec.LookPath(testpmdBinary)
	if err != nil {
		return &Unavailable{testpmdBinary, "apt-get install --no-install-recommends dpdk"}
	}
	in, out := filepath.Join(s.Dir, "in.sock"), filepath.Join(s.Dir, "out.sock")
	capture := s.In
	s.In, s.Out = p.how.device(in), p.how.device(out)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	started := make(chan error, 1)
	go func() { started <- p.Target.Start(ctx, s) }()
	if err = sockets(ctx, in, out); err == nil {
		p.peer, err = StartProcess([]string{"RUNTIME_DIRECTORY=" + s.Dir}, "stdbuf", p.args(path, capture, in, out, s)...)
	}
	if err == nil {
		_, err = p.peer.Await(ctx, 0, func(s string) bool { return strings.Contains(s, "testpmd>") })
	}
	if err == nil {
		err = p.peer.Write("start")
	}
	if err != nil {
		cancel(err)
	}
	if failed := <-started; failed != nil || err != nil {
		if failed == nil {
			failed = p.Target.Stop()
		}
		return errors.Join(err, failed, p.stopPeer())
	}
	return nil
}

// sockets waits for files; who makes them may fail first, which ends ctx or startTime.
func sockets(ctx context.Context, paths ...string) error {
	const patience = 30 * time.Second
	deadline := time.Now().Add(patience)
	for _, path := range paths {
		for {
			if _, err := os.Stat(path); err == nil {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("no socket %s within %v", path, patience)
			}
			select {
			case <-time.After(lookEvery):
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	}
	return nil
}

// args is the peer's command line: ports 0 and 1 are the capture and the in port, 2 and 3
// the out port and one that swallows; testpmd forwards between the ports of a pair. It does
// without hugepages, which are counted for the target alone.
func (p *Peered) args(path, capture, in, out string, s Scenario) []string {
	args := []string{"-oL", path, "--lcores", fmt.Sprintf("(0-1)@%d", s.Control), "--no-pci", "--no-huge", "--no-shconf", "--no-telemetry",
		"--file-prefix", "peer", "-m", fmt.Sprint(s.MemorySize() / mib)}
	for i, vdev := range []string{capture, p.how.peer(in), p.how.peer(out), "net_null,no-rx=1"} {
		args = append(args, "--vdev", numbered(vdev, i))
	}
	return append(args, "--", "--interactive", "--forward-mode=io", "--nb-cores=1", "--no-mlockall", "--no-lsc-interrupt",
		fmt.Sprintf("--burst=%d", testpmdBurst), fmt.Sprintf("--total-num-mbufs=%d", s.Mbufs()))
}

// Worker returns the CPU time of the target's worker, if it knows it.
func (p *Peered) Worker() (time.Duration, error) {
	w, ok := p.Target.(Worker)
	if !ok {
		return 0, errors.New(p.Name() + " does not know its worker's CPU time")
	}
	return w.Worker()
}

// Pause makes target and peer stand still.
func (p *Peered) Pause() error { return p.both(Pauser.Pause, (*Process).Pause) }

// Resume lets them run again.
func (p *Peered) Resume() error { return p.both(Pauser.Resume, (*Process).Resume) }

func (p *Peered) both(target func(Pauser) error, peer func(*Process) error) error {
	t, ok := p.Target.(Pauser)
	if !ok {
		return errors.New(p.Name() + " can't stand still")
	}
	return errors.Join(target(t), peer(p.peer))
}

// Stop ends both, the peer first: the system under test is to survive that. A vhost-user
// peer ends only when the other side, which must not stand still then, has answered.
func (p *Peered) Stop() error {
	if p.peer == nil {
		return p.Target.Stop()
	}
	return errors.Join(p.Resume(), p.stopPeer(), p.Target.Stop())
}

func (p *Peered) stopPeer() error {
	if p.peer == nil {
		return nil
	}
	_ = p.peer.Resume()
	_ = p.peer.Write("stop\nquit") // one that has ended says so below
	err := p.peer.WaitEnd()
	p.peer = nil
	return err
}
