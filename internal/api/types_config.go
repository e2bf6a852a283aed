// SPDX-License-Identifier: Apache-2.0

package api

// Config is the effective configuration: the file's own form with every default and
// every override filled in. As JSON is YAML, what `parkway show config -o json`
// prints is a configuration file.
type Config struct {
	Version           int                          `json:"version"`
	System            ConfigSystem                 `json:"system"`
	DPDK              ConfigDPDK                   `json:"dpdk"`
	CPU               ConfigCPU                    `json:"cpu"`
	Ports             List[ConfigPort]             `json:"ports"`
	LogicalSwitches   List[ConfigSwitch]           `json:"logical_switches"`
	LogicalRouters    List[ConfigRouter]           `json:"logical_routers"`
	StaticMACBindings List[ConfigStaticMACBinding] `json:"static_mac_bindings"`
	Meters            List[ConfigMeter]            `json:"meters"`
	CoPP              List[ConfigCoPP]             `json:"copp"`
	AddressSets       List[ConfigAddressSet]       `json:"address_sets"`
	Arpbuf            ConfigArpbuf                 `json:"arpbuf"`
	Neighbors         ConfigNeighbors              `json:"neighbors"`
	Metrics           ConfigMetrics                `json:"metrics"`
	API               ConfigAPI                    `json:"api"`
	State             ConfigState                  `json:"state"`
	Log               ConfigLog                    `json:"log"`
}

// ConfigSystem is the section system.
type ConfigSystem struct {
	Name string `json:"name"`
}

// ConfigDPDK is the section dpdk.
type ConfigDPDK struct {
	Memory   ConfigMemory `json:"memory"`
	Mbufs    int          `json:"mbufs"`
	EALExtra List[string] `json:"eal_extra"`
}

// ConfigMemory is dpdk.memory.
type ConfigMemory struct {
	Mode string `json:"mode"`
	Size string `json:"size"`
}

// ConfigCPU is the section cpu.
type ConfigCPU struct {
	Control string     `json:"control"`
	Workers string     `json:"workers"`
	Idle    ConfigIdle `json:"idle"`
}

// ConfigIdle is cpu.idle.
type ConfigIdle struct {
	Mode     string `json:"mode"`
	MaxSleep string `json:"max_sleep"`
}

// ConfigPort is an element of ports.
type ConfigPort struct {
	Name        string `json:"name"`
	Vdev        string `json:"vdev,omitempty"`
	PCI         string `json:"pci,omitempty"`
	Netdev      string `json:"netdev,omitempty"`
	IfaceID     string `json:"iface_id,omitempty"`
	NetworkName string `json:"network_name,omitempty"`
	MTU         int    `json:"mtu"`
	RxQueues    int    `json:"rx_queues"`
}

// ConfigSwitch is an element of logical_switches.
type ConfigSwitch struct {
	Name        string                 `json:"name"`
	OtherConfig map[string]string      `json:"other_config,omitempty"`
	Ports       List[ConfigSwitchPort] `json:"ports"`
}

// ConfigSwitchPort is an element of a logical switch's ports.
type ConfigSwitchPort struct {
	Name      string            `json:"name"`
	Type      string            `json:"type,omitempty"`
	Addresses List[string]      `json:"addresses"`
	ParkUntil string            `json:"park_until,omitempty"`
	Options   map[string]string `json:"options,omitempty"`
	Tag       int               `json:"tag,omitempty"`

	PortSecurity []string            `json:"port_security,omitempty"`
	StormControl *ConfigStormControl `json:"storm_control,omitempty"`
}

// ConfigStormControl is frames per second that a switch port may bring; 0 is no limit.
type ConfigStormControl struct {
	Broadcast      uint32 `json:"broadcast"`
	Multicast      uint32 `json:"multicast"`
	UnknownUnicast uint32 `json:"unknown_unicast"`
}

// ConfigRouter is an element of logical_routers.
type ConfigRouter struct {
	Name         string                  `json:"name"`
	Options      ConfigRouterOptions     `json:"options"`
	Ports        List[ConfigRouterPort]  `json:"ports"`
	StaticRoutes List[ConfigStaticRoute] `json:"static_routes"`
	CoPP         string                  `json:"copp,omitempty"`
	Policies     List[ConfigPolicy]      `json:"policies"`
}

// ConfigRouterOptions are a logical router's options.
type ConfigRouterOptions struct {
	AlwaysLearn   bool   `json:"always_learn_from_arp_request"`
	LearnNA       bool   `json:"learn_from_unsolicited_na"`
	AgeThreshold  string `json:"mac_binding_age_threshold,omitempty"`
	InboundIfaddr bool   `json:"icmp_errors_use_inbound_ifaddr"`
}

// ConfigRouterPort is an element of a logical router's ports.
type ConfigRouterPort struct {
	Name     string                   `json:"name"`
	MAC      string                   `json:"mac"`
	Networks List[string]             `json:"networks"`
	Options  *ConfigRouterPortOptions `json:"options,omitempty"`

	IPv6RAConfigs map[string]string `json:"ipv6_ra_configs,omitempty"`
}

// ConfigRouterPortOptions are a logical router port's options.
type ConfigRouterPortOptions struct {
	GatewayMTU int    `json:"gateway_mtu,omitempty"`
	RouteTable string `json:"route_table,omitempty"`
}

// ConfigStaticMACBinding is an element of static_mac_bindings.
type ConfigStaticMACBinding struct {
	LogicalPort string `json:"logical_port"`
	IP          string `json:"ip"`
	MAC         string `json:"mac"`
}

// ConfigMeter is an element of meters.
type ConfigMeter struct {
	Name  string           `json:"name"`
	Unit  string           `json:"unit"`
	Bands List[ConfigBand] `json:"bands"`
}

// ConfigBand is an element of a meter's bands.
type ConfigBand struct {
	Rate      uint32 `json:"rate"`
	BurstSize uint32 `json:"burst_size"`
}

// ConfigCoPP is an element of copp.
type ConfigCoPP struct {
	Name   string                `json:"name"`
	Meters List[ConfigCoPPMeter] `json:"meters"`
}

// ConfigCoPPMeter is an element of a copp's meters.
type ConfigCoPPMeter struct {
	Protocol string `json:"protocol"`
	Meter    string `json:"meter"`
}

// ConfigArpbuf is the section arpbuf.
type ConfigArpbuf struct {
	Profile           string      `json:"profile"`
	PacketsPerNexthop int         `json:"packets_per_nexthop"`
	MaxNexthops       int         `json:"max_nexthops"`
	MaxPackets        int         `json:"max_packets"`
	MaxAge            string      `json:"max_age"`
	AgeFrom           string      `json:"age_from"`
	Overflow          string      `json:"overflow"`
	OnFailure         string      `json:"on_failure"`
	Gated             ConfigGated `json:"gated"`
}

// ConfigGated is arpbuf.gated.
type ConfigGated struct {
	PacketsPerNexthop int    `json:"packets_per_nexthop"`
	MaxNexthops       int    `json:"max_nexthops"`
	MaxPackets        int    `json:"max_packets"`
	MaxAge            string `json:"max_age"`
}

// ConfigNeighbors is the section neighbors.
type ConfigNeighbors struct {
	RetransTime       string `json:"retrans_time"`
	McastSolicit      int    `json:"mcast_solicit"`
	UcastSolicit      int    `json:"ucast_solicit"`
	BaseReachableTime string `json:"base_reachable_time"`
	FailedHoldoff     string `json:"failed_holdoff"`
	MaxEntries        int    `json:"max_entries"`
	ProbeRate         int    `json:"probe_rate"`
	Announcements     int    `json:"announcements"`

	DuplicateDetection string `json:"duplicate_detection"` // off, report or strict
	ForeignSender      string `json:"foreign_sender"`      // refuse or accept
	ManageRoutes       bool   `json:"manage_routes"`
	MaxMoves           int    `json:"max_moves"`
}

// ConfigMetrics is the section metrics.
type ConfigMetrics struct {
	Listen string `json:"listen"`
}

// ConfigAPI is the section api.
type ConfigAPI struct {
	Socket string `json:"socket"`
	Mode   string `json:"mode"`
}

// ConfigState is the section state.
type ConfigState struct {
	Dir string `json:"dir"`
}

// ConfigLog is the section log.
type ConfigLog struct {
	Format string `json:"format"`
	Level  string `json:"level"`
}
