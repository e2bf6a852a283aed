// SPDX-License-Identifier: Apache-2.0

package target

// Sizer is a target that knows how much DPDK memory it takes, in octets, where that is
// not what Scenario.MemorySize says.
type Sizer interface {
	MemorySize(Scenario) uint64
}

// Noter is a target that has something to say about its windows: settings, use of its
// caches. Notes is called before Stop.
type Noter interface {
	Notes() []string
}
