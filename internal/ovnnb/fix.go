// SPDX-License-Identifier: Apache-2.0

package ovnnb

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/parkway-gw/parkway/internal/ovsdb"
)

// What follows reads columns whose meaning is not all in their text.

// maskedPrefix is ip_prefix without the bits behind its length, which OVN ignores.
func maskedPrefix(row ovsdb.Row) (ovsdb.Value, error) {
	v := row["ip_prefix"]
	if list, err := v.Strings(); err == nil && len(list) == 1 {
		if p, err := netip.ParsePrefix(list[0]); err == nil {
			return textValue(p.Masked().String()), nil
		}
	}
	return v, nil
}

func textValue(list ...string) (v ovsdb.Value) {
	for _, s := range list {
		v.Atoms = append(v.Atoms, s)
	}
	return v
}

// raConfigs is nothing without an address_mode: OVN advertises nothing then either.
func raConfigs(row ovsdb.Row) (ovsdb.Value, error) {
	v := row["ipv6_ra_configs"]
	if m, err := v.StringMap(); err == nil && m["address_mode"] == "" {
		return ovsdb.Value{}, nil
	}
	return v, nil
}

// portAddresses are a switch port's; where OVN was told to choose one (dynamic), what it
// chose.
func portAddresses(row ovsdb.Row) (ovsdb.Value, error) {
	list, err := row["addresses"].Strings()
	if err != nil {
		return row["addresses"], nil // which says what is wrong
	}
	chosen, err := row["dynamic_addresses"].Strings()
	if err != nil {
		return ovsdb.Value{}, fmt.Errorf("dynamic_addresses %w", err)
	}
	var out []string
	for _, a := range list {
		if !slices.Contains(strings.Fields(a), "dynamic") {
			out = append(out, a)
			continue
		}
		if len(chosen) == 0 || chosen[0] == "" {
			return ovsdb.Value{}, fmt.Errorf("says %q, and OVN has not chosen an address yet", a)
		}
		if !slices.Contains(out, chosen[0]) {
			out = append(out, chosen[0])
		}
	}
	return textValue(out...), nil
}
