// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"crypto/sha1"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const fixtures = "../ovnnb/testdata/seed-topology.nb"

// The fixtures are one database in two forms; the dump has no empty sets where the other
// has none either.
func TestFixtures(t *testing.T) {
	file, err := ReadFile(fixtures + ".db")
	if err != nil {
		t.Fatal(err)
	}
	dump, err := ReadFile(fixtures + ".dump.json")
	if err != nil {
		t.Fatal(err)
	}
	if file.Schema.Name != "OVN_Northbound" || file.Schema.Version != "7.0.0" || file.Rows() != 18 || len(file.Tables) != 30 {
		t.Errorf("%s %s, %d tables, %d rows", file.Schema.Name, file.Schema.Version, len(file.Tables), file.Rows())
	}
	if !reflect.DeepEqual(file.Tables, dump.Tables) {
		t.Errorf("file %+v\ndump %+v", file.Tables, dump.Tables)
	}
}

const schemaText = `{"name":"D","version":"1.2.3","tables":{"T":{"columns":{"s":{"type":"string"},"r":{"type":"real"},"o":{"type":{"key":"integer","min":0}},` +
	`"l":{"type":{"key":{"type":"string","enum":["set",["a","b"]]},"min":0,"max":"unlimited"}},"m":{"type":{"key":"string","value":"string","min":0,"max":5}}}}}}`

func record(body string) string {
	return fmt.Sprintf("OVSDB JSON %d %x\n%s", len(body), sha1.Sum([]byte(body)), body)
}

func TestReadLog(t *testing.T) {
	const other = "1f4d22af-f470-46ac-b554-0e5928c355c6"
	file := record(schemaText) +
		record(`{"_date":1,"_comment":"x","T":{"`+uuidText+`":{"s":"one","l":["set",["a","b"]],"r":2},"`+other+`":{}}}`) +
		record(`{"_is_diff":true,"T":{"`+uuidText+`":{"s":"two","l":["set",["b","c"]],"m":["map",[["k","v"]]],"o":7},"`+other+`":null}}`) +
		record(`{"T":{"`+uuidText+`":{"o":["set",[]]}}}`)
	db, err := ReadLog("f", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	id, _ := ParseUUID(uuidText)
	want := map[string]Table{"T": {id: Row{"s": {Atoms: []Atom{"two"}}, "l": {Atoms: []Atom{"a", "c"}}, "m": {IsMap: true, Pairs: []Pair{{"k", "v"}}}, "r": {Atoms: []Atom{2.0}}, "o": {}}}}
	if !reflect.DeepEqual(db.Tables, want) {
		t.Errorf("got  %+v\nwant %+v", db.Tables, want)
	}
}

func TestReadLogRefuses(t *testing.T) {
	schema := record(schemaText)
	row := func(columns string) string { return schema + record(`{"T":{"`+uuidText+`":`+columns+`}}`) }
	whole := row(`{"s":"one"}`)
	for _, tc := range []struct{ name, file, want string }{
		{"empty", "", "f: the file is empty"},
		{"other", "PNG", `f: this is no database file`},
		{"clustered", "OVSDB CLUSTER 5 0123\n", "ovsdb-tool cluster-to-standalone nb.db f"},
		{"header cut", whole[:len(schema)+14], "record 2 at byte 349: its first line is cut short; copy the file again"},
		{"body cut", whole[:len(whole)-1], "record 2 at byte 349: it is cut short: 57 of 58 octets are there; copy the file again"},
		{"sum", strings.Replace(whole, "one", "two", 1), "record 2 at byte 349: its SHA-1 sum is"},
		{"no sum", "OVSDB JSON 5 xyz\nabcde", `"xyz" is no SHA-1 sum`},
		{"huge", "OVSDB JSON 9223372036854775807 " + strings.Repeat("0", 40) + "\n", "0 of 9223372036854775807 octets are there"},
		{"huger", "OVSDB JSON 99999999999999999999 " + strings.Repeat("0", 40) + "\n", `"99999999999999999999" is no length`},
		{"negative", "OVSDB JSON -1 " + strings.Repeat("0", 40) + "\n", `"-1" is no length`},
		{"no end of line", "OVSDB JSON " + strings.Repeat("1", 4000), "its first line does not end"},
		{"garbage behind", whole + "garbage", `record 3 at byte 462: "garbage" is no record's first line`},
		{"no JSON", record("{"), "record 1 at byte 0: this is no JSON: it ends too early"},
		{"two values", record("{} {}"), "something follows the JSON value"},
		{"no schema", record("{}"), "the schema's name is null"},
		{"type", record(strings.Replace(schemaText, `"real"`, `"complex"`, 1)), `table "T" of the schema: column "r": "complex" is no type`},
		{"max", record(strings.Replace(schemaText, `"max":5`, `"max":1e9`, 1)), `column "m": max is 1e9`},
		{"table", schema + record(`{"X":{}}`), `record 2 at byte 349: table "X" is not in the schema`},
		{"tables", schema + record(`[]`), "the transaction is an array of 0"},
		{"uuid", schema + record(`{"T":{"1":{}}}`), `"1" is no UUID`},
		{"column", row(`{"x":1}`), `row ` + uuidText[:30] + `…: column "x" is not in the schema`},
		{"number for text", row(`{"s":1}`), "column s holds a integer, and a string is wanted"},
		{"map for text", row(`{"s":["map",[]]}`), "column s holds a map, and a set is wanted"},
		{"text for map", row(`{"m":"a"}`), "column m holds a set, and a map is wanted"},
		{"too few", row(`{"s":["set",[]]}`), "column s holds 0 elements, and 1 is wanted"},
		{"too many", row(`{"o":["set",[1,2]]}`), "column o holds 2 elements, and 0 to 1 are wanted"},
		{"number", row(`{"o":1e400}`), "column o: the number 1e400 is too large"},
		{"row", row(`7`), "the row is the number 7"},
	} {
		_, err := ReadLog("f", []byte(tc.file))
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v\nwant %s", tc.name, err, tc.want)
		}
	}
}

func TestReadDumpRefuses(t *testing.T) {
	good := `{"caption":"T table","data":[[["uuid","` + uuidText + `"],1]],"headings":["_uuid","a"]}`
	for _, tc := range []struct{ file, want string }{
		{"", "f: there is no table"},
		{good + "\n{", "f:2: this is no JSON: it ends too early"},
		{good + "\n[]", "f:2: a table is an array of 0"},
		{good + good, `table "T" is there twice`},
		{`{"data":[],"headings":["_uuid"]}`, "caption is null"},
		{`{"caption":"T","data":[],"headings":["_uuid"]}`, `the caption "T" has not the form`},
		{`{"caption":"T table","headings":["_uuid"]}`, `table "T": data is null`},
		{`{"caption":"T table","data":[],"headings":["a"]}`, `table "T": there is no column _uuid`},
		{`{"caption":"T table","data":[],"headings":["_uuid","_uuid"]}`, `column "_uuid" is there twice`},
		{strings.Replace(good, ",1]]", "]]", 1), `table "T", row 1: it has 1 cells, and there are 2 headings`},
		{strings.Replace(good, ",1]]", ",{}]]", 1), `table "T", row 1: column "a": an object is no atom`},
		{strings.Replace(good, `["uuid","`+uuidText+`"]`, "5", 1), "column _uuid holds no UUID"},
		{strings.Replace(good, `1]]`, `1],[["uuid","`+uuidText+`"],2]]`, 1), "is that of another row"},
	} {
		_, err := ReadDump("f", []byte(tc.file))
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "make it with: ovsdb-client dump") {
			t.Errorf("%s: %v\nwant %s", tc.file, err, tc.want)
		}
	}
}

func TestReadFileRefuses(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for path, want := range map[string]string{
		dir:                       "this is a directory; name the file in it",
		dir + "/none":             "no such file; name a database file",
		socket:                    "this is a socket; write unix:" + socket,
		write("empty", " \n"):     "the file is empty",
		write("text", "version:"): "neither a database file",
	} {
		if _, err := ReadFile(path); err == nil || !strings.HasPrefix(err.Error(), path+": ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := readBounded(write("large", "12345"), 4); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Error(err)
	}
	if got, err := readBounded(filepath.Join(dir, "large"), 5); err != nil || len(got) != 5 {
		t.Error(got, err)
	}
}
