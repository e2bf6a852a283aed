// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	hugepagesDir = "/sys/kernel/mm/hugepages/hugepages-2048kB"
	pageSize     = 2 << 20 // octets
)

// hugepages reserves pages of 2 MiB for a run and puts the kernel's setting back.
type hugepages struct {
	dir    string
	before int  // nr_hugepages as it was
	taken  bool // before is valid
}

// usable says whether this process may reserve them.
func (h *hugepages) usable() error {
	f, err := os.OpenFile(filepath.Join(h.dir, "nr_hugepages"), os.O_WRONLY, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return errors.New("no permission to reserve hugepages; run as root, or choose --memory no-huge")
	case err != nil:
		return fmt.Errorf("no hugepages of 2 MiB: %w; choose --memory no-huge", err)
	}
	return f.Close()
}

// reserve sees to it that so many octets are free in hugepages.
func (h *hugepages) reserve(octets uint64) error {
	need := int((octets + pageSize - 1) / pageSize)
	total, err := h.read("nr_hugepages")
	if err != nil {
		return err
	}
	free, err := h.read("free_hugepages")
	if err != nil || free >= need {
		return err
	}
	if !h.taken {
		h.before, h.taken = total, true
	}
	if err := h.write(total + need - free); err != nil {
		return err
	}
	if free, err = h.read("free_hugepages"); err != nil || free >= need {
		return err
	}
	return fmt.Errorf("the kernel has %d of %d hugepages of 2 MiB that this case needs; free memory, or choose --memory no-huge", free, need)
}

// restore puts the kernel's setting back.
func (h *hugepages) restore() error {
	if !h.taken {
		return nil
	}
	h.taken = false
	return h.write(h.before)
}

func (h *hugepages) read(name string) (int, error) {
	b, err := os.ReadFile(filepath.Join(h.dir, name))
	if err != nil {
		return 0, fmt.Errorf("hugepages: %w", err)
	}
	return strconv.Atoi(strings.TrimSpace(string(b)))
}

func (h *hugepages) write(n int) error {
	if err := os.WriteFile(filepath.Join(h.dir, "nr_hugepages"), []byte(strconv.Itoa(n)), 0); err != nil {
		return fmt.Errorf("hugepages: %w", err)
	}
	return nil
}
