// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
)

// What OVN's packages bring. switchd is asked for by its path: which ovs-vswitchd is the
// system's, with DPDK or without, stays as it is.
const (
	switchd   = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
	ovsSchema = "/usr/share/openvswitch/vswitch.ovsschema"
	nbSchema  = "/usr/share/ovn/ovn-nb.ovsschema"
	sbSchema  = "/usr/share/ovn/ovn-sb.ovsschema"
)

// ovnPatience is how long one step of the start may take. Filling a port with a million
// packets takes OVS some seconds, on a busy machine a minute.
const ovnPatience = 2 * time.Minute

// OVNConfig says how a node runs.
type OVNConfig struct {
	Dir     string            // for databases, sockets and logs; the caller's
	Control int               // CPU of everything but the polling thread
	Worker  int               // CPU of the polling thread
	Memory  Memory            // of OVS's DPDK
	MiB     int               // how much of it, without hugepages; 0: what OVS's shared pool takes
	Other   map[string]string // Open_vSwitch's other_config, beyond what the node needs to run
}

// OVNNode is one OVN chassis with its central part: ovsdb-server for all three databases,
// ovn-northd, ovn-controller and ovs-vswitchd on DPDK, in a network namespace of its own,
// away from the system's services. One goroutine uses it.
type OVNNode struct {
	cfg     OVNConfig
	ns      *lab.NS
	procs   []*Process // in the order of their start
	switchd *Process
	env     []string
	dead    context.Context // ends when a process does
	died    context.CancelCauseFunc
}

var ovnNodes atomic.Int32

// OVNAvailable returns an Unavailable that says which of OVN's packages are missing.
func OVNAvailable() error {
	const mend = "scripts/deps.sh bench installs OVN and OVS-DPDK, and starts no service"
	for _, tool := range []string{"ovsdb-server", "ovsdb-tool", "ovs-vsctl", "ovs-appctl", "ovn-northd", "ovn-controller", "ovn-nbctl", "taskset", "ip"} {
		if _, err := exec.LookPath(tool); err != nil {
			return &Unavailable{What: "OVN (there is no " + tool + ")", Mend: mend}
		}
	}
	for _, file := range []string{switchd, ovsSchema, nbSchema, sbSchema} {
		if _, err := os.Stat(file); err != nil {
			return &Unavailable{What: "OVN (there is no " + file + ")", Mend: mend}
		}
	}
	if os.Geteuid() != 0 {
		return &Unavailable{What: "OVN", Mend: "its switch needs a network namespace of its own; run as root"}
	}
	return nil
}

// StartOVN starts a node with an empty network and an empty bridge, br-int. After an
// error nothing of it is left.
func StartOVN(ctx context.Context, cfg OVNConfig) (*OVNNode, error) {
	if err := OVNAvailable(); err != nil {
		return nil, err
	}
	if cfg.MiB == 0 {
		cfg.MiB = ovsPoolFor(0).MiB()
	}
	n := &OVNNode{cfg: cfg}
	n.dead, n.died = context.WithCancelCause(context.Background())
	for _, name := range []string{"OVS_RUNDIR", "OVN_RUNDIR", "OVS_LOGDIR", "OVN_LOGDIR", "OVS_DBDIR", "OVN_DBDIR", "OVS_SYSCONFDIR", "OVN_SYSCONFDIR", "RUNTIME_DIRECTORY"} {
		n.env = append(n.env, name+"="+cfg.Dir) // the last is EAL's
	}
	if err := n.start(ctx); err != nil {
		return nil, errors.Join(err, n.Stop())
	}
	return n, nil
}

func (n *OVNNode) start(ctx context.Context) error {
	// scripts/sweep.sh knows by the name what a killed run has left.
	ns, err := lab.AddNS(ctx, fmt.Sprintf("pwlab-%d-ovn%d", os.Getpid(), ovnNodes.Add(1)))
	if err != nil {
		return err
	}
	n.ns = ns
	for db, schema := range map[string]string{"conf.db": ovsSchema, "nb.db": nbSchema, "sb.db": sbSchema} {
		if _, err := n.run(ctx, "ovsdb-tool", "create", n.path(db), schema); err != nil {
			return err
		}
	}
	if _, err := n.daemon("ovsdb-server", "--remote=p"+n.remote(), "--unixctl="+n.path("ovsdb.ctl"),
		n.path("conf.db"), n.path("nb.db"), n.path("sb.db")); err != nil {
		return err
	}
	if err := n.appears(ctx, "db.sock"); err != nil {
		return err
	}
	if _, err := n.VS(ctx, append([]string{"--no-wait", "init", "--", "set", "Open_vSwitch", "."}, n.settings()...)...); err != nil {
		return err
	}
	if n.switchd, err = n.daemon(switchd, n.remote(), "--unixctl="+n.path("vswitchd.ctl")); err != nil {
		return err
	}
	if _, err := n.daemon("ovn-northd", "--ovnnb-db="+n.remote(), "--ovnsb-db="+n.remote(), "--unixctl="+n.path("northd.ctl")); err != nil {
		return err
	}
	// Waits until the switch has taken it, so until its DPDK is up.
	if _, err := n.VS(ctx, "add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev", "fail-mode=secure"); err != nil {
		return err
	}
	if _, err := n.daemon("ovn-controller", n.remote()); err != nil {
		return err
	}
	return n.Sync(ctx)
}

// settings is the node's row of Open_vSwitch. Nothing in it is about speed but what
// OVNConfig says, and flows that stay while the node is paused.
func (n *OVNNode) settings() []string {
	extra := "--no-pci --no-telemetry --file-prefix=ovn"
	if n.cfg.Memory == NoHuge {
		// OVS adds --in-memory unless told --legacy-mem, and EAL refuses it with --no-huge.
		extra = fmt.Sprintf("--legacy-mem --no-huge --no-shconf -m %d %s", n.cfg.MiB, extra)
	}
	other := map[string]string{
		"dpdk-init": "true", "dpdk-lcore-mask": mask(n.cfg.Control), "pmd-cpu-mask": mask(n.cfg.Worker), "dpdk-extra": extra,
		"max-idle": "3600000",
	}
	for key, value := range n.cfg.Other {
		other[key] = value
	}
	var list []string
	for key, value := range other {
		list = append(list, fmt.Sprintf("other_config:%s=%q", key, value))
	}
	for key, value := range map[string]string{
		"system-id": "bench", "ovn-remote": n.remote(), "ovn-encap-type": "geneve", "ovn-encap-ip": "127.0.0.1",
		"ovn-bridge-datapath-type": "netdev", "ovn-remote-probe-interval": "0", "ovn-openflow-probe-interval": "0",
	} {
		list = append(list, fmt.Sprintf("external_ids:%s=%q", key, value))
	}
	return list
}

func mask(cpu int) string { return fmt.Sprintf("%#x", uint64(1)<<cpu) }

func (n *OVNNode) path(file string) string { return filepath.Join(n.cfg.Dir, file) }
func (n *OVNNode) remote() string          { return "unix:" + n.path("db.sock") }

// NS is the namespace that the switch runs in; its taps appear there.
func (n *OVNNode) NS() *lab.NS { return n.ns }

// daemon starts a process in the node's namespace, on the control CPU.
func (n *OVNNode) daemon(name string, args ...string) (*Process, error) {
	args = append([]string{"-c", strconv.Itoa(n.cfg.Control), name}, args...)
	args = append(args, "--no-chdir", "-vconsole:info", "-vsyslog:off", "-vfile:off")
	var p *Process
	err := n.ns.Do(func() (err error) {
		p, err = StartProcess(n.env, "taskset", args...)
		return err
	})
	if err != nil {
		return nil, err
	}
	p.name = filepath.Base(name)
	n.procs = append(n.procs, p)
	go func() {
		<-p.done
		n.died(fmt.Errorf("%s has ended: %w%s", p.name, cmpErr(p.err, errors.New("without an error")), p.tail()))
	}()
	return p, nil
}

// appears waits for a file of the node's folder.
func (n *OVNNode) appears(ctx context.Context, file string) error {
	ctx, cancel := context.WithTimeout(ctx, ovnPatience)
	defer cancel()
	return n.procs[len(n.procs)-1].Until(ctx, func() bool {
		_, err := os.Stat(n.path(file))
		return err == nil
	})
}

// run runs one of OVN's or OVS's commands and returns what it prints. It gives up when
// one of the node's processes ends.
func (n *OVNNode) run(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, ovnPatience)
	defer cancel()
	defer context.AfterFunc(n.dead, cancel)()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(append(os.Environ(), "LC_ALL=C"), n.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		what := name + " " + strings.Join(args[:min(len(args), 6)], " ")
		err = fmt.Errorf("%s: %w; it says %q", what, err, strings.TrimSpace(string(out)))
		return "", errors.Join(err, context.Cause(n.dead))
	}
	return string(out), nil
}

// VS runs ovs-vsctl, which waits until the switch has done what it asks.
func (n *OVNNode) VS(ctx context.Context, args ...string) (string, error) {
	return n.run(ctx, "ovs-vsctl", append([]string{"--db=" + n.remote(), "--retry"}, args...)...)
}

// NB runs commands of ovn-nbctl, some hundred in a transaction.
func (n *OVNNode) NB(ctx context.Context, commands ...[]string) error {
	const many = 200
	for len(commands) > 0 {
		some := commands[:min(many, len(commands))]
		commands = commands[len(some):]
		args := []string{"--db=" + n.remote()}
		for i, c := range some {
			if i > 0 {
				args = append(args, "--")
			}
			args = append(args, c...)
		}
		if _, err := n.run(ctx, "ovn-nbctl", args...); err != nil {
			return err
		}
	}
	return nil
}

// Sync waits until what is in the Northbound database is in the switch's flow tables.
func (n *OVNNode) Sync(ctx context.Context) error {
	_, err := n.run(ctx, "ovn-nbctl", "--db="+n.remote(), "--wait=hv", "sync")
	return err
}

// AddPort gives the switch a DPDK device, by its arguments with the number in the name,
// as the logical port of that name. Options are Interface's: "n_rxq_desc=4096".
func (n *OVNNode) AddPort(ctx context.Context, name, device string, options ...string) error {
	args := []string{"add-port", "br-int", name, "--", "set", "Interface", name, "type=dpdk",
		fmt.Sprintf("options:dpdk-devargs=%q", device), "external_ids:iface-id=" + name}
	for _, o := range options {
		args = append(args, "options:"+o)
	}
	if _, err := n.VS(ctx, args...); err != nil {
		return err
	}
	failed, err := n.VS(ctx, "get", "Interface", name, "error")
	if err != nil {
		return err
	}
	if failed = strings.TrimSpace(failed); failed != "[]" {
		return fmt.Errorf("OVS did not take the port %s (%s): %s%s", name, device, failed, n.switchd.tail())
	}
	return n.Sync(ctx)
}

// Pause stops all of the node's processes, the last one first, and Resume lets them run.
func (n *OVNNode) Pause() error { return n.each((*Process).Pause) }

// Resume lets a paused node run again.
func (n *OVNNode) Resume() error { return n.each((*Process).Resume) }

func (n *OVNNode) each(f func(*Process) error) error {
	var errs []error
	for i := range n.procs {
		errs = append(errs, f(n.procs[len(n.procs)-1-i]))
	}
	return errors.Join(errs...)
}
