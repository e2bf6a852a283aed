// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// MaxSize bounds a file and a message of a server, in octets. The largest Northbound
// databases known have some tens of MiB.
const MaxSize = 256 << 20

// ReadFile reads a database file or a dump, whichever it is.
func ReadFile(path string) (*Database, error) {
	data, err := readBounded(path, MaxSize)
	if err != nil {
		return nil, err
	}
	start := bytes.TrimLeft(data[:min(len(data), 4096)], " \t\r\n")
	switch {
	case bytes.HasPrefix(data, []byte("OVSDB ")):
		return ReadLog(path, data)
	case bytes.HasPrefix(start, []byte("{")):
		return ReadDump(path, data)
	case len(start) == 0:
		return nil, fmt.Errorf("%s: the file is empty; name a database file, a dump or a socket", path)
	}
	return nil, fmt.Errorf("%s: this is neither a database file, which begins with \"OVSDB\", nor a dump, which begins with \"{\"; %s", path, dumpCommand)
}

func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileError(path, err)
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Mode()&fs.ModeSocket != 0 {
		return nil, socketHint(path)
	}
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return nil, fileError(path, err)
	}
	if int64(len(data)) > most {
		return nil, fmt.Errorf("%s: the file is larger than %d MiB; is this the right file? ovsdb-tool compact makes one smaller", path, most>>20)
	}
	return data, nil
}

func socketHint(path string) error {
	return fmt.Errorf("%s: this is a socket; write unix:%s", path, path)
}

func fileError(path string, err error) error {
	switch {
	case errors.Is(err, syscall.ENXIO): // what opening a socket says
		return socketHint(path)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: no such file; name a database file, a dump, or a socket as unix:PATH or tcp:HOST:PORT", path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: permission denied; run as a user who may read it", path)
	case errors.Is(err, syscall.EISDIR):
		return fmt.Errorf("%s: this is a directory; name the file in it", path)
	}
	return fmt.Errorf("%s: %w; check the file and its disk", path, err)
}
