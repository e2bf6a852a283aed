// SPDX-License-Identifier: Apache-2.0

package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parkway-gw/parkway/internal/topology"
)

// File is the name of the neighbors' file in a state folder.
const File = "neighbors.json"

const (
	format  = "parkway-neighbors"
	version = 1

	// maxSize bounds a file that is read, octets. A neighbor takes 200 at most.
	maxSize = 1 << 30
	// maxAge is what an age is cut to; a file from the future has none.
	maxAge = 10 * 365 * 24 * time.Hour
)

// Neighbor is a neighbor that was learned.
type Neighbor struct {
	RouterPort string
	IP         netip.Addr
	MAC        topology.MAC
	Age        time.Duration // since it was confirmed, heard or used last
	Confirmed  bool          // it has answered, at least once
}

// header is what comes before the neighbors.
type header struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	SavedAt time.Time `json:"saved_at"`
}

type record struct {
	RouterPort string  `json:"router_port"`
	IP         string  `json:"ip"`
	MAC        string  `json:"mac"`
	AgeSeconds float64 `json:"age_seconds"`
	Confirmed  bool    `json:"confirmed"`
}

// Write replaces the file in dir, made if it is missing, by one with these neighbors.
// After an error the file is the one that was there before. now is the wall clock's.
func Write(dir string, neighbors []Neighbor, now time.Time) (err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+File+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(encode(neighbors, now)); err != nil {
		return err
	}
	if err := f.Chmod(0o640); err != nil {
		return err
	}
	if err := f.Sync(); err != nil { // else the name may outlive a power cut and the content not
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, File)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return nil // it is written; only the power cut may take it back
	}
	_ = d.Sync()
	return d.Close()
}

// encode writes one neighbor a line, so that people can read it too.
func encode(neighbors []Neighbor, now time.Time) []byte {
	var b bytes.Buffer
	saved, _ := now.UTC().MarshalJSON()
	fmt.Fprintf(&b, "{\"format\": %q, \"version\": %d, \"saved_at\": %s, \"neighbors\": [", format, version, saved)
	for i, n := range neighbors {
		line, _ := json.Marshal(record{n.RouterPort, n.IP.String(), n.MAC.String(), n.Age.Seconds(), n.Confirmed})
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		b.Write(line)
	}
	b.WriteString("\n]}\n")
	return b.Bytes()
}

// Read reads the file in dir, at most so many neighbors, the first ones; ages include the
// time since it was written. An error that is os.ErrNotExist says that there is none, any
// other that it can't be used. now is the wall clock's.
func Read(dir string, most int, now time.Time) ([]Neighbor, error) {
	path := filepath.Join(dir, File)
	// A fifo must not make us wait, nor a link lead us elsewhere.
	f, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no ordinary file", path)
	case info.Size() > maxSize:
		return nil, fmt.Errorf("%s has %d octets, more than the %d that any list of neighbors has", path, info.Size(), maxSize)
	}
	neighbors, err := decode(io.LimitReader(f, maxSize), most, now)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return neighbors, nil
}

// decode reads value by value: a file of any size takes the memory of its largest value.
func decode(r io.Reader, most int, now time.Time) ([]Neighbor, error) {
	d := json.NewDecoder(r)
	if err := expect(d, json.Delim('{')); err != nil {
		return nil, errors.New("it is no file of saved neighbors")
	}
	var h header
	for _, field := range []struct {
		key string
		to  any
	}{{"format", &h.Format}, {"version", &h.Version}, {"saved_at", &h.SavedAt}, {"neighbors", nil}} {
		if err := expect(d, field.key); err != nil {
			return nil, fmt.Errorf("it is no file of saved neighbors, or damaged: %w", err)
		}
		if field.to == nil {
			break
		}
		if err := d.Decode(field.to); err != nil {
			return nil, fmt.Errorf("%s: %w", field.key, damaged(err))
		}
		switch {
		case h.Format != format:
			return nil, fmt.Errorf("its format is %.40q, not %q", h.Format, format)
		case field.key == "version" && h.Version != version:
			return nil, fmt.Errorf("it is of version %d; this Parkway reads version %d", h.Version, version)
		}
	}
	if err := expect(d, json.Delim('[')); err != nil {
		return nil, err
	}
	away := max(0, now.Sub(h.SavedAt))
	var out []Neighbor
	for d.More() {
		if len(out) == most {
			return out, nil // the rest has no room; nobody needs it sound
		}
		var rec record
		if err := d.Decode(&rec); err != nil {
			return nil, fmt.Errorf("neighbor %d: %w", len(out)+1, damaged(err))
		}
		n, err := rec.neighbor(away)
		if err != nil {
			return nil, fmt.Errorf("neighbor %d: %w", len(out)+1, err)
		}
		out = append(out, n)
	}
	for _, end := range []json.Token{json.Delim(']'), json.Delim('}')} {
		if err := expect(d, end); err != nil {
			return nil, err
		}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the end")
	}
	return out, nil
}

func expect(d *json.Decoder, want json.Token) error {
	got, err := d.Token()
	switch {
	case err != nil:
		return damaged(err)
	case got != want:
		return fmt.Errorf("%.40q where %q should be", fmt.Sprint(got), fmt.Sprint(want))
	}
	return nil
}

// damaged says in words what the decoder found.
func damaged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends too early")
	}
	return err
}

func (r *record) neighbor(away time.Duration) (Neighbor, error) {
	n := Neighbor{RouterPort: r.RouterPort, Confirmed: r.Confirmed}
	if msg := topology.CheckName(r.RouterPort); msg != "" {
		return n, fmt.Errorf("the router port %.80s", msg)
	}
	var err error
	if n.IP, err = netip.ParseAddr(r.IP); err != nil || n.IP.Zone() != "" || n.IP.Is4In6() {
		return n, fmt.Errorf("%.60q is no IP address", r.IP)
	}
	if n.MAC, err = topology.ParseMAC(r.MAC); err != nil || n.MAC.IsZero() || n.MAC[0]&1 != 0 {
		return n, fmt.Errorf("%.60q is no station's MAC", r.MAC)
	}
	if math.IsNaN(r.AgeSeconds) || r.AgeSeconds < 0 {
		return n, fmt.Errorf("an age of %v s", r.AgeSeconds)
	}
	n.Age = maxAge
	if r.AgeSeconds < maxAge.Seconds() {
		n.Age = min(maxAge, time.Duration(r.AgeSeconds*float64(time.Second))+min(away, maxAge))
	}
	return n, nil
}
