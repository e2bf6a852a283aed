// SPDX-License-Identifier: Apache-2.0

package traffic

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// WritePcap writes the capture of a Spec. Every packet has the timestamp 0: net_pcap
// does not look at it.
func WritePcap(file string, s Spec) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = os.Remove(file)
			err = fmt.Errorf("capture %s: %w", file, err)
		}
	}()
	w := bufio.NewWriterSize(f, 1<<20)
	// The format of libpcap's file, version 2.4: magic, version, zone, accuracy, snap
	// length, link type Ethernet.
	var head [24]byte
	binary.LittleEndian.PutUint32(head[0:], 0xa1b2c3d4)
	binary.LittleEndian.PutUint16(head[4:], 2)
	binary.LittleEndian.PutUint16(head[6:], 4)
	binary.LittleEndian.PutUint32(head[16:], 65535)
	binary.LittleEndian.PutUint32(head[20:], 1)
	if _, err := w.Write(head[:]); err != nil {
		return err
	}
	b := make([]byte, 0, 16+MaxFrame)
	err = s.Each(func(flow, size int) (err error) {
		b = append(b[:0], make([]byte, 16)...)
		binary.LittleEndian.PutUint32(b[8:], uint32(size))
		binary.LittleEndian.PutUint32(b[12:], uint32(size))
		if b, err = AppendFrame(b, s.Flow(flow), size); err == nil {
			_, err = w.Write(b)
		}
		return err
	})
	if err != nil {
		return err
	}
	return w.Flush()
}
