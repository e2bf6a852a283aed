// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fault is what is wrong with a value, and the mend.
type fault struct{ msg, hint string }

func (f fault) Error() string { return f.msg + "; " + f.hint }

func faultf(hint, format string, args ...any) error { return fault{fmt.Sprintf(format, args...), hint} }

func asFault(err error) fault {
	var f fault
	if !errors.As(err, &f) {
		f.msg = err.Error()
	}
	return f
}

// parseInt reads decimal digits. YAML's own octal, hexadecimal and grouped
// forms are refused: nobody who reads 0010 in a configuration means 8.
func parseInt(s string, lowest, highest int) (int, error) {
	i, err := strconv.Atoi(s)
	switch {
	case errors.Is(err, strconv.ErrRange):
	case err != nil || s != strconv.Itoa(i):
		return 0, faultf("write a whole number in decimal digits, such as "+strconv.Itoa(max(lowest, 1)), "%s is no decimal number", quote(s))
	}
	if err != nil || i < lowest || i > highest {
		return 0, faultf(fmt.Sprintf("choose a value from %d to %d", lowest, highest), "%s is out of range", clip(s))
	}
	return i, nil
}

// parseDuration reads Go's durations: a number and a unit.
func parseDuration(s string, lowest, highest time.Duration) (time.Duration, error) {
	if _, err := strconv.ParseFloat(s, 64); err == nil && s != "0" {
		return 0, faultf(fmt.Sprintf("write a unit, such as %ss, %sms or %sus", clip(s), clip(s), clip(s)), "%s has no unit", quote(s))
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, faultf("write a number and a unit (us, ms, s, m, h), such as 3s", "%s is no duration", quote(s))
	}
	if d < lowest || d > highest {
		return 0, faultf(fmt.Sprintf("choose a value from %s to %s", shortDuration(lowest), shortDuration(highest)), "%s is out of range", clip(s))
	}
	return d, nil
}

// shortDuration is 1h rather than 1h0m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return strings.ReplaceAll(s, "µ", "u")
}

const (
	kib = 1 << 10
	mib = 1 << 20
	gib = 1 << 30
)

// parseSize reads a number of octets with a binary unit.
func parseSize(s string, lowest, highest uint64) (uint64, error) {
	units := []struct {
		name string
		size uint64
	}{{"KiB", kib}, {"MiB", mib}, {"GiB", gib}}
	for _, u := range units {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimRight(digits, " "), 10, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) {
			break
		}
		if err != nil || n > math.MaxUint64/u.size || n*u.size < lowest || n*u.size > highest {
			return 0, faultf(fmt.Sprintf("choose a value from %s to %s", sizeText(lowest), sizeText(highest)), "%s is out of range", clip(s))
		}
		return n * u.size, nil
	}
	if digits := strings.TrimRight(s, " KMGkmgibB"); digits != "" {
		if _, err := strconv.ParseUint(digits, 10, 64); err == nil && digits != s {
			unit := strings.ToUpper(strings.TrimLeft(s[len(digits):], " "))[:1]
			if strings.Contains("KMG", unit) {
				return 0, faultf(fmt.Sprintf("write %s%siB", clip(digits), unit), "%s has a unit other than KiB, MiB and GiB", quote(s))
			}
		} else if err == nil {
			return 0, faultf(fmt.Sprintf("write the unit, such as %sMiB", clip(digits)), "%s has no unit", quote(s))
		}
	}
	return 0, faultf("write a number and KiB, MiB or GiB, such as 512MiB", "%s is no size", quote(s))
}

// sizeText writes a size in the largest unit that keeps it whole, or rounded to
// tenths of MiB.
func sizeText(n uint64) string {
	switch {
	case n != 0 && n%gib == 0:
		return fmt.Sprintf("%dGiB", n/gib)
	case n%mib == 0:
		return fmt.Sprintf("%dMiB", n/mib)
	case n%kib == 0 && n < mib:
		return fmt.Sprintf("%dKiB", n/kib)
	}
	return fmt.Sprintf("%.1fMiB", float64(n)/mib)
}

// maxCPU is the highest CPU number that fits the kernel's default CPU set.
const maxCPU = 1023

// parseCPUs reads a list of CPUs and ranges, "0-3,8", into ascending order.
func parseCPUs(s string) ([]int, error) {
	const hint = "write CPU numbers and ranges, such as 1-3,8"
	if hex := strings.TrimPrefix(strings.ToLower(strings.TrimSpace(s)), "0x"); hex != strings.ToLower(strings.TrimSpace(s)) {
		want := "such as 1-3,8"
		if mask, err := strconv.ParseUint(hex, 16, 64); err == nil && mask != 0 {
			want = strconv.Quote(maskText(mask))
		}
		return nil, faultf("write a list of CPUs, "+want, "%s is a hex mask", quote(s))
	}
	var cpus []int
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		lo, err1 := strconv.Atoi(strings.TrimSpace(first))
		hi, err2 := strconv.Atoi(strings.TrimSpace(last))
		switch {
		case err1 != nil || err2 != nil || strings.ContainsAny(part, "+"):
			return nil, faultf(hint, "%s is no list of CPUs", quote(s))
		case lo > hi:
			return nil, faultf(fmt.Sprintf("write %d-%d", hi, lo), "range %s runs backwards", quote(part))
		case hi > maxCPU:
			return nil, faultf(fmt.Sprintf("CPUs are numbered from 0 to %d", maxCPU), "CPU %d is out of range", hi)
		}
		for c := lo; c <= hi; c++ {
			if slices.Contains(cpus, c) {
				return nil, faultf("list each CPU once", "CPU %d is listed twice", c)
			}
			cpus = append(cpus, c)
		}
	}
	slices.Sort(cpus)
	return cpus, nil
}

// maskText writes a bit mask as a CPU list.
func maskText(mask uint64) string {
	var parts []string
	for c := 0; c < 64; c++ {
		if mask>>c&1 == 0 {
			continue
		}
		first := c
		for c+1 < 64 && mask>>(c+1)&1 == 1 {
			c++
		}
		if first == c {
			parts = append(parts, strconv.Itoa(c))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", first, c))
		}
	}
	return strings.Join(parts, ",")
}

// parseFileMode reads octal permission bits, with or without a leading 0.
func parseFileMode(s string) (fs.FileMode, error) {
	m, err := strconv.ParseUint(strings.TrimPrefix(s, "0o"), 8, 32)
	if err != nil || m > 0o777 || s == "" {
		return 0, faultf(`write octal permissions such as "0660"`, "%s is no file mode", quote(s))
	}
	return fs.FileMode(m), nil
}

// maxSocketPath is sockaddr_un's room without the terminating zero.
const maxSocketPath = 107

func parseSocket(s string) (string, error) {
	switch {
	case !filepath.IsAbs(s):
		return "", faultf("write an absolute path such as /run/parkway/parkway.sock", "%s is no absolute path", quote(s))
	case len(s) > maxSocketPath:
		return "", faultf(fmt.Sprintf("a unix socket's path has room for %d", maxSocketPath), "the path is %d bytes long", len(s))
	case strings.HasSuffix(s, "/") || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }):
		return "", faultf("name a file, such as /run/parkway/parkway.sock", "%s is no path of a socket", quote(s))
	}
	return s, nil
}

// parseStateDir reads the path of a folder; empty is off.
func parseStateDir(s string) (string, error) {
	switch {
	case s == "":
		return "", nil
	case !filepath.IsAbs(s):
		return "", faultf(`write an absolute path such as /var/lib/parkway, or "" to keep nothing`, "%s is no absolute path", quote(s))
	case len(s) > 1024 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }):
		return "", faultf("write a path such as /var/lib/parkway", "%s is no path of a folder", quote(s))
	}
	return filepath.Clean(s), nil
}

// parseListen reads host:port; empty is off.
func parseListen(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	const hint = `write address:port such as "127.0.0.1:9470", or "" for no metrics`
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", faultf(hint, "%s is no address:port", quote(s))
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return "", faultf(hint, "%s has no port from 1 to 65535", quote(s))
	}
	if host != "" && host != "localhost" {
		if _, err := netip.ParseAddr(host); err != nil {
			return "", faultf(hint, "%s is no IP address", quote(host))
		}
	}
	return s, nil
}

// parseChoice reads one of a few words.
func parseChoice[T ~string](s string, choices ...T) (T, error) {
	if slices.Contains(choices, T(s)) {
		return T(s), nil
	}
	words := make([]string, len(choices))
	for i, c := range choices {
		words[i] = string(c)
		if strings.EqualFold(s, words[i]) {
			letters := "lower"
			if words[i] == strings.ToUpper(words[i]) {
				letters = "upper"
			}
			return "", faultf("write "+words[i]+", in "+letters+" case", "%s is not known", quote(s))
		}
	}
	return "", faultf("choose one of "+strings.Join(words, ", "), "%s is not known", quote(s))
}
