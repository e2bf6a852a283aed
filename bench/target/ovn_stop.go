// SPDX-License-Identifier: Apache-2.0

package target

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// ctlPatience bounds one question to a daemon's control socket. A switch that is just
// taking in a million packets answers late.
const ctlPatience = 30 * time.Second

// Ctl asks the switch, as ovs-appctl does: `dpctl/show -s`.
func (n *OVNNode) Ctl(command string, args ...string) (string, error) {
	return ctl(n.path("vswitchd.ctl"), command, args...)
}

// ctl is one call of OVS's control protocol, JSON-RPC 1.0 (RFC 7047, section 3 has its
// like). Without a process of its own, a question costs the machine little while it measures.
func ctl(socket, command string, args ...string) (string, error) {
	fail := func(err error) (string, error) {
		return "", fmt.Errorf("%s: %s: %w", filepath.Base(socket), command, err)
	}
	// A socket's address holds 107 octets; by its folder's descriptor any path is short.
	dir, err := os.Open(filepath.Dir(socket))
	if err != nil {
		return fail(err)
	}
	defer dir.Close() //nolint:errcheck // only read
	c, err := net.DialTimeout("unix", fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), filepath.Base(socket)), ctlPatience)
	if err != nil {
		return fail(err)
	}
	defer c.Close() //nolint:errcheck // nothing is lost
	if err := c.SetDeadline(time.Now().Add(ctlPatience)); err != nil {
		return fail(err)
	}
	if args == nil {
		args = []string{}
	}
	if err := json.NewEncoder(c).Encode(map[string]any{"id": 0, "method": command, "params": args}); err != nil {
		return fail(err)
	}
	var reply struct {
		Result *string `json:"result"`
		Error  any     `json:"error"`
	}
	if err := json.NewDecoder(c).Decode(&reply); err != nil {
		return fail(err)
	}
	if reply.Result == nil {
		return fail(fmt.Errorf("%v", reply.Error))
	}
	return *reply.Result, nil
}

// Stop ends the node: every daemon by its own exit command, the last one first, and by
// force where that fails. Afterwards no process and no namespace of it is left; its
// files are in its folder, which is the caller's.
func (n *OVNNode) Stop() error {
	var errs []error
	errs = append(errs, n.Resume())
	for len(n.procs) > 0 {
		p := n.procs[len(n.procs)-1]
		n.procs = n.procs[:len(n.procs)-1]
		errs = append(errs, n.end(p))
	}
	n.died(errors.New("the node was stopped"))
	if n.ns != nil {
		ctx, cancel := context.WithTimeout(context.Background(), stopGrace)
		defer cancel()
		errs = append(errs, n.ns.Delete(ctx))
		n.ns = nil
	}
	return errors.Join(errs...)
}

// end ends one daemon.
func (n *OVNNode) end(p *Process) error {
	select {
	case <-p.done: // whoever asked for the node's end has its last words
		return nil
	default:
	}
	socket := map[string]string{"ovsdb-server": "ovsdb.ctl", "ovn-northd": "northd.ctl", filepath.Base(switchd): "vswitchd.ctl"}[p.name]
	if socket == "" {
		socket = fmt.Sprintf("%s.%d.ctl", p.name, p.PID()) // ovn-controller has no option for it
	}
	if _, err := ctl(n.path(socket), "exit"); err != nil {
		select {
		case <-p.done: // it hung up because it has ended
		default:
			p.Kill()
			return fmt.Errorf("%s was killed: %w", p.name, err)
		}
	}
	return p.WaitEnd()
}
