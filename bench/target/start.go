// SPDX-License-Identifier: Apache-2.0

package target

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/parkway-gw/parkway/bench/traffic"
	"github.com/parkway-gw/parkway/internal/api"
)

// Startup is the gateway from exec to its end, once: how long each part of that takes.
type Startup struct {
	dir    string
	binary string
	file   string // its configuration
	out    string // the capture that the out port writes

	text, less string // of the file: with all routes, and without a tenth
}

// StartupTimes are what a Startup measured. Parts of First follow each other.
type StartupTimes struct {
	Check time.Duration // `parkway check` of the same file, exec to exit

	First time.Duration // exec to the first forwarded packet in the out port's capture
	Read  time.Duration // of it: until DPDK says its first word; the file is read and checked
	EAL   time.Duration // of it: until the EAL is up
	Peak  uint64        // octets of resident memory at most until then, DPDK's included where it is no hugepages

	Reload  time.Duration // of a file without a tenth of the routes
	Changed int           // routes by that
	Stop    time.Duration // SIGTERM to exit
	Exit    time.Duration // of it: after the last word
}

// NewStartup writes the configuration of a scenario and the packets that it is to forward
// first, both into the scenario's folder.
func NewStartup(s Scenario, binary string) (*Startup, error) {
	t := &Startup{dir: s.Dir, binary: binary, file: filepath.Join(s.Dir, "parkway.yaml"), out: filepath.Join(s.Dir, "out.pcap")}
	in := filepath.Join(s.Dir, "in.pcap")
	if err := traffic.WritePcap(in, s.Network().Traffic()); err != nil {
		return nil, err
	}
	s.In, s.Out = "net_pcap,rx_pcap="+in, "net_pcap,tx_pcap="+t.out
	// Twice the memory: while a reload changes the routes there are two tables.
	size := func(n uint64) string { return fmt.Sprintf("size: %dMiB}", n/mib) }
	t.text = strings.Replace(ParkwayConfig(s), size(s.MemorySize()), size(2*s.MemorySize()), 1)
	t.less = withoutTenth(t.text)
	return t, t.write(t.text)
}

func (t *Startup) write(text string) error { return os.WriteFile(t.file, []byte(text), 0o600) }

const routeLine = "      - {ip_prefix:"

func withoutTenth(text string) string {
	var b strings.Builder
	n := 0
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, routeLine) {
			if n++; n%10 == 0 {
				continue
			}
		}
		b.WriteString(line)
	}
	return b.String()
}

// Run measures once. Nothing of the process is left, whatever it returns.
func (t *Startup) Run(ctx context.Context) (times StartupTimes, err error) {
	if times.Check, err = t.check(ctx); err != nil {
		return times, err
	}
	if err := errors.Join(os.Remove(t.out), t.write(t.text)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return times, err
	}
	socket := filepath.Join(t.dir, "parkway.sock")
	began := time.Now()
	p, err := StartProcess(nil, t.binary, "run", "-c", t.file, "--socket", socket)
	if err != nil {
		return times, err
	}
	defer func() {
		if err != nil {
			p.Kill()
		}
	}()
	if err := p.every(ctx, time.Millisecond, func() bool { return forwarded(t.out) }); err != nil {
		return times, err
	}
	times.First = time.Since(began)
	if times.Peak, err = peakMemory(p.PID()); err != nil {
		return times, err
	}
	text, err := p.Await(ctx, 0, func(text string) bool { _, err := saidAt(text, "the gateway runs"); return err == nil })
	if err != nil {
		return times, err
	}
	first, err := saidAt(text, "Detected CPU lcores")
	up, err2 := saidAt(text, "EAL is up")
	if err = errors.Join(err, err2); err != nil {
		return times, err
	}
	times.Read, times.EAL = first.Sub(began), up.Sub(first)
	if err := t.reload(ctx, socket, &times); err != nil {
		return times, err
	}
	asked := time.Now()
	if err := p.Stop(syscall.SIGTERM); err != nil {
		return times, err
	}
	ended := time.Now()
	last, err := saidAt(p.Output(), "the gateway has stopped")
	times.Stop, times.Exit = ended.Sub(asked), ended.Sub(last)
	return times, err
}

func (t *Startup) check(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	out, err := exec.CommandContext(ctx, t.binary, "check", t.file).CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("parkway check: %w: %s", err, out[:min(len(out), 500)])
	}
	return time.Since(began), nil
}

func (t *Startup) reload(ctx context.Context, socket string, times *StartupTimes) error {
	if err := t.write(t.less); err != nil {
		return err
	}
	c := api.Dial(socket)
	defer c.Close()
	began := time.Now()
	r, err := c.Reload(ctx)
	times.Reload, times.Changed = time.Since(began), r.RoutesSet+r.RoutesDeleted
	return err
}

// every is Until with another pause between looks.
func (p *Process) every(ctx context.Context, pause time.Duration, done func() bool) error {
	for !done() {
		select {
		case <-time.After(pause):
		case <-p.done:
			return fmt.Errorf("%s has ended: %w%s", p.name, cmpErr(p.err, errors.New("without an error")), p.tail())
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w%s", p.name, context.Cause(ctx), p.tail())
		}
	}
	return nil
}

// forwarded says whether a capture begins with an IPv4 or IPv6 packet: it is no ARP.
func forwarded(file string) bool {
	const ethertype = 24 + 16 + 12 // behind the headers of file and packet, and two MACs
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	var b [ethertype + 2]byte
	if n, _ := f.ReadAt(b[:], 0); n < len(b) {
		return false
	}
	kind := binary.BigEndian.Uint16(b[ethertype:])
	return kind == 0x0800 || kind == 0x86dd
}

var logTime = regexp.MustCompile(`^time=(\S+) `)

// saidAt is when a process wrote a line of its log that holds words.
func saidAt(text, words string) (time.Time, error) {
	for line := range strings.Lines(text) {
		if m := logTime.FindStringSubmatch(line); m != nil && strings.Contains(line, words) {
			return time.Parse(time.RFC3339Nano, m[1])
		}
	}
	return time.Time{}, fmt.Errorf("parkway has not logged %q with a time", words)
}

// peakMemory is a process's largest resident set so far, in octets.
func peakMemory(pid int) (uint64, error) {
	file := fmt.Sprintf("/proc/%d/status", pid)
	status, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	_, after, found := bytes.Cut(status, []byte("VmHWM:"))
	digits, _, ok := bytes.Cut(bytes.TrimLeft(after, " \t"), []byte(" kB"))
	if !found || !ok {
		return 0, fmt.Errorf("%s has no VmHWM", file)
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	return n << 10, err
}
