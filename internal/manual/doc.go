// SPDX-License-Identifier: Apache-2.0

// Package manual writes the manual from what the program itself knows: the command table
// of internal/cli and the keys that internal/config decodes. Out come man pages, the
// reference of the command line, and the JSON Schema of the configuration.
//
// `make docs` writes them into the repository; a test says when they are stale. It is no
// part of the daemon, runs on any goroutine, and of this module imports internal/config
// only: the command table is handed to it.
package manual
