// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// sockets wants the folders in which memif and vhost-user ports make their sockets.
func sockets(m Machine, need Need) (found []Finding) {
	for _, path := range need.Sockets {
		dir := filepath.Dir(path)
		f := Finding{Status: OK, Where: path, What: "its folder is there; peers need permission to write to the socket"}
		switch {
		case dir == runtimeDir && !m.exists(dir):
			f.What = "its folder comes with the service"
		case !m.exists(dir):
			f.Status, f.What = Fail, "there is no folder for this socket"
			f.Mend = "sudo install -d -o parkway -g parkway -m 0750 " + dir
		case unix.Access(m.path(dir), unix.W_OK|unix.X_OK) != nil:
			f.Status, f.What, f.Mend = Fail, "this process may not make a socket there", "run as root, or give the user parkway that folder"
		case strings.HasPrefix(dir+"/", "/tmp/") || strings.HasPrefix(dir+"/", "/var/tmp/"):
			f.Status, f.What, f.Mend = Warn, "the service has a /tmp of its own, which no peer sees", "choose a path in "+runtimeDir
		}
		found = append(found, f)
	}
	return found
}

// runtimeDir is the service's (RuntimeDirectory=).
const runtimeDir = "/run/parkway"
