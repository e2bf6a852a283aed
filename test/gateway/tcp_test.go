// SPDX-License-Identifier: Apache-2.0

package gateway_test

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/lab"
)

const downloadSize = 100_000_000

// opening matches the segments that have SYN and not ACK.
const opening = "(tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn) or (ip6[6] == 6 and ip6[53] & 0x12 == 2)"

// TestDownload fetches a large file through a cold gateway: the very first SYN waits
// for the resolution and is not sent again.
func TestDownload(t *testing.T) {
	g := startArticle(t)
	content := make([]byte, downloadSize)
	source := rand.NewChaCha8([32]byte([]byte("a file for curl, always the same")))
	_, _ = source.Read(content)
	want := sha256.Sum256(content)
	for i, family := range families {
		l := g.listenTCP(pcExt, i)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
			_, _ = w.Write(content)
		})}
		go func() { _ = server.Serve(l) }()
		g.must(g.hosts[pcExt.name].FlushNeighbors(g.ctx, pcExt.iface))
		if i > 0 {
			g.cli("neighbor", "flush")
		}
		atPC1, atExt := g.capture(pc1.name, opening), g.capture(pcExt.name, opening)
		file := filepath.Join(g.dir, "download")
		start := time.Now()
		_, err := g.hosts[pc1.name].Run(g.ctx, "curl", "-sS", "--noproxy", "*", "--max-time", "40", "-o", file, fmt.Sprintf("http://%s/", l.Addr()))
		took := time.Since(start)
		_ = server.Close()
		if err != nil {
			t.Errorf("%s: %v", family, err)
		} else if got, size := hashFile(t, file); got != want {
			t.Errorf("%s: curl has %d octets, and not the ones that were sent", family, size)
		}
		sent, arrived := g.frames(atPC1), g.frames(atExt)
		if len(sent) != 1 || len(arrived) != 1 {
			t.Errorf("%s: %d SYNs left PC1 and %d reached PC-EXT, want one", family, len(sent), len(arrived))
		} else {
			t.Logf("%s: %d MB in %v, %.0f Mbit/s; the cold SYN took %v", family, downloadSize/1_000_000, took.Round(time.Millisecond),
				downloadSize*8/took.Seconds()/1e6, arrived[0].Time.Sub(sent[0].Time).Round(time.Microsecond))
		}
	}
}

func hashFile(t *testing.T, path string) (sum [sha256.Size]byte, size int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if size, err = io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return [sha256.Size]byte(h.Sum(nil)), size
}

// TestIperf runs iperf3 both ways through a cold gateway.
func TestIperf(t *testing.T) {
	g := startArticle(t)
	server, err := g.lab.Start(g.hosts[pcExt.name], "iperf3", "-s", "--forceflush")
	g.must(err)
	g.must(lab.Wait(g.ctx, "iperf3 to listen", func() error {
		if !strings.Contains(server.Log(), "listening on") {
			return errors.New("it said: " + server.Log())
		}
		return nil
	}))
	atPC1 := g.capture(pc1.name, opening)
	for i, way := range [][]string{nil, {"-R"}} {
		args := append([]string{"-J", "-t", "3", "--connect-timeout", "5000", "-c", pcExt.ip(i).String()}, way...)
		out, err := g.hosts[pc1.name].Run(g.ctx, "iperf3", args...)
		g.must(err)
		var report struct {
			End struct {
				Sent struct {
					Retransmits int
				} `json:"sum_sent"`
				Received struct {
					Bytes         float64
					BitsPerSecond float64 `json:"bits_per_second"`
				} `json:"sum_received"`
			}
		}
		g.must(json.Unmarshal([]byte(out), &report))
		if report.End.Received.Bytes < 1e6 {
			t.Errorf("iperf3 %v: %.0f octets in 3 s", way, report.End.Received.Bytes)
		}
		t.Logf("iperf3 %v over %s: %.0f Mbit/s, %d retransmissions", way, families[i], report.End.Received.BitsPerSecond/1e6, report.End.Sent.Retransmits)
	}
	// Each run makes two connections: one to agree on the test, one for the data.
	if syns := g.frames(atPC1); len(syns) != 4 {
		t.Errorf("%d SYNs for 4 connections", len(syns))
	}
}
