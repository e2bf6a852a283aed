// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What doctor says of this machine depends on it; its form and its exit status don't.
func TestDoctor(t *testing.T) {
	b, err := os.ReadFile(seed)
	if err != nil {
		t.Fatal(err)
	}
	impossible := filepath.Join(t.TempDir(), "gw.yaml")
	text := strings.Replace(string(b), `vdev: "net_tap0,iface=vm1"`, `pci: "ffff:fe:1f.7"`, 1)
	if err := os.WriteFile(impossible, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		args []string
		exit int
		want string
	}{
		{nil, 0, ""},
		{[]string{impossible}, 1, "there is no such PCI device"},
		{[]string{"/nonexistent.yaml"}, 3, ""},
		{[]string{"a", "b"}, 2, ""},
	} {
		r := parkway(t, nil, append([]string{"doctor"}, tt.args...)...)
		if r.exit != tt.exit || !strings.Contains(r.stdout, tt.want) {
			t.Errorf("%v: %+v", tt.args, r)
		}
		r = parkway(t, nil, append([]string{"doctor", "-o", "json"}, tt.args...)...)
		var report struct {
			OK       bool
			Findings []struct{ Check, Status, Where, What, Mend string }
		}
		if tt.exit > 1 {
			continue
		}
		if err := json.Unmarshal([]byte(r.stdout), &report); err != nil || r.exit != tt.exit || report.OK != (tt.exit == 0) || len(report.Findings) < 8 {
			t.Errorf("%v: %v, %+v", tt.args, err, r)
		}
		for _, f := range report.Findings {
			if f.Check == "" || f.Status == "" || f.Where == "" || f.What == "" || f.Status == "fail" && f.Mend == "" {
				t.Errorf("%v: %+v", tt.args, f)
			}
		}
	}
}
