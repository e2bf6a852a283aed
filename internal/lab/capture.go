// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Frame is a captured frame.
type Frame struct {
	Time time.Time // the kernel's, nanoseconds
	Data []byte    // whole, with its Ethernet header and VLAN tag
}

// Capture is a running tcpdump that writes a pcap file.
type Capture struct {
	Path string
	proc *Proc
}

// Capture starts tcpdump on an interface and returns once it listens: a frame
// that comes after the return is in the file. The file is the caller's to remove.
// A pcap filter may follow.
func (n *NS) Capture(ctx context.Context, ifname, path string, filter ...string) (*Capture, error) {
	args := []string{"-i", ifname, "-n", "-s", "0", "-U", "--immediate-mode", "-B", "8192",
		"--time-stamp-precision=nano", "-Z", "root", "-w", path}
	p, err := n.Start("tcpdump", append(args, filter...)...)
	if err != nil {
		return nil, err
	}
	err = Wait(ctx, "tcpdump to listen on "+ifname, func() error {
		if strings.Contains(p.Log(), "listening on") {
			return nil
		}
		return errors.New("it said: " + strings.TrimSpace(p.Log()))
	})
	if err != nil {
		_ = p.stopQuietly(context.WithoutCancel(ctx))
		return nil, err
	}
	return &Capture{Path: path, proc: p}, nil
}

var droppedByKernel = regexp.MustCompile(`(\d+) packets? dropped by kernel`)

// Stop ends the capture, after what is on its way has been written, and returns
// its frames in the order of the wire. Frames that the kernel dropped because
// tcpdump was too slow are an error. Stop once.
func (c *Capture) Stop(ctx context.Context) ([]Frame, error) {
	c.settle(ctx)
	err := c.proc.Stop(ctx, syscall.SIGINT)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, err
	}
	if m := droppedByKernel.FindStringSubmatch(c.proc.Log()); m == nil {
		return nil, fmt.Errorf("tcpdump failed: %s", strings.TrimSpace(c.proc.Log()))
	} else if n, _ := strconv.Atoi(m[1]); n > 0 {
		return nil, fmt.Errorf("tcpdump missed %d frames", n)
	}
	return ReadPcap(c.Path)
}

// settle waits until the file has not grown for 60 ms, for at most a second.
func (c *Capture) settle(ctx context.Context) {
	size := func() int64 {
		if st, err := os.Stat(c.Path); err == nil {
			return st.Size()
		}
		return 0
	}
	for last, i := int64(-1), 0; i < 16 && size() != last; i++ {
		last = size()
		select {
		case <-ctx.Done():
			return
		case <-time.After(60 * time.Millisecond):
		}
	}
}

// ReadPcap reads a pcap file of Ethernet frames, with timestamps in micro- or
// nanoseconds. A record cut short at the end, as a killed tcpdump leaves it, is
// left out.
func ReadPcap(path string) ([]Frame, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) < 24 {
		return nil, fmt.Errorf("%s: not a pcap file: %d bytes", path, len(b))
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 0xa1 {
		order = binary.BigEndian
	}
	unit := time.Microsecond
	switch order.Uint32(b) {
	case 0xa1b2c3d4:
	case 0xa1b23c4d:
		unit = time.Nanosecond
	default:
		return nil, fmt.Errorf("%s: not a pcap file: magic number %x", path, b[:4])
	}
	if link := order.Uint32(b[20:]) & 0xffff; link != 1 {
		return nil, fmt.Errorf("%s: link type %d, not Ethernet", path, link)
	}
	var frames []Frame
	for b = b[24:]; len(b) >= 16; {
		n := int(order.Uint32(b[8:]))
		if n > len(b)-16 {
			break
		}
		t := time.Unix(int64(order.Uint32(b)), 0).Add(time.Duration(order.Uint32(b[4:])) * unit)
		frames = append(frames, Frame{Time: t, Data: b[16 : 16+n]})
		b = b[16+n:]
	}
	return frames, nil
}
