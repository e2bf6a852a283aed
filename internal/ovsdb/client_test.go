// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// script is a server that misbehaves as the test says; what a real one does is tested
// in test/ovn.
type script func(conn net.Conn, requests *json.Decoder)

// serve starts a server for one connection and returns its address.
func serve(t *testing.T, play script) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "db.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		play(conn, json.NewDecoder(conn))
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "unix:" + path
}

// answer reads a request and answers it with text, in which ID stands for its id.
func answer(t *testing.T, conn net.Conn, requests *json.Decoder, method, text string) {
	var r map[string]any
	if err := requests.Decode(&r); err != nil {
		t.Errorf("waiting for %s: %v", method, err)
		return
	}
	if r["method"] != method || r["params"] == nil || len(r) != 3 {
		t.Errorf("%v came, want %s", r, method)
	}
	fmt.Fprint(conn, strings.ReplaceAll(text, "ID", fmt.Sprint(r["id"])))
}

func dialed(t *testing.T, play script) *Client {
	t.Helper()
	c, err := Dial(t.Context(), serve(t, play))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

const schemaAnswer = `{"id":ID,"error":null,"result":` + schemaText + `}`

// schema plays list_dbs and get_schema.
func schema(t *testing.T, conn net.Conn, r *json.Decoder) {
	answer(t, conn, r, "list_dbs", `{"id":ID,"error":null,"result":["_Server","D"]}`)
	answer(t, conn, r, "get_schema", schemaAnswer)
}

// Whatever a server sends, the call fails with words that name it.
func TestServerMisbehaves(t *testing.T) {
	for _, tc := range []struct {
		text, want string
	}{
		{"", "the server hung up without a word"},
		{"HTTP/1.1 400 Bad Request\r\n\r\n", "what came is no JSON"},
		{`{"id":`, "hung up in the middle of a message"},
		{`[]`, "a message is an array of 0"},
		{`{"id":ID}`, "neither a request nor an answer"},
		{`{"method":7,"id":1}`, "a message's method is the number 7"},
		{`{"id":ID,"error":null,"result":7}`, "the answer to list_dbs is the number 7"},
		{`{"id":ID,"error":null,"result":[7]}`, "a database's name is the number 7"},
		{`{"id":ID,"error":{"error":"not allowed","details":"no"},"result":null}`, `the server refused list_dbs: "not allowed: no"`},
		{`{"id":ID,"error":"bad","result":null}`, `the server refused list_dbs: the string "bad"`},
		{`{"id":ID,"error":null,"result":["_Server","OVN_Southbound"]}`, "the server has no database D; it has: OVN_Southbound"},
		{`{"id":ID,"error":null,"result":[]}`, "it has: none"},
		{`{"id":"other","error":null,"result":[]} {"id":null,"method":"update","params":[]}`, "update has 0 params"},
		{`{"id":ID,"error":null,"result":["` + strings.Repeat("x", 4096) + `"]}`, "a message is longer than"},
	} {
		addr := serve(t, func(conn net.Conn, r *json.Decoder) { answer(t, conn, r, "list_dbs", tc.text) })
		conn, err := net.Dial("unix", strings.TrimPrefix(addr, "unix:"))
		if err != nil {
			t.Fatal(err)
		}
		c := newClient(addr, conn, 1024)
		_, err = c.Schema(t.Context(), "D")
		c.Close()
		if err == nil || !strings.HasPrefix(err.Error(), addr+": ") || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%.80s: %v\nwant %s", tc.text, err, tc.want)
		}
	}
}

// Every message may be as long as the bound, however many there were before.
func TestBoundIsPerMessage(t *testing.T) {
	addr := serve(t, func(conn net.Conn, r *json.Decoder) {
		for range 50 {
			answer(t, conn, r, "echo", `{"id":ID,"error":null,"result":["`+strings.Repeat("x", 900)+`"]}`)
		}
	})
	conn, err := net.Dial("unix", strings.TrimPrefix(addr, "unix:"))
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(addr, conn, 1024)
	defer c.Close()
	for range 50 {
		if err := c.Echo(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// The server asks whether we live, in the middle of a call, and unknown things too.
func TestEchoIsAnswered(t *testing.T) {
	c := dialed(t, func(conn net.Conn, r *json.Decoder) {
		fmt.Fprint(conn, `{"method":"echo","id":"probe","params":["x"]}{"method":"stolen","id":null,"params":[]}{"method":"dance","id":5,"params":[]}`)
		got := map[string]string{}
		for range 3 {
			var m map[string]json.RawMessage
			if err := r.Decode(&m); err != nil {
				t.Error(err)
				return
			}
			got[string(m["id"])] = string(m["result"]) + string(m["error"]) + string(m["method"])
		}
		if got[`"probe"`] != `["x"]null` || got["5"] != `null"unknown method"` || got["1"] != `"list_dbs"` {
			t.Errorf("%v", got)
		}
		fmt.Fprint(conn, `{"id":1,"error":null,"result":["D"]}`)
	})
	if names, err := c.Databases(t.Context()); err != nil || len(names) != 1 {
		t.Error(names, err)
	}
}

func TestReadRefuses(t *testing.T) {
	for result, want := range map[string]string{
		`[]`:                         "0 results came for 1 operations",
		`[{"error":"timed out"}]`:    `the transaction failed: "timed out"`,
		`[null]`:                     `table "T": a result is null`,
		`[{}]`:                       `table "T": rows is null`,
		`[{"rows":[7]}]`:             "a row is the number 7",
		`[{"rows":[{}]}]`:            "column _uuid",
		`[{"rows":[{"_uuid":"x"}]}]`: "column _uuid holds no UUID",
		`[{"rows":[{"_uuid":["uuid","` + uuidText + `"],"s":1}]}]`: "row " + uuidText + ": column s holds a integer",
	} {
		c := dialed(t, func(conn net.Conn, r *json.Decoder) {
			schema(t, conn, r)
			answer(t, conn, r, "transact", `{"id":ID,"error":null,"result":`+result+`}`)
		})
		s, err := c.Schema(t.Context(), "D")
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.Read(t.Context(), s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", result, err, want)
		}
	}
}

func TestCallsEnd(t *testing.T) {
	c := dialed(t, func(_ net.Conn, r *json.Decoder) {
		for r.Decode(new(any)) == nil { // and never a word
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := c.Echo(ctx); err == nil || !strings.Contains(err.Error(), "no answer to echo in time") {
		t.Error(err)
	}
	failed := make(chan error)
	go func() { failed <- c.Echo(t.Context()) }()
	c.Close()
	if err := <-failed; !errors.Is(err, errClosed) {
		t.Error(err)
	}
	if len(c.calls) != 0 {
		t.Errorf("%d calls are left", len(c.calls))
	}
}

func TestDialRefuses(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free := "tcp:" + l.Addr().String()
	l.Close()
	for address, want := range map[string]string{
		"unix:":                    "there is no path",
		"unix:/nowhere/there.sock": "no such socket; is ovsdb-server running?",
		"tcp:localhost":            "no host and port; write tcp:192.0.2.1:6641",
		"tcp::6641":                "no host and port",
		"ssl:192.0.2.1:6641":       "TLS is not supported",
		"ptcp:6641":                "this is how a server listens; write tcp:6641",
		free:                       "nobody listens there",
	} {
		if _, err := Dial(t.Context(), address); !IsAddress(address) || err == nil || !strings.HasPrefix(err.Error(), address+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", address, err)
		}
	}
	if IsAddress("nb.db") || IsAddress("unix") || IsAddress("/x:y") {
		t.Error("a file is an address")
	}
}

// More updates than are remembered: the reader waits for the follower, nothing is lost,
// and Close ends the wait.
func TestMonitorBacklog(t *testing.T) {
	const updates = monitorBacklog + 20
	id := func(i int) string { return fmt.Sprintf("%08x-0000-0000-0000-000000000000", i) }
	c := dialed(t, func(conn net.Conn, r *json.Decoder) {
		schema(t, conn, r)
		answer(t, conn, r, "monitor", `{"id":ID,"error":null,"result":{"T":{"`+id(0)+`":{"new":{"s":"first"}}}}}`)
		for i := range updates {
			fmt.Fprintf(conn, `{"method":"update","id":null,"params":["parkway-3",{"T":{"%s":{"new":{"s":"next"}},"%s":{"old":{"s":"x"}}}}]}`, id(i+1), id(i))
		}
	})
	s, err := c.Schema(t.Context(), "D")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Monitor(t.Context(), s, "X"); err == nil || !strings.Contains(err.Error(), `no table "X"`) {
		t.Error(err)
	}
	m, err := c.Monitor(t.Context(), s)
	if err != nil || len(m.Database.Tables["T"]) != 1 {
		t.Fatal(m, err)
	}
	for i := range updates {
		changes, err := m.Next(t.Context())
		if err != nil || len(changes) != 2 || changes[0].New != nil || changes[0].Old == nil || changes[1].Old != nil || len(m.Database.Tables["T"]) != 1 {
			t.Fatalf("update %d: %+v, %v", i, changes, err)
		}
	}
	if _, err := m.Next(t.Context()); err == nil || !strings.Contains(err.Error(), "hung up") {
		t.Error(err)
	}
}

func TestMonitorRefuses(t *testing.T) {
	for update, want := range map[string]string{
		`7`:                            "an update is the number 7",
		`{"X":{}}`:                     `table "X", which is not in the schema`,
		`{"T":7}`:                      "an update of table T is the number 7",
		`{"T":{"x":{}}}`:               `row x: "x" is no UUID`,
		`{"T":{"` + uuidText + `":7}}`: "it is the number 7",
		`{"T":{"` + uuidText + `":{"new":{"s":1}}}}`: "column s holds a integer",
	} {
		c := dialed(t, func(conn net.Conn, r *json.Decoder) {
			schema(t, conn, r)
			answer(t, conn, r, "monitor", `{"id":ID,"error":null,"result":{}}{"method":"update","id":null,"params":["parkway-3",`+update+`]}`)
		})
		s, err := c.Schema(t.Context(), "D")
		if err != nil {
			t.Fatal(err)
		}
		m, err := c.Monitor(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Next(t.Context()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", update, err, want)
		}
	}
}

func TestMonitorCloses(t *testing.T) {
	sent := make(chan struct{})
	c := dialed(t, func(conn net.Conn, r *json.Decoder) {
		schema(t, conn, r)
		answer(t, conn, r, "monitor", `{"id":ID,"error":null,"result":{}}`)
		for range monitorBacklog + 2 {
			fmt.Fprint(conn, `{"method":"update","id":null,"params":["parkway-3",{}]}`)
		}
		close(sent)
		_ = r.Decode(new(any)) // until the client hangs up
	})
	s, err := c.Schema(t.Context(), "D")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Monitor(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	<-sent
	c.Close() // with a reader that waits
}
