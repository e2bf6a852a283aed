// SPDX-License-Identifier: Apache-2.0

// Package install builds the Debian package, unpacks it and runs what is in it, and
// runs the gateway as the systemd unit would: without root, with the unit's
// capabilities, telling a notify socket how it is. It needs root for the namespaces.
package install

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/parkway-gw/parkway/test/gateway"
)

const repo = "../../"

func TestMain(m *testing.M) { gateway.Main(m) }

// run wants a command to succeed and returns what it says.
func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s %v: %v\n%s%s", name, args, err, &out, &errs)
	}
	return out.String()
}

// build makes the package of the built gateway.
func build(t *testing.T, version string) string {
	t.Helper()
	if _, err := exec.LookPath("dpkg-shlibdeps"); err != nil {
		t.Skip("needs dpkg-dev")
	}
	script, err := filepath.Abs(repo + "scripts/deb.sh")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DEB_LEVEL", "0") // more takes a minute on a busy machine
	out := strings.TrimSpace(run(t, script, gateway.Binary, version, t.TempDir()))
	if _, err := os.Stat(out); err != nil {
		t.Fatal(err)
	}
	return out
}

// The package has what it should, where Debian wants it, and asks for the libraries and
// drivers; what is unpacked from it runs.
func TestPackage(t *testing.T) {
	deb := build(t, "v1.2.0-3-gabcdef")
	if got := run(t, "dpkg-deb", "-f", deb, "Version"); got != "1.2.0+3+gabcdef\n" {
		t.Errorf("version %q", got)
	}
	list := run(t, "dpkg-deb", "-c", deb)
	for _, want := range []string{
		`-rwxr-xr-x root/root .* ./usr/bin/parkway`,
		`-rw-r--r-- root/root .* ./etc/parkway/parkway.yaml`,
		`-rw-r--r-- root/root .* ./lib/systemd/system/parkway.service`,
		`./usr/share/doc/parkway/examples/seed.yaml`,
		`./usr/share/doc/parkway/examples/prometheus-alerts.yaml`,
		`./usr/share/doc/parkway/examples/grafana-dashboard.json`,
		`./usr/share/man/man8/parkway.8.gz`,
		`./usr/share/man/man5/parkway.yaml.5.gz`,
		`./usr/share/bash-completion/completions/parkway`,
		`./usr/share/zsh/vendor-completions/_parkway`,
		`./usr/share/fish/vendor_completions.d/parkway.fish`,
		`./usr/share/parkway/parkway.schema.json`,
	} {
		if !regexp.MustCompile(`(?m)` + want + `$`).MatchString(list) {
			t.Errorf("the package has no %s:\n%s", want, list)
		}
	}
	depends := run(t, "dpkg-deb", "-f", deb, "Depends")
	for _, want := range []string{`libc6 \(>= `, `librte-eal\d+`, `librte-mempool-ring\d+`, `librte-net-tap\d+`, `librte-net-null\d+`} {
		if !regexp.MustCompile(want).MatchString(depends) {
			t.Errorf("no %s in Depends: %s", want, depends)
		}
	}

	root := t.TempDir()
	run(t, "dpkg-deb", "-R", deb, root)
	if got := run(t, "cat", root+"/DEBIAN/conffiles"); got != "/etc/parkway/parkway.yaml\n" {
		t.Errorf("conffiles %q", got)
	}
	program := root + "/usr/bin/parkway"
	if got := run(t, program, "version"); !strings.HasPrefix(got, "parkway v-e2e (go") {
		t.Errorf("version: %s", got)
	}
	files, _ := filepath.Glob(root + "/usr/share/doc/parkway/examples/*.yaml")
	for _, file := range append(files, root+"/etc/parkway/parkway.yaml") {
		if filepath.Base(file) == "prometheus-alerts.yaml" {
			continue
		}
		if got := run(t, program, "check", file); !strings.Contains(got, ": ok (") {
			t.Errorf("%s: %s", file, got)
		}
	}
	if got := run(t, "bash", "-n", root+"/usr/share/bash-completion/completions/parkway"); got != "" {
		t.Error(got)
	}
	if lintian, err := exec.LookPath("lintian"); err == nil {
		out, err := exec.Command(lintian, "--allow-root", "--fail-on", "error,warning", deb).CombinedOutput()
		if err != nil {
			t.Errorf("lintian: %v\n%s", err, out)
		}
	}
}

// The scripts of the package start nothing, restart nothing and set no sysctl; nothing
// of the package switches the service on.
func TestPackageLeavesTheMachineAlone(t *testing.T) {
	for _, script := range []string{"postinst", "prerm", "postrm"} {
		b, err := os.ReadFile(repo + "deploy/debian/" + script)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "#") || strings.HasPrefix(line, "echo ") {
				continue
			}
			for _, word := range []string{"sysctl", "restart", "start ", "enable --now", "nr_hugepages", "modprobe", "deb-systemd-helper", "preset"} {
				if strings.Contains(line, word) {
					t.Errorf("%s: %s", script, line)
				}
			}
		}
		run(t, "sh", "-n", repo+"deploy/debian/"+script)
	}
}

// A commit without a tag before it is older than every release, and both are versions
// that Debian takes.
func TestPackageVersions(t *testing.T) {
	var versions []string
	for _, v := range []string{"abcdef0-dirty", "v0.1.0", "v0.1.0-4-gabcdef"} {
		versions = append(versions, strings.TrimSpace(run(t, repo+"scripts/deb.sh", "--version", v)))
	}
	for i := range versions[1:] {
		run(t, "dpkg", "--compare-versions", versions[i], "lt", versions[i+1])
	}
}
