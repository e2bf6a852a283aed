// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// writeTimeout bounds how long the server may leave what we send unread.
const writeTimeout = 10 * time.Second

// errClosed is what calls return after Close.
var errClosed = errors.New("the connection is closed")

// Client is a connection to a server. Its methods may be called by many goroutines. A
// goroutine of its own reads; it answers the server's echo requests, by which the server
// learns that we live, and ends with the connection.
type Client struct {
	address string
	conn    net.Conn
	closing chan struct{} // closed when the connection is given up
	done    chan struct{} // closed when the reader has ended

	writing sync.Mutex

	mu       sync.Mutex // guards what follows
	lastID   int64
	calls    map[string]chan message // by id; each holds one
	monitors map[string]*Monitor     // by the id that we gave it
	err      error                   // why the connection ended
}

// newClient takes over conn. most bounds a message, in octets.
func newClient(address string, conn net.Conn, most int64) *Client {
	c := &Client{address: address, conn: conn, closing: make(chan struct{}), done: make(chan struct{}), calls: map[string]chan message{}, monitors: map[string]*Monitor{}}
	go c.read(newStream(conn, most))
	return c
}

// Close ends the connection and everything that waits for an answer.
func (c *Client) Close() error {
	c.fail(errClosed)
	<-c.done
	return nil
}

// fail ends the connection; the first reason counts.
func (c *Client) fail(err error) {
	c.mu.Lock()
	first := c.err == nil
	if first {
		c.err = err
		close(c.closing)
	}
	c.mu.Unlock()
	if first {
		c.conn.Close()
	}
}

// ended is why the connection ended.
func (c *Client) ended() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Errorf("%s: %w", c.address, c.err)
}

func (c *Client) read(s *stream) {
	defer close(c.done)
	for {
		m, err := s.next()
		if err == nil {
			err = c.dispatch(m)
		}
		if err != nil {
			c.fail(err)
			return
		}
	}
}

func (c *Client) dispatch(m message) error {
	switch m.method {
	case "":
		return c.answered(m)
	case "echo":
		return c.write(response{Result: m.params, ID: m.id})
	case "update":
		return c.updated(m.params)
	}
	if m.id != nil {
		return c.write(response{Error: "unknown method", ID: m.id})
	}
	return nil // a notification that we did not ask for
}

// idKey is how ids are compared: the server sends back what it got.
func idKey(id any) string {
	switch id := id.(type) {
	case json.Number:
		return id.String()
	case string:
		return quote(id)
	}
	return ""
}

func (c *Client) answered(m message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if wait, there := c.calls[idKey(m.id)]; there {
		delete(c.calls, idKey(m.id))
		wait <- m // has room for it
		return nil
	}
	return nil // the answer to a call whose context has ended
}

func (c *Client) write(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.conn.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	_, err = c.conn.Write(b)
	return err
}

// call sends a request and waits for its answer.
func (c *Client) call(ctx context.Context, method string, params ...any) (any, error) {
	wait := make(chan message, 1)
	c.mu.Lock()
	c.lastID++
	id := c.lastID
	key := fmt.Sprint(id)
	c.calls[key] = wait
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.calls, key)
		c.mu.Unlock()
	}()
	if params == nil {
		params = []any{}
	}
	if err := c.write(request{method, params, id}); err != nil {
		c.fail(err)
	}
	reply := func(m message) (any, error) {
		if m.err != nil {
			return nil, fmt.Errorf("%s: the server refused %s: %s", c.address, method, errorText(m.err))
		}
		return m.result, nil
	}
	select {
	case m := <-wait:
		return reply(m)
	case <-c.done:
		select {
		case m := <-wait: // its last word
			return reply(m)
		default:
			return nil, c.ended()
		}
	case <-ctx.Done():
		if errors.Is(ctx.Err(), context.Canceled) {
			return nil, fmt.Errorf("%s: interrupted while waiting for %s", c.address, method)
		}
		return nil, fmt.Errorf("%s: no answer to %s in time; is this an OVSDB server, and is it well?", c.address, method)
	}
}

// errorText is an <error> of RFC 7047 §3.1 in words.
func errorText(v any) string {
	o, ok := v.(map[string]any)
	if !ok {
		return kindOf(v)
	}
	word, _ := o["error"].(string)
	details, _ := o["details"].(string)
	if details != "" {
		return quote(word + ": " + details)
	}
	return quote(word)
}
