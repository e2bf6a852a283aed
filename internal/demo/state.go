// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// files are the names in the run directory; Down removes these and no others.
const (
	stateFile  = "state.json"
	configFile = "demo.yaml"
	logFile    = "parkway.log"
	pidFile    = "parkway.pid"
	socketFile = "parkway.sock"
	lockFile   = "parkway.sock.lock" // a killed gateway leaves it
	pcap4File  = "ext0-ipv4.pcap"
	pcap6File  = "ext0-ipv6.pcap"
)

// state is what Up has made or is about to make.
type state struct {
	Owner      process  `json:"owner"`   // the `demo up` that works on it
	Gateway    process  `json:"gateway"` // zero until it runs
	Namespaces []string `json:"namespaces"`
	Up         bool     `json:"up"`
}

// process names a process for good: ids are used again, an id with its start time
// is not.
type process struct {
	Pid   int    `json:"pid"`
	Start uint64 `json:"start"` // clock ticks since boot, /proc/PID/stat field 22
}

func identify(pid int) process {
	start, _ := procStat(pid)
	return process{Pid: pid, Start: start}
}

// alive reports whether that very process still runs; a zombie doesn't.
func (p process) alive() bool {
	if p.Pid <= 0 {
		return false
	}
	start, running := procStat(p.Pid)
	return running && start == p.Start
}

func procStat(pid int) (start uint64, running bool) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, false
	}
	// The name in field 2 may hold anything, a closing parenthesis included.
	f := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
	if len(f) < 20 {
		return 0, false
	}
	start, _ = strconv.ParseUint(f[19], 10, 64)
	return start, f[0] != "Z" && f[0] != "X"
}

// readState returns nil when there is no demo.
func readState(dir string) (*state, error) {
	b, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s state
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("%s: %w; remove it if no demo runs", filepath.Join(dir, stateFile), err)
	}
	return &s, nil
}

// write replaces the state file as a whole.
func (s *state) write(dir string) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(dir, stateFile)
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// removeFiles empties and removes the run directory; files that are not the
// demo's stay, and the directory with them.
func removeFiles(dir string) error {
	var errs []error
	for _, name := range []string{configFile, logFile, pidFile, socketFile, lockFile, pcap4File, pcap6File, stateFile + ".new", stateFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	_ = os.Remove(dir)
	return errors.Join(errs...)
}
