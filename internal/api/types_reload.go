// SPDX-License-Identifier: Apache-2.0

package api

import "errors"

// ReloadReply says what a reload has changed.
type ReloadReply struct {
	File          string       `json:"file"`
	Changes       List[string] `json:"changes"`        // one line each
	More          int          `json:"more"`           // lines that were left out
	Warnings      List[string] `json:"warnings"`       // of the configuration
	RoutesSet     int          `json:"routes_set"`     // table entries that are new or lead elsewhere
	RoutesDeleted int          `json:"routes_deleted"` // table entries that are gone
	Seconds       float64      `json:"seconds"`        // from reading the file to the end
}

// Reloads is what became of the reloads so far.
type Reloads struct {
	Done      uint64  `json:"done"`
	Failed    uint64  `json:"failed"`
	LastOK    bool    `json:"last_ok"`    // true as long as there was none
	LoadedAt  float64 `json:"loaded_at"`  // seconds since 1970: the configuration in force was read
	LastError string  `json:"last_error"` // empty when LastOK
}

// ErrCheck marks a configuration that does not pass `parkway check`: status 422.
var ErrCheck = errors.New("the configuration does not pass the check")

// ErrConflict marks what can't be done to a gateway that runs: status 409.
var ErrConflict = errors.New("not while the gateway runs")
