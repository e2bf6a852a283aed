// SPDX-License-Identifier: Apache-2.0

// Package metrics is the Prometheus endpoint: /metrics, /healthz and /readyz over
// HTTP. It reads the same api.Source as the API does, at scrape time, and keeps no
// counter of its own; so it never touches what workers write.
//
// Labels are bounded by the configuration: never a next hop's address or a MAC.
//
// Any goroutine may call it. Of this module it imports internal/api only.
package metrics
