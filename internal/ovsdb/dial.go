// SPDX-License-Identifier: Apache-2.0

package ovsdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
)

// IsAddress reports whether s names a server rather than a file.
func IsAddress(s string) bool {
	scheme, _, found := strings.Cut(s, ":")
	switch scheme {
	case "unix", "tcp", "ssl", "punix", "ptcp", "pssl":
		return found
	}
	return false
}

// dialTarget is what net.Dial wants for unix:PATH and tcp:HOST:PORT.
func dialTarget(address string) (network, target string, err error) {
	scheme, rest, _ := strings.Cut(address, ":")
	switch scheme {
	case "unix":
		if rest == "" {
			return "", "", fmt.Errorf("%s: there is no path; write unix:/run/ovn/ovnnb_db.sock", address)
		}
		return "unix", rest, nil
	case "tcp":
		host, port, err := net.SplitHostPort(rest)
		if err != nil || host == "" || port == "" {
			return "", "", fmt.Errorf("%s: this is no host and port; write tcp:192.0.2.1:6641 or tcp:[2001:db8::1]:6641", address)
		}
		return "tcp", rest, nil
	case "ssl":
		return "", "", fmt.Errorf("%s: TLS is not supported; use the server's unix socket, or a dump: ovsdb-client -p KEY -c CERT -C CACERT dump -f json %s OVN_Northbound", address, address)
	case "punix", "ptcp", "pssl":
		return "", "", fmt.Errorf("%s: this is how a server listens; write %s", address, address[1:])
	}
	return "", "", fmt.Errorf("%s: this is no server's address; write unix:PATH or tcp:HOST:PORT", address)
}

// Dial connects to a server: unix:PATH or tcp:HOST:PORT. ctx bounds the connecting
// alone; Close ends the connection.
func Dial(ctx context.Context, address string) (*Client, error) {
	network, target, err := dialTarget(address)
	if err != nil {
		return nil, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, network, target)
	if err != nil {
		return nil, dialError(address, err)
	}
	return newClient(address, conn, MaxSize), nil
}

func dialError(address string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s: no such socket; is ovsdb-server running? OVN's northbound socket is mostly /run/ovn/ovnnb_db.sock or /var/run/ovn/ovnnb_db.sock", address)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s: permission denied; run as root or as a user who may write to the socket", address)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%s: nobody listens there; start ovsdb-server, and for tcp let it listen: ovn-nbctl set-connection ptcp:6641", address)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: interrupted", address)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s: no answer in time; check host, port and firewall", address)
	}
	return fmt.Errorf("%s: %w; check host, port and firewall", address, err)
}
