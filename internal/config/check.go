// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"strings"
)

// Exit statuses of `parkway check` (DESIGN §7).
const (
	ExitOK     = 0
	ExitFailed = 3 // the file has problems, or couldn't be read and so not checked
)

// Check does what `parkway check` does: it loads a file and says in lines what
// there is to say: warnings, then either one line that begins with "FILE: ok"
// or one line per problem. It needs neither root nor DPDK.
func Check(path string) (report string, exit int) {
	c, err := Load(path)
	if err != nil {
		var ps Problems
		if !errors.As(err, &ps) {
			ps = Problems{{File: path, Msg: err.Error()}}
		}
		return ps.Error() + "\n", ExitFailed
	}
	var b strings.Builder
	for _, w := range c.Warnings {
		w.Msg = "warning: " + w.Msg
		fmt.Fprintln(&b, w)
	}
	fmt.Fprintf(&b, "%s: ok (%s)\n", oneLine(path), c.Summary())
	return b.String(), ExitOK
}
