// SPDX-License-Identifier: Apache-2.0

package api

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Limit returns a listener that hands out at most so many connections at a time. The
// ones beyond it are counted, get an answer that says so and are closed: a client is
// told and not left waiting.
func Limit(l net.Listener, most int, refused *atomic.Uint64) net.Listener {
	return &limiter{Listener: l, slots: make(chan struct{}, most), refused: refused}
}

type limiter struct {
	net.Listener
	slots   chan struct{} // one taken per open connection
	refused *atomic.Uint64
}

const (
	busyBody  = `{"error": "the daemon has as many connections as it takes"}` + "\n"
	busyWrite = 100 * time.Millisecond // a fresh socket's buffer takes the answer at once
)

func (l *limiter) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case l.slots <- struct{}{}:
			return &limited{Conn: conn, free: sync.OnceFunc(func() { <-l.slots })}, nil
		default:
		}
		l.refused.Add(1)
		_ = conn.SetWriteDeadline(time.Now().Add(busyWrite))
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s",
			len(busyBody), busyBody)
		_ = conn.Close()
	}
}

type limited struct {
	net.Conn
	free func()
}

func (c *limited) Close() error {
	defer c.free()
	return c.Conn.Close()
}
