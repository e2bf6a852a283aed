// SPDX-License-Identifier: Apache-2.0

package topology

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// CheckAgeThreshold checks a mac_binding_age_threshold in OVN's syntax: seconds,
// or a ;-separated list of CIDR:seconds with at most one default, a plain
// number. Empty and 0 are off.
func CheckAgeThreshold(s string) error {
	if s == "" {
		return nil
	}
	haveDefault := false
	for entry := range strings.SplitSeq(s, ";") {
		cidr, seconds := "", entry
		if i := strings.LastIndexByte(entry, ':'); i >= 0 {
			cidr, seconds = entry[:i], entry[i+1:]
		}
		if _, err := strconv.ParseUint(seconds, 10, 32); err != nil {
			return fmt.Errorf("mac_binding_age_threshold: %q is no number of seconds", seconds)
		}
		if cidr == "" {
			if haveDefault {
				return fmt.Errorf("mac_binding_age_threshold has two defaults")
			}
			haveDefault = true
			continue
		}
		if _, err := netip.ParsePrefix(cidr); err != nil {
			if _, err := netip.ParseAddr(cidr); err != nil {
				return fmt.Errorf("mac_binding_age_threshold: %q is no CIDR", cidr)
			}
		}
	}
	return nil
}
