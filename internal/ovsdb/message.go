// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// request is what JSON-RPC 1.0 sends. There must be no member "jsonrpc": ovsdb-server
// hangs up on it. The id of a notification is null.
type request struct {
	Method string `json:"method"`
	Params any    `json:"params"`
	ID     any    `json:"id"`
}

// response answers a request; one of result and error is null.
type response struct {
	Result any `json:"result"`
	Error  any `json:"error"`
	ID     any `json:"id"`
}

// message is what came: a request or notification when method is not empty, otherwise
// a response.
type message struct {
	method string
	params any
	id     any
	result any
	err    any
}

// parseMessage reads one message of a server.
func parseMessage(data []byte) (m message, err error) {
	v, err := decode(data)
	if err != nil {
		return m, err
	}
	o, err := object(v, "a message")
	if err != nil {
		return m, err
	}
	id, hasID := o["id"]
	if method, there := o["method"]; there {
		if m.method, err = text(method, "a message's method"); err != nil {
			return m, err
		}
		if m.method == "" {
			return m, errors.New("a message's method is empty")
		}
		m.params, m.id = o["params"], id
		return m, nil
	}
	_, hasResult := o["result"]
	if !hasID || !hasResult && o["error"] == nil {
		return m, errors.New("a message is neither a request nor an answer")
	}
	m.id, m.result, m.err = id, o["result"], o["error"]
	return m, nil
}

// stream cuts what comes from a server into messages: JSON values, one after another.
type stream struct {
	from io.Reader
	most int64
	left int64 // of the message that is being read
	dec  *json.Decoder
	any  bool // something came
}

// errTooLong is returned for a message above the bound.
var errTooLong = errors.New("too long")

func newStream(from io.Reader, most int64) *stream {
	s := &stream{from: from, most: most}
	s.dec = json.NewDecoder(s)
	return s
}

// Read counts what the decoder takes.
func (s *stream) Read(p []byte) (int, error) {
	if s.left <= 0 {
		return 0, errTooLong
	}
	n, err := s.from.Read(p[:min(int64(len(p)), s.left)])
	s.left -= int64(n)
	s.any = s.any || n > 0
	return n, err
}

// next returns the next message. After an error nothing more can be read.
func (s *stream) next() (message, error) {
	s.left = s.most
	var raw json.RawMessage
	if err := s.dec.Decode(&raw); err != nil {
		var syntax *json.SyntaxError
		switch {
		case errors.Is(err, errTooLong):
			return message{}, fmt.Errorf("a message is longer than %d MiB; is this the right server?", s.most>>20)
		case errors.As(err, &syntax):
			return message{}, fmt.Errorf("what came is no JSON (%v); is this an OVSDB server?", err)
		case errors.Is(err, io.ErrUnexpectedEOF):
			return message{}, errors.New("the server hung up in the middle of a message; its log says why")
		case errors.Is(err, io.EOF) && !s.any:
			return message{}, errors.New("the server hung up without a word; its log says why")
		case errors.Is(err, io.EOF):
			return message{}, errors.New("the server hung up; its log says why")
		}
		return message{}, err
	}
	m, err := parseMessage(raw)
	if err != nil {
		err = fmt.Errorf("%w; is this an OVSDB server?", err)
	}
	return m, err
}
