// SPDX-License-Identifier: Apache-2.0

package app

import (
	"net"
	"os"
)

// notify tells systemd what the daemon does (sd_notify(3)); without systemd it does
// nothing. What goes wrong is systemd's to notice.
func notify(state string) {
	name := os.Getenv("NOTIFY_SOCKET")
	if name == "" || name[0] != '/' && name[0] != '@' {
		return
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"}) // net reads @ as the abstract one
	if err != nil {
		return
	}
	_, _ = conn.Write([]byte(state))
	_ = conn.Close()
}
