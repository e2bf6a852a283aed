// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const northbound = "../ovnnb/testdata/seed-topology.nb"

// Import, check: both forms of the fixture, to standard output and into a file.
func TestImportOVN(t *testing.T) {
	dir := t.TempDir()
	for _, source := range []string{northbound + ".db", northbound + ".dump.json"} {
		r := parkway(t, nil, "import", "ovn", "--strict", source)
		if r.exit != 0 || r.stderr != "" {
			t.Fatalf("%+v", r)
		}
		file := filepath.Join(dir, filepath.Base(source)+".yaml")
		if err := os.WriteFile(file, []byte(r.stdout), 0o600); err != nil {
			t.Fatal(err)
		}
		again := parkway(t, nil, "import", "ovn", "-o", file, source)
		if again.exit != 1 || !strings.Contains(again.stderr, "is there already; name another file, or add --force") {
			t.Errorf("%+v", again)
		}
		again = parkway(t, nil, "import", "ovn", "--force", "-o", file, source)
		if again.exit != 0 || again.stdout != "" || !strings.Contains(again.stderr, "written (1 port, 3 switches, 1 router") || !strings.Contains(again.stderr, "name the NICs") {
			t.Errorf("%+v", again)
		}
		if text, err := os.ReadFile(file); err != nil || string(text) != r.stdout {
			t.Errorf("%v, %s", err, text)
		}
		if c := parkway(t, nil, "check", file); c.exit != 0 || !strings.Contains(c.stdout, ": ok (") {
			t.Errorf("%+v", c)
		}
		taps := parkway(t, nil, "import", "ovn", "--taps", "--router", "lr0", "-o", filepath.Join(dir, filepath.Base(source)+".taps"), source)
		if taps.exit != 0 || !strings.Contains(taps.stderr, "written (5 ports, 3 switches") || !strings.Contains(taps.stderr, "parkway run -c ") {
			t.Errorf("%+v", taps)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".parkway-*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// What can't be imported is listed, and fails with --strict, which writes nothing.
func TestImportStrict(t *testing.T) {
	text, err := os.ReadFile(northbound + ".dump.json")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	source, out := filepath.Join(dir, "dump.json"), filepath.Join(dir, "gw.yaml")
	const none, one = `{"caption":"Mirror table","data":[]`, `{"caption":"Mirror table","data":[[["uuid","00000000-0000-0000-0000-000000000001"],["map",[]],"from-lport",7,"m0","192.0.2.1","gre"]]`
	if err := os.WriteFile(source, []byte(strings.Replace(string(text), none, one, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	const line = "not imported: Mirror m0: Parkway mirrors no port\n"
	if r := parkway(t, nil, "import", "ovn", source); r.exit != 0 || r.stderr != line || !strings.HasSuffix(r.stdout, "# Not imported:\n#   Mirror m0: Parkway mirrors no port\n") {
		t.Errorf("%+v", r)
	}
	for _, args := range [][]string{{}, {"-o", out}} {
		r := parkway(t, nil, append([]string{"import", "ovn", "--strict", source}, args...)...)
		if r.exit != 3 || r.stdout != "" || !strings.HasPrefix(r.stderr, line) || !strings.Contains(r.stderr, "1 row or column is not supported, and --strict was given: nothing was written") {
			t.Errorf("%+v", r)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("--strict wrote a file")
	}
}

func TestImportRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, tc := range []struct {
		args string
		exit int
		want string
	}{
		{"import", 2, "Usage:"},
		{"import ovs", 2, "there is no command `parkway import ovs`; did you mean `parkway import ovn`?"},
		{"import ovn", 2, "needs a SOURCE: unix:PATH, tcp:HOST:PORT, a database file or a dump"},
		{"import ovn a b", 2, `does not take "b"`},
		{"import ovn --port physnet1 a", 2, `--port wants NAME=DEVICE, such as physnet1=eth1, not "physnet1"`},
		{"import ovn --port a=b --port a=c a", 2, "--port a is there twice"},
		{"import ovn --port physnet=eth1 " + northbound + ".db", 1, `--port physnet: there is no switch port or network of that name; did you mean "physnet1"?`},
		{"import ovn --port physnet1=a/b " + northbound + ".db", 3, `port "p-physnet1": "a/b" is no name of a network interface`},
		{"import ovn --stric a", 2, "did you mean --strict?"},
		{"import ovn " + dir + "/none.db", 1, "none.db: no such file"},
		{"import ovn unix:" + dir + "/none.sock", 1, "no such socket"},
		{"import ovn " + seed, 1, "neither a database file"},
		{"import ovn --router lr1 " + northbound + ".db", 1, `there is no router "lr1"; did you mean "lr0"?`},
		{"import ovn -o " + dir + "/none/gw.yaml " + northbound + ".db", 1, "can't be written: no such file or directory; check its folder"},
	} {
		r := parkway(t, nil, strings.Fields(tc.args)...)
		if r.exit != tc.exit || r.stdout != "" || !strings.Contains(r.stderr, tc.want) {
			t.Errorf("%s: %+v", tc.args, r)
		}
	}
}
