// SPDX-License-Identifier: Apache-2.0

package forwarder

import (
	"os"
	"os/exec"
	"testing"
)

// A tap interface in another network namespace is out of its driver's sight. That
// must neither fail a reader nor the end.
func TestTapInAnotherNamespace(t *testing.T) {
	const ns, iface = "pwfwd-ns", "pwfwd9"
	if _, err := os.Stat("/dev/net/tun"); err != nil || os.Getuid() != 0 {
		t.Skipf("needs root and /dev/net/tun: %v", err)
	}
	ip := func(args ...string) {
		t.Helper()
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			t.Fatalf("ip %v: %v: %s", args, err, out)
		}
	}
	ip("netns", "add", ns)
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", ns).Run() })
	cfg := testConfig(article(), 1)
	cfg.Ports = []Port{{Name: "vm1", Device: "net_tap_n0,iface=" + iface, IfaceID: "vm1"}}
	f, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer nothingLeft(t)
	defer stopForwarder(t, f)
	if err := f.Start(); err != nil {
		t.Fatal(err)
	}
	if p := f.PortStatus()[0]; p.Link != LinkUp {
		t.Errorf("here: %+v", p)
	}
	ip("link", "set", iface, "netns", ns)
	ip("-n", ns, "link", "set", iface, "up")
	if p := f.PortStatus()[0]; p.Link != LinkUnknown || p.MAC.IsZero() || p.MTU != 1500 {
		t.Errorf("there: %+v", p)
	}
	stopForwarder(t, f)
	if out, err := exec.Command("ip", "-n", ns, "link", "show", iface).CombinedOutput(); err == nil {
		t.Errorf("the interface is still there: %s", out)
	}
}
