// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net"
	"net/http"
	"sync"
)

// Stopper ends an http.Server without waiting for connections on which nobody has asked
// anything. Shutdown gives those five seconds, and clients have them for no more than two
// of their requests having crossed.
type Stopper struct {
	mu       sync.Mutex
	unused   map[net.Conn]bool
	stopping bool
}

// Watch makes s the server's watcher. Before it serves.
func (s *Stopper) Watch(server *http.Server) {
	s.unused = map[net.Conn]bool{}
	server.ConnState = func(c net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case state != http.StateNew:
			delete(s.unused, c)
		case s.stopping:
			_ = c.Close()
		default:
			s.unused[c] = true
		}
	}
}

// Stop lets requests in flight end, as long as ctx does, and closes the rest.
func (s *Stopper) Stop(ctx context.Context, server *http.Server) {
	s.mu.Lock()
	s.stopping = true
	for c := range s.unused {
		_ = c.Close()
	}
	s.mu.Unlock()
	if server.Shutdown(ctx) != nil {
		_ = server.Close()
	}
}
