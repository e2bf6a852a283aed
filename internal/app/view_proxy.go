// SPDX-License-Identifier: Apache-2.0

package app

import (
	"strings"

	"github.com/parkway-gw/parkway/forwarder"
)

// arpProxy is a switch port's option in OVN's form, empty when it has none.
func arpProxy(p forwarder.SwitchPort) string {
	var words []string
	if !p.ARPProxyMAC.IsZero() {
		words = append(words, p.ARPProxyMAC.String())
	}
	for _, prefix := range p.ARPProxy {
		if prefix.IsSingleIP() {
			words = append(words, prefix.Addr().String())
		} else {
			words = append(words, prefix.String())
		}
	}
	return strings.Join(words, " ")
}
