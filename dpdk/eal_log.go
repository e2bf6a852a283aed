// SPDX-License-Identifier: Apache-2.0

package dpdk

/*
#include "shim_log.h"
*/
import "C"

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

const (
	logErrorLines = 32                     // how many error lines are remembered for hints
	logHintLines  = 3                      // how many of them one hint quotes
	logWait       = 200 * time.Millisecond // how long a failing call waits for the reader
)

// ealLog turns what DPDK logs into slog records. DPDK's threads write records
// to a pipe and never wait (a full pipe loses records, and the loss is
// logged); one goroutine reads them.
type ealLog struct {
	c      *C.struct_pw_log
	r, w   *os.File
	logger *slog.Logger
	done   chan struct{} // closed when the reader has ended

	mu       sync.Mutex
	moved    *sync.Cond // consumed has grown
	consumed uint64     // bytes read and handled, to compare with pw_log_written
	errors   []errorLine
}

type errorLine struct {
	at   uint64 // bytes consumed when the line had been read
	text string
}

// openLog puts DPDK's log on a pipe. It works before rte_eal_init, so even the
// first message does not reach stderr.
func openLog(logger *slog.Logger) (*ealLog, error) {
	var fds [2]int
	if err := unix.Pipe2(fds[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, fmt.Errorf("pipe2(EAL log): %w", err)
	}
	l := &ealLog{
		r:      os.NewFile(uintptr(fds[0]), "EAL log (read)"),
		w:      os.NewFile(uintptr(fds[1]), "EAL log (write)"),
		logger: logger,
		done:   make(chan struct{}),
	}
	l.moved = sync.NewCond(&l.mu)
	c, err := C.pw_log_open(C.int(fds[1]))
	if c == nil {
		_ = l.r.Close()
		_ = l.w.Close()
		return nil, refused("rte_openlog_stream", "pipe", errnoFrom(err), "")
	}
	l.c = c
	go l.read()
	return l, nil
}

// close waits for what has been logged and ends the reader. The C stream stays,
// mute, because EAL threads outlive rte_eal_cleanup; so does the pipe's
// writing end, whose descriptor such a thread may be about to use.
func (l *ealLog) close() {
	C.pw_log_mute(l.c)
	l.wait(uint64(C.pw_log_written(l.c)))
	_ = l.r.Close()
	<-l.done
}

func (l *ealLog) read() {
	defer close(l.done)
	in := bufio.NewReader(l.r)
	var partial string // a line begun by an earlier record
	var lost uint64
	var header [C.PW_LOG_HEADER]byte
	for {
		if _, err := io.ReadFull(in, header[:]); err != nil {
			return // closed
		}
		text := make([]byte, binary.NativeEndian.Uint32(header[:4]))
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		level := int(binary.NativeEndian.Uint32(header[4:]))
		at := l.consumed + uint64(len(header)+len(text)) // only this goroutine writes consumed
		lines := strings.Split(partial+string(text), "\n")
		partial = lines[len(lines)-1]
		if len(partial) > C.PW_LOG_MAX_TEXT {
			lines, partial = append(lines, ""), ""
		}
		for _, line := range lines[:len(lines)-1] {
			l.handle(classify(level, line), at)
		}
		if n := uint64(C.pw_log_lost(l.c)); n != lost {
			l.logger.Warn("DPDK logged faster than it could be read", "lost_records", n-lost)
			lost = n
		}
		l.mu.Lock()
		l.consumed = at
		l.mu.Unlock()
		l.moved.Broadcast()
	}
}

func (l *ealLog) handle(m logLine, at uint64) {
	if m.text == "" {
		return
	}
	if m.level >= slog.LevelError {
		l.mu.Lock()
		if len(l.errors) == logErrorLines {
			l.errors = append(l.errors[:0], l.errors[1:]...)
		}
		l.errors = append(l.errors, errorLine{at, m.text})
		l.mu.Unlock()
	}
	attrs := make([]slog.Attr, 0, 2)
	if m.component != "" {
		attrs = append(attrs, slog.String("component", m.component))
	}
	if m.harmless != "" {
		attrs = append(attrs, slog.String("harmless", m.harmless))
	}
	l.logger.LogAttrs(context.Background(), m.level, m.text, attrs...)
}

// wait returns when the reader has handled the first n bytes, or after logWait.
func (l *ealLog) wait(n uint64) {
	deadline := time.Now().Add(logWait)
	timer := time.AfterFunc(logWait, l.moved.Broadcast)
	defer timer.Stop()
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.consumed < n && time.Now().Before(deadline) {
		l.moved.Wait()
	}
}

// logMark is a place in the EAL's log. The zero mark knows no log.
type logMark struct {
	log *ealLog
	at  uint64
}

// markLog returns the present end of the running EAL's log.
func markLog() logMark {
	if e := theEAL.Load(); e != nil && e.log != nil {
		return e.log.mark()
	}
	return logMark{}
}

func (l *ealLog) mark() logMark { return logMark{l, uint64(C.pw_log_written(l.c))} }

// errorsSince returns the last few error lines logged after the mark, oldest
// first, joined by "; ".
func (m logMark) errorsSince() string {
	if m.log == nil {
		return ""
	}
	m.log.wait(uint64(C.pw_log_written(m.log.c)))
	m.log.mu.Lock()
	defer m.log.mu.Unlock()
	var lines []string
	for _, e := range m.log.errors {
		if e.at > m.at {
			lines = append(lines, e.text)
		}
	}
	if len(lines) > logHintLines {
		lines = lines[len(lines)-logHintLines:]
	}
	return strings.Join(lines, "; ")
}
