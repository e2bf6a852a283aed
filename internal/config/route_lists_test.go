// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parkway-gw/parkway/internal/topology"
)

// bothWays parses a text with its lists of routes cut out and as plain YAML, and demands
// the same, to the letter.
func bothWays(t interface{ Fatalf(string, ...any) }, text string) (*Config, error) {
	defer func(n int) { fewElements = n }(fewElements)
	fewElements = 1
	c, err := Parse("f.yaml", []byte(text))
	fewElements = math.MaxInt
	plain, plainErr := Parse("f.yaml", []byte(text))
	if fmt.Sprint(err) != fmt.Sprint(plainErr) {
		t.Fatalf("%s\nwith lists cut out:\n%v\nas YAML:\n%v", text, err, plainErr)
	}
	if !reflect.DeepEqual(c, plain) {
		t.Fatalf("%s\nwith lists cut out:\n%+v\nas YAML:\n%+v", text, c, plain)
	}
	return c, err
}

const manyRoutesHead = `version: 1
ports: [{name: p, vdev: "net_null0", iface_id: out}]
logical_switches:
  - name: sw
    ports:
      - {name: out, addresses: [unknown]}
      - {name: to-lr, type: router, addresses: ["02:00:00:00:00:01"], options: {router-port: lrp}}
logical_routers:
  - name: lr
    ports: [{name: lrp, mac: "02:00:00:00:00:01", networks: [172.16.0.1/15, "2001:db8::1/64"]}]
    static_routes:
`

// elements are ways to write an element; %s is the indentation, %d a number of its own.
var elements = []string{
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: 172.16.0.2}\n",
	"%[1]s- {ip_prefix: \"2a00:%[2]d::/32\", nexthop: \"2001:db8::2\"}\n",
	"%[1]s- {\"ip_prefix\": \"21.0.%[2]d.0/24\", \"nexthop\": \"172.16.0.%[2]d\", \"output_port\": \"lrp\"}\n",
	"%[1]s- ip_prefix: 22.0.%[2]d.0/24\n%[1]s  nexthop: 172.16.0.3\n%[1]s  output_port: lrp\n",
	"%[1]s- nexthop: 2001:db8::3\n%[1]s  ip_prefix: 2a01:%[2]d::/32\n",
	"%[1]s- {ip_prefix: 23.0.%[2]d.0/24, nexthop: discard, reason: 'it''s over', policy: dst-ip} # why\n",
	"%[1]s- {ip_prefix: '24.0.%[2]d.0/24', nexthop: prohibit}\n\n# a word\n",
	"%[1]s-   ip_prefix:   25.0.%[2]d.0/24\n%[1]s    nexthop: \"172.16.0.4\"\n",
	"%[1]s- {ip_prefix: 26.0.%[2]d.0/24,\n%[1]s nexthop: 172.16.0.5,\n           weight: 3}\n",
	"%[1]s- ip_prefix: 27.0.%[2]d.0/24\n%[1]s  nexthop: unreachable\n%[1]s  reason: |\n%[1]s    - {ip_prefix: 1.0.0.0/8}\n%[1]s    # no comment\n",
	"%[1]s- {ip_prefix: 28.0.%[2]d.7, nexthop: 172.16.0.6, route_table: red}\n",
	"%[1]s- {ip_prefix: 29.0.%[2]d.0/24, nexthop: 172.16.0.7, options: {route_table: red}, policy: src-ip}\n",
	"%[1]s- {ip_prefix: 30.0.%[2]d.0/24, nexthop: 172.16.0.7 }\n",
}

// wrong are others that have something wrong.
var wrong = []string{
	"%[1]s- {ip_prefix: 20.0.%[2]d.1/24, nexthop: 172.16.0.2}\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: 9.9.9.9}\n",
	"%[1]s- {ip_prefix: 20.0.0.0/24, nexthop: 172.16.0.2}\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: 172.16.0.2, output_port: yes}\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: 172.16.0.2, output_port: lrq}\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: 172.16.0.2, nexthop: 172.16.0.2}\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24}\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: discard, wait: 3}\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: &a discard}\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: \"discard}\n",
	"%[1]s- {ip_prefix: 2a00::/32, nexthop: 2001:db8::}\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: 172.16.0.2}}\n",
	"%[1]s- ip_prefix: 20.0.%[2]d.0/24\n%[1]s nexthop: 172.16.0.2\n",
	"%[1]s- ip_prefix: 20.0.%[2]d.0/24\n%[1]snexthop: 172.16.0.2\n",
	"%[1]s- ip_prefix: 20.0.%[2]d.0/24\n%[1]s  nexthop: 20\n%[1]s  output_port: 2001:\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24,\n nexthop: 172.16.0.5}\n", // right, but left of the dash
	"%[1]s-\n", "%[1]s- \n", "%[1]s- ~\n", "%[1]s- - a\n", "---\n", "%[1]s- {ip_prefix: \x01, nexthop: discard}\n", "# \x7f\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: \"172.16.0.2\"\"\"}\n",
	"%[1]s- {ip_prefix: '20.0.%[2]d.0/24''', nexthop: 172.16.0.2}\n",
	"    policies: []\n", "    static_routes:\n", "logical_routers:\n",
	"%[1]s- {ip_prefix: 20.0.%[2]d.0/24, nexthop: discard, reason: \"a\n%[1]s- {ip_prefix: 21.0.%[2]d.0/24, nexthop: discard}\n%[1]s- b\"}\n",
}

// Random lists mean the same, and the same is said of them, in either way to read them.
func TestRouteListsMeanTheSame(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	good := 0
	for range 1000 {
		var b strings.Builder
		b.WriteString(manyRoutesHead)
		indent := strings.Repeat(" ", []int{6, 4, 9}[r.IntN(3)])
		bad := r.IntN(3) > 0
		for i := range 1 + r.IntN(30) {
			form := elements[r.IntN(len(elements))]
			if bad && r.IntN(15) == 0 {
				form = wrong[r.IntN(len(wrong))]
			}
			if strings.Contains(form, "%") {
				form = fmt.Sprintf(form, indent, i+2)
			}
			b.WriteString(form)
		}
		if r.IntN(3) == 0 {
			b.WriteString("    options: {always_learn_from_arp_request: \"false\"}\nlog: {level: debug}\n")
		}
		text := b.String()
		if r.IntN(5) == 0 { // one octet more or less, anywhere
			at := r.IntN(len(text))
			text = text[:at] + []string{"", " ", "\n", "-", "\"", "{", ":", "#"}[r.IntN(8)] + text[at+r.IntN(2):]
		}
		if _, err := bothWays(t, text); err == nil {
			good++
		}
	}
	t.Logf("%d files are fine", good)
	if good < 100 || good > 900 {
		t.Error("too few of a kind")
	}
}

// Which elements take no YAML parser: if these do, a large file takes half a minute again.
func TestPlainElements(t *testing.T) {
	for i, form := range elements {
		text := fmt.Sprintf("    static_routes:\n"+form, "    ", 7)
		lists := findRouteLists([]byte(strings.Repeat(text, 1) + strings.Repeat(fmt.Sprintf(form, "    ", 8), fewElements)))
		if len(lists) != 1 || lists[0].len() != fewElements+1 {
			t.Fatalf("%s: no list of %d", text, fewElements+1)
		}
		others := lists[0].plain(make([]topology.StaticRoute, fewElements))
		if plain := len(others) == 0; plain != (i < 5) {
			t.Errorf("%s: plain %v", text, plain)
		}
	}
}

// A finding about a route that was read plainly has its line and column.
func TestPlainRoutesHavePlaces(t *testing.T) {
	var b strings.Builder
	b.WriteString(manyRoutesHead)
	for i := range 3 * fewElements {
		nexthop := "172.16.0.2"
		if i == 700 {
			nexthop = "9.9.9.9"
		}
		fmt.Fprintf(&b, "      - {ip_prefix: 20.%d.%d.0/24, nexthop: %s}\n", i>>8, i&255, nexthop)
	}
	_, err := Parse("f.yaml", []byte(b.String()))
	want := fmt.Sprintf("f.yaml:%d:%d: route 20.2.188.0/24: next hop 9.9.9.9 is on no network", strings.Count(manyRoutesHead, "\n")+701, 45)
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}
