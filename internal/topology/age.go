// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// AgeThresholds is a parsed mac_binding_age_threshold. The zero value is off for all.
type AgeThresholds struct {
	prefixes []ageThreshold // longest first
	rest     time.Duration
}

type ageThreshold struct {
	prefix netip.Prefix // masked
	age    time.Duration
}

// For returns the threshold of an address: that of the longest prefix that holds it,
// otherwise the default. 0 is off.
func (a *AgeThresholds) For(ip netip.Addr) time.Duration {
	for i := range a.prefixes {
		if a.prefixes[i].prefix.Contains(ip) {
			return a.prefixes[i].age
		}
	}
	return a.rest
}

// CheckAgeThreshold checks a mac_binding_age_threshold; see ParseAgeThreshold.
func CheckAgeThreshold(s string) error {
	_, err := ParseAgeThreshold(s)
	return err
}

// ParseAgeThreshold reads a mac_binding_age_threshold in OVN's syntax: seconds,
// or a ;-separated list of CIDR:seconds with at most one default, a plain
// number. Empty and 0 are off. Of two thresholds for one CIDR the first counts.
func ParseAgeThreshold(s string) (AgeThresholds, error) {
	var a AgeThresholds
	if s == "" {
		return a, nil
	}
	haveDefault := false
	for entry := range strings.SplitSeq(s, ";") {
		cidr, seconds := "", entry
		if i := strings.LastIndexByte(entry, ':'); i >= 0 {
			cidr, seconds = entry[:i], entry[i+1:]
		}
		n, err := strconv.ParseUint(seconds, 10, 32)
		if err != nil {
			return AgeThresholds{}, fmt.Errorf("mac_binding_age_threshold: %q is no number of seconds", seconds)
		}
		age := time.Duration(n) * time.Second
		if cidr == "" {
			if haveDefault {
				return AgeThresholds{}, fmt.Errorf("mac_binding_age_threshold has two defaults")
			}
			haveDefault, a.rest = true, age
			continue
		}
		prefix, err := netip.ParsePrefix(cidr)
		if err != nil {
			ip, err := netip.ParseAddr(cidr)
			if err != nil {
				return AgeThresholds{}, fmt.Errorf("mac_binding_age_threshold: %q is no CIDR", cidr)
			}
			prefix = netip.PrefixFrom(ip.WithZone(""), ip.BitLen())
		}
		a.prefixes = append(a.prefixes, ageThreshold{prefix.Masked(), age})
	}
	slices.SortStableFunc(a.prefixes, func(x, y ageThreshold) int { return y.prefix.Bits() - x.prefix.Bits() })
	return a, nil
}
