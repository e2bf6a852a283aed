// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// mendable wants an error to be one short line.
func mendable(t *testing.T, err error) {
	t.Helper()
	if err != nil && (strings.ContainsAny(err.Error(), "\n\x00") || len(err.Error()) > 1000) {
		t.Errorf("%q", err)
	}
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{`"a"`, `["set",[1,2.5,true]]`, `["map",[["a",["uuid","` + uuidText + `"]]]]`, `1e400`, `["set",["set",[]]]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := decode(data)
		if err != nil {
			mendable(t, err)
			return
		}
		val, err := ParseValue(v)
		mendable(t, err)
		val.IsDefault()
		for _, c := range []ColumnType{{Key: "string", Max: 1}, {Key: "real", Min: 1, Max: 9}, {Key: "string", Value: "uuid", Max: 9}} {
			_, err := c.check(val, false)
			mendable(t, err)
		}
	})
}

func FuzzSchema(f *testing.F) {
	f.Add([]byte(schemaText))
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := ParseSchema(data)
		mendable(t, err)
	})
}

// FuzzLog takes records without their first lines, which no fuzzer would get right, and
// the text as it is.
func FuzzLog(f *testing.F) {
	if data, err := os.ReadFile(fixtures + ".db"); err == nil {
		f.Add(data, false)
	}
	f.Add([]byte(schemaText+"\n"+`{"T":{"`+uuidText+`":{"l":["set",["a"]]}}}`+"\n"+`{"_is_diff":true,"T":{"`+uuidText+`":{"l":["set",["a","b"]],"m":["map",[["a","b"]]]}}}`), true)
	f.Fuzz(func(t *testing.T, data []byte, wrap bool) {
		if wrap {
			var b bytes.Buffer
			for line := range strings.Lines(string(data)) {
				b.WriteString(record(line))
			}
			data = b.Bytes()
		}
		_, err := ReadLog("f", data)
		mendable(t, err)
	})
}

func FuzzDump(f *testing.F) {
	if data, err := os.ReadFile(fixtures + ".dump.json"); err == nil {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := ReadDump("f", data)
		mendable(t, err)
	})
}

// FuzzMessages is what a server may send: messages, and updates in them.
func FuzzMessages(f *testing.F) {
	f.Add([]byte(`{"id":1,"error":null,"result":[]}{"method":"echo","id":"echo","params":[]}`))
	f.Add([]byte(`{"method":"update","id":null,"params":["parkway-1",{"T":{"` + uuidText + `":{"old":{},"new":{"s":"a"}}}}]}`))
	s, err := ParseSchema([]byte(schemaText))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := newStream(bytes.NewReader(data), 1<<16)
		db := newDatabase("f", s)
		for {
			m, err := in.next()
			if err != nil {
				mendable(t, err)
				return
			}
			_ = idKey(m.id)
			mendable(t, func() error { _, err := db.apply(m.result); return err }())
			if l, ok := m.params.([]any); ok && len(l) == 2 {
				_, err := db.apply(l[1])
				mendable(t, err)
			}
			if r, ok := m.result.([]any); ok && len(r) > 0 {
				mendable(t, db.addSelected("T", r[0]))
			}
		}
	})
}
