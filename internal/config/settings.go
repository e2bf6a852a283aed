// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/viper"
	"go.yaml.in/yaml/v3"

	"github.com/parkway-gw/parkway/internal/topology"
)

// kind is how a setting may be written in YAML.
type kind uint8

const (
	asText   kind = iota // a string
	asNumber             // a plain whole number
	asEither             // "0" or 0: CPU lists, file modes
	asFlag               // true or false
)

// setting is one scalar of the local sections. Its value can come from the
// default, from the file, and from the environment, the later winning.
type setting struct {
	key      string // section.key, as in the file
	fallback string // the default, in the file's syntax; empty is set by defaultText
	kind     kind
	set      func(c *Config, text string) error
}

// env is the environment variable that overrides a setting.
func (s *setting) env() string {
	return envPrefix + "_" + strings.ToUpper(strings.ReplaceAll(s.key, ".", "_"))
}

const envPrefix = "PARKWAY"

// store makes a setter out of a parser and a place.
func store[T any](parse func(string) (T, error), place func(*Config) *T) func(*Config, string) error {
	return func(c *Config, text string) error {
		v, err := parse(text)
		if err == nil {
			*place(c) = v
		}
		return err
	}
}

func ints(lowest, highest int) func(string) (int, error) {
	return func(s string) (int, error) { return parseInt(s, lowest, highest) }
}

func durations(lowest, highest time.Duration) func(string) (time.Duration, error) {
	return func(s string) (time.Duration, error) { return parseDuration(s, lowest, highest) }
}

func choices[T ~string](words ...T) func(string) (T, error) {
	return func(s string) (T, error) { return parseChoice(s, words...) }
}

// maxWorkers is the datapath's bound (cgo.MaxWorkers).
const maxWorkers = 32

func parseControl(s string) (int, error) {
	cpus, err := parseCPUs(s)
	if err == nil && len(cpus) != 1 {
		return 0, faultf("name one CPU, such as 0", "the control lcore runs on one CPU, not on %d", len(cpus))
	}
	if err != nil {
		return 0, err
	}
	return cpus[0], nil
}

// settings is every scalar setting, in the file's order.
var settings = []setting{
	{"system.name", "", asText, store(parseSystemName, func(c *Config) *string { return &c.System.Name })},

	{"dpdk.memory.mode", "auto", asText, store(choices(MemoryAuto, MemoryHugepages, MemoryNoHuge), func(c *Config) *MemoryMode { return &c.DPDK.Memory.Mode })},
	{"dpdk.memory.size", "512MiB", asText, store(parseMemory, func(c *Config) *uint64 { return &c.DPDK.Memory.Size })},
	{"dpdk.mbufs", "16384", asNumber, store(ints(1024, 1<<24), func(c *Config) *int { return &c.DPDK.Mbufs })},

	{"cpu.control", "0", asEither, store(parseControl, func(c *Config) *int { return &c.CPU.Control })},
	{"cpu.workers", "1", asEither, setWorkers},
	{"cpu.idle.mode", "adaptive", asText, store(choices(IdlePoll, IdleAdaptive), func(c *Config) *IdleMode { return &c.CPU.Idle.Mode })},
	{"cpu.idle.max_sleep", "50us", asText, store(durations(time.Microsecond, 10*time.Millisecond), func(c *Config) *time.Duration { return &c.CPU.Idle.MaxSleep })},

	{"arpbuf.profile", "default", asText, store(choices("default", "ovn"), func(c *Config) *string { return &c.Arpbuf.Profile })},
	{"arpbuf.packets_per_nexthop", "64", asNumber, store(ints(1, 4096), func(c *Config) *int { return &c.Arpbuf.PacketsPerNexthop })},
	{"arpbuf.max_nexthops", "1024", asNumber, store(ints(1, maxRings), func(c *Config) *int { return &c.Arpbuf.MaxNexthops })},
	{"arpbuf.max_packets", "4096", asNumber, store(ints(1, 1<<20), func(c *Config) *int { return &c.Arpbuf.MaxPackets })},
	{"arpbuf.max_age", "3s", asText, store(durations(10*time.Millisecond, 10*time.Minute), func(c *Config) *time.Duration { return &c.Arpbuf.MaxAge })},
	{"arpbuf.age_from", "arrival", asText, store(choices(AgeFromArrival, AgeFromLastPacket), func(c *Config) *AgeFrom { return &c.Arpbuf.AgeFrom })},
	{"arpbuf.overflow", "drop-oldest", asText, store(choices(OverflowDropOldest, OverflowDropNewest), func(c *Config) *Overflow { return &c.Arpbuf.Overflow })},
	{"arpbuf.on_failure", "icmp-unreachable", asText, store(choices(FailureICMP, FailureSilent), func(c *Config) *FailureAction { return &c.Arpbuf.OnFailure })},
	{"arpbuf.gated.packets_per_nexthop", "256", asNumber, store(ints(1, 4096), func(c *Config) *int { return &c.Arpbuf.Gated.PacketsPerNexthop })},
	{"arpbuf.gated.max_nexthops", "256", asNumber, store(ints(1, maxRings), func(c *Config) *int { return &c.Arpbuf.Gated.MaxNexthops })},
	{"arpbuf.gated.max_packets", "1024", asNumber, store(ints(1, 1<<20), func(c *Config) *int { return &c.Arpbuf.Gated.MaxPackets })},
	{"arpbuf.gated.max_age", "1m", asText, store(durations(time.Second, time.Hour), func(c *Config) *time.Duration { return &c.Arpbuf.Gated.MaxAge })},

	{"neighbors.retrans_time", "1s", asText, store(durations(10*time.Millisecond, time.Minute), func(c *Config) *time.Duration { return &c.Neighbors.RetransTime })},
	{"neighbors.mcast_solicit", "3", asNumber, store(ints(1, 100), func(c *Config) *int { return &c.Neighbors.McastSolicit })},
	{"neighbors.ucast_solicit", "3", asNumber, store(ints(1, 100), func(c *Config) *int { return &c.Neighbors.UcastSolicit })},
	{"neighbors.base_reachable_time", "30s", asText, store(durations(time.Second, 24*time.Hour), func(c *Config) *time.Duration { return &c.Neighbors.BaseReachableTime })},
	{"neighbors.announcements", "3", asNumber, store(ints(0, 16), func(c *Config) *int { return &c.Neighbors.Announcements })},
	{"neighbors.duplicate_detection", "report", asText, store(choices(DetectOff, DetectReport, DetectStrict), func(c *Config) *DuplicateDetection { return &c.Neighbors.DuplicateDetection })},
	{"neighbors.foreign_sender", "refuse", asText, store(choices(ForeignRefuse, ForeignAccept), func(c *Config) *ForeignSender { return &c.Neighbors.ForeignSender })},
	{"neighbors.manage_routes", "true", asFlag, store(parseFlag, func(c *Config) *bool { return &c.Neighbors.ManageRoutes })},
	{"neighbors.max_moves", "5", asNumber, store(ints(0, 1000), func(c *Config) *int { return &c.Neighbors.MaxMoves })},
	{"neighbors.failed_holdoff", "5s", asText, store(durations(100*time.Millisecond, time.Hour), func(c *Config) *time.Duration { return &c.Neighbors.FailedHoldoff })},
	{"neighbors.max_entries", "65536", asNumber, store(ints(16, 1<<22), func(c *Config) *int { return &c.Neighbors.MaxEntries })},
	{"neighbors.probe_rate", "1000", asNumber, store(ints(1, 1_000_000), func(c *Config) *int { return &c.Neighbors.ProbeRate })},

	{"metrics.listen", "127.0.0.1:9470", asText, store(parseListen, func(c *Config) *string { return &c.Metrics.Listen })},

	{"api.socket", "/run/parkway/parkway.sock", asText, store(parseSocket, func(c *Config) *string { return &c.API.Socket })},
	{"api.mode", "0660", asEither, store(parseFileMode, func(c *Config) *os.FileMode { return &c.API.Mode })},

	{"state.dir", "", asText, store(parseStateDir, func(c *Config) *string { return &c.State.Dir })},

	{"log.format", "auto", asText, store(choices(LogAuto, LogText, LogJSON), func(c *Config) *LogFormat { return &c.Log.Format })},
	{"log.level", "info", asText, store(choices(LogDebug, LogInfo, LogWarn, LogError), func(c *Config) *LogLevel { return &c.Log.Level })},
}

// ovnProfile are the defaults that `arpbuf: {profile: ovn}` puts in the place of
// Parkway's: what OVN's controller has hard-coded. It knows no FAILED state, so the
// time-out alone ends a wait; we come closest with the most probes that there are
// and the shortest hold-off. At its bounds the newcomer is refused, as in OVN, and no
// room is made by shares. It asks neither for its own addresses nor for next hops that no
// packet is for.
var ovnProfile = map[string]string{
	"arpbuf.packets_per_nexthop":    "4",
	"arpbuf.max_nexthops":           "1000",
	"arpbuf.max_age":                "10s",
	"arpbuf.age_from":               "last-packet",
	"arpbuf.on_failure":             "silent",
	"neighbors.mcast_solicit":       "100",
	"neighbors.failed_holdoff":      "100ms",
	"neighbors.duplicate_detection": "off",
	"neighbors.manage_routes":       "false",
}

func parseMemory(s string) (uint64, error) {
	n, err := parseSize(s, 32*mib, 1024*gib)
	if err == nil && n%mib != 0 {
		return 0, faultf("round it, such as to 512MiB", "%s is no whole number of MiB", quote(s))
	}
	return n, err
}

func parseFlag(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, faultf("write true or false", "%s is no boolean", quote(s))
}

func parseSystemName(s string) (string, error) {
	if msg := topology.CheckName(s); msg != "" {
		return "", faultf("write 1 to 128 printable characters without spaces", "the name %s", clip(msg))
	}
	return s, nil
}

func setWorkers(c *Config, text string) error {
	cpus, err := parseCPUs(text)
	if err == nil && len(cpus) > maxWorkers {
		err = faultf(fmt.Sprintf("the datapath has room for %d", maxWorkers), "%d workers are too many", len(cpus))
	}
	if err == nil {
		c.CPU.Workers, c.CPU.WorkersText = cpus, text
	}
	return err
}

// defaultText is a setting's default before any profile.
func (s *setting) defaultText() string {
	switch s.key {
	case "state.dir":
		return serviceStateDir()
	case "system.name":
	default:
		return s.fallback
	}
	if name, err := os.Hostname(); err == nil && topology.CheckName(name) == "" {
		return name
	}
	return "parkway"
}

// serviceStateDir is the folder that systemd has made for the service by StateDirectory=
// (systemd.exec(5)), or empty: a gateway that nobody has set up as a service, a demo or a
// test, leaves nothing behind.
func serviceStateDir() string {
	dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":")
	if _, err := parseStateDir(dir); err != nil {
		return ""
	}
	return dir
}

// Defaults returns the configuration that an empty file would mean, if an empty
// file were allowed: no ports and no topology.
func Defaults() *Config {
	c := &Config{}
	for i := range settings {
		s := &settings[i]
		if err := s.set(c, s.defaultText()); err != nil {
			panic("config: default of " + s.key + ": " + err.Error()) // the table above is wrong; TestDefaults sees it
		}
	}
	return c
}

// section reads the scalars of one local section (and of the mappings inside
// it) into texts, and returns its fields so that lists can be read too.
func (d *decoder) section(n *yaml.Node, path string, texts map[string]*yaml.Node, extra ...string) fields {
	known := slices.Clone(extra)
	nested := map[string]bool{}
	kinds := map[string]kind{}
	for i := range settings {
		rest, ok := strings.CutPrefix(settings[i].key, path+".")
		if !ok {
			continue
		}
		key, _, deep := strings.Cut(rest, ".")
		if !slices.Contains(known, key) {
			known = append(known, key)
		}
		nested[key] = deep
		kinds[key] = settings[i].kind
	}
	f, ok := d.mapping(n, path, known...)
	if !ok {
		return f
	}
	for key, v := range f.vals {
		full := path + "." + key
		switch {
		case slices.Contains(extra, key):
		case nested[key]:
			d.section(v, full, texts)
		case d.scalar(v, full, kinds[key]):
			texts[full] = v
		}
	}
	return f
}

// scalar checks that a setting is written in the form that it has.
func (d *decoder) scalar(n *yaml.Node, what string, k kind) bool {
	number := n.Kind == yaml.ScalarNode && n.Tag == "!!int"
	text := n.Kind == yaml.ScalarNode && n.Tag == "!!str"
	float := n.Kind == yaml.ScalarNode && n.Tag == "!!float"
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		d.errorf(n, "write a value, or remove the key to get the default", "%s has no value", what)
	case k == asNumber && text && isDigits(n.Value):
		d.errorf(n, "remove the quotation marks", "%s wants a whole number, not %s", what, kindWord(n))
	case k == asNumber && !number:
		d.errorf(n, "write a whole number in decimal digits", "%s wants a whole number, not %s", what, kindWord(n))
	case k == asEither && !number && !text:
		d.errorf(n, `write it as one text in quotes, such as "1-3,8" for CPUs`, "%s wants text or a number, not %s", what, kindWord(n))
	case k == asFlag && (n.Kind != yaml.ScalarNode || n.Tag != "!!bool"):
		d.errorf(n, "write true or false", "%s wants true or false, not %s", what, kindWord(n))
	case k == asText && !text && !number && !float: // a number may be a forgotten unit: its own parser says so
		d.errorf(n, "write one word", "%s wants text, not %s", what, kindWord(n))
	default:
		return true
	}
	return false
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// apply overlays defaults, file and environment and parses the outcome. viper
// does the overlaying and nothing else: it folds the case of keys and splits
// them on dots, so it sees these fixed keys only, never a name or an address.
func (d *decoder) apply(c *Config, texts map[string]*yaml.Node) {
	v := viper.New()
	v.SetEnvPrefix(envPrefix)
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AutomaticEnv()
	for i := range settings {
		v.SetDefault(settings[i].key, settings[i].defaultText())
	}
	file := map[string]any{}
	for key, n := range texts {
		m := file
		steps := strings.Split(key, ".")
		for _, s := range steps[:len(steps)-1] {
			if _, ok := m[s]; !ok {
				m[s] = map[string]any{}
			}
			m = m[s].(map[string]any)
		}
		m[steps[len(steps)-1]] = n.Value
	}
	if err := v.MergeConfigMap(file); err != nil {
		d.errorf(d.root, "", "%v", err)
		return
	}
	if v.GetString("arpbuf.profile") == "ovn" {
		for key, text := range ovnProfile {
			v.SetDefault(key, text)
		}
	}
	for i := range settings {
		s := &settings[i]
		err := s.set(c, v.GetString(s.key))
		if err == nil {
			continue
		}
		if f := asFault(err); os.Getenv(s.env()) != "" {
			d.problems = append(d.problems, Problem{File: s.env(), Msg: "environment: " + f.msg, Hint: f.hint})
		} else if n := texts[s.key]; n != nil {
			d.fault(n, s.key, err)
		} else {
			d.fault(d.root, s.key, err)
		}
	}
	d.misspelledEnv()
}

// misspelledEnv warns of a PARKWAY_* variable that overrides nothing but looks
// as if it should.
func (d *decoder) misspelledEnv() {
	var names []string
	for i := range settings {
		names = append(names, settings[i].env())
	}
	for _, kv := range os.Environ() {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, envPrefix+"_") || value == "" || slices.Contains(names, name) {
			continue
		}
		if near := topology.Nearest(name, names); near != "" && len(near)-len(name) <= 1 && len(name)-len(near) <= 1 {
			d.warnings = append(d.warnings, Problem{File: name, Msg: "environment: this overrides no setting", Hint: fmt.Sprintf("did you mean %s?", near)})
		}
	}
}
