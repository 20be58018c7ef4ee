//! `<interface>`

use super::address::{Address, AddressKind, Boot, DeviceAcpi, Rom, VirtioOptions};
use crate::element::Element;
use crate::macros::{model, tagged, values};
use crate::scalar::{MacAddress, Uuid};

model! {
    /// `<interface>`: a network card and what it is connected to.
    pub element Interface {
        /// libvirt takes the device from the host itself (`hostdev`).
        managed: Option<bool> = attr("managed"),
        /// Guest may change the host's filters.
        trust_guest_rx_filters: Option<bool> = attr("trustGuestRxFilters"),
        /// Address on the wire.
        mac: Option<Mac> = child("mac"),
        /// What it is connected to (`type` and `<source>`).
        source: InterfaceSource = tagged(0, "type"),
        /// Parameters of a switch.
        virtualport: Option<VirtualPort> = child("virtualport"),
        /// VLANs.
        vlan: Option<Vlan> = child("vlan"),
        /// Limits.
        bandwidth: Option<Bandwidth> = child("bandwidth"),
        /// Ports of a bridge kept apart.
        port: Option<InterfacePort> = child("port"),
        /// Addresses the guest or the host gets.
        ips: Vec<IpAddress> = list("ip"),
        /// Routes; kept as they are.
        routes: Vec<Element> = raws("route"),
        /// Forwarded ports (`user` with passt); kept as they are.
        port_forwards: Vec<Element> = raws("portForward"),
        /// Script run when it comes up.
        script: Option<String> = sub("script", "path"),
        /// Script run when it goes down.
        downscript: Option<String> = sub("downscript", "path"),
        /// Driver domain (Xen).
        backend_domain: Option<String> = sub("backenddomain", "name"),
        /// Name on the host.
        target: Option<InterfaceTarget> = child("target"),
        /// Name in a container.
        guest: Option<InterfaceGuest> = child("guest"),
        /// Chip.
        model: Option<InterfaceModel> = sub("model", "type"),
        /// Driver and queues.
        driver: Option<InterfaceDriver> = child("driver"),
        /// Device files and the program behind `user`.
        backend: Option<InterfaceBackend> = child("backend"),
        /// Filter with parameters.
        filterref: Option<FilterRef> = child("filterref"),
        /// Boot order.
        boot: Option<Boot> = child("boot"),
        /// Option ROM.
        rom: Option<Rom> = child("rom"),
        /// Send buffer; kept as it is.
        tune: Vec<Element> = raws("tune"),
        /// Whether the cable is plugged in.
        link: Option<LinkState> = sub("link", "state"),
        /// Largest packet.
        mtu: Option<u32> = sub("mtu", "size"),
        /// Interrupt coalescing; kept as it is.
        coalesce: Vec<Element> = raws("coalesce"),
        /// Pair of a virtio and a passthrough device.
        teaming: Option<Teaming> = child("teaming"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Interface {
    /// A card connected to something, model and address left to libvirt.
    pub fn new(source: InterfaceSource) -> Self {
        Self {
            source,
            managed: None,
            trust_guest_rx_filters: None,
            mac: None,
            virtualport: None,
            vlan: None,
            bandwidth: None,
            port: None,
            ips: Vec::new(),
            routes: Vec::new(),
            port_forwards: Vec::new(),
            script: None,
            downscript: None,
            backend_domain: None,
            target: None,
            guest: None,
            model: None,
            driver: None,
            backend: None,
            filterref: None,
            boot: None,
            rom: None,
            tune: Vec::new(),
            link: None,
            mtu: None,
            coalesce: Vec::new(),
            teaming: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }

    /// A card on a bridge of the host.
    pub fn bridge(name: impl Into<String>) -> Self {
        Self::new(InterfaceSource::bridge(name))
    }

    /// A card on a network of libvirt.
    pub fn network(name: impl Into<String>) -> Self {
        Self::new(InterfaceSource::network(name))
    }

    /// The address on the wire.
    pub fn mac_address(&self) -> Option<MacAddress> {
        self.mac.as_ref()?.address
    }
}

tagged! {
    /// What a card is connected to. `None` inside: there is no `<source>`.
    pub enum InterfaceSource absent "" {
        /// Network of libvirt.
        Network(Option<NetworkSource>) = "network" in child("source"),
        /// Bridge of the host.
        Bridge(Option<BridgeSource>) = "bridge" in child("source"),
        /// macvtap on a device of the host.
        Direct(Option<DirectSource>) = "direct" in child("source"),
        /// NAT by a program of the user.
        User(Option<DevSource>) = "user" in child("source"),
        /// A tap device made outside; addresses of the host's end.
        Ethernet(Option<EthernetSource>) = "ethernet" in child("source"),
        /// A device of the host, passed through.
        Hostdev(Option<HostdevSource>) = "hostdev" in child("source"),
        VhostUser(Option<VhostUserSource>) = "vhostuser" in child("source"),
        Internal(Option<InternalSource>) = "internal" in child("source"),
        Vdpa(Option<DevSource>) = "vdpa" in child("source"),
        Mcast(Option<SocketSource>) = "mcast" in child("source"),
        Server(Option<SocketSource>) = "server" in child("source"),
        Client(Option<SocketSource>) = "client" in child("source"),
        Udp(Option<SocketSource>) = "udp" in child("source"),
        /// Not connected (VMware).
        Null = "null",
        /// Distributed switch (VMware).
        Vds(Option<VdsSource>) = "vds" in child("source"),
    }
}

impl InterfaceSource {
    /// A bridge of the host.
    pub fn bridge(name: impl Into<String>) -> Self {
        Self::Bridge(Some(BridgeSource::default().bridge(name)))
    }

    /// A network of libvirt.
    pub fn network(name: impl Into<String>) -> Self {
        Self::Network(Some(NetworkSource::default().network(name)))
    }

    /// macvtap on a device of the host.
    pub fn direct(dev: impl Into<String>, mode: DirectMode) -> Self {
        Self::Direct(Some(DirectSource::default().dev(dev).mode(mode)))
    }
}

model! {
    /// `<source network='default' portgroup='engineering'/>`
    #[derive(Default)]
    pub element NetworkSource {
        /// Name of the network.
        network: Option<String> = attr("network"),
        /// Port group.
        portgroup: Option<String> = attr("portgroup"),
        /// Port, while the guest runs.
        portid: Option<Uuid> = attr("portid"),
        /// Bridge, while the guest runs.
        bridge: Option<String> = attr("bridge"),
        /// Who keeps the bridge's table.
        mac_table_manager: Option<String> = attr("macTableManager"),
    }
}

model! {
    /// `<source bridge='br0'/>`
    #[derive(Default)]
    pub element BridgeSource {
        /// Name of the bridge.
        bridge: Option<String> = attr("bridge"),
        /// Who keeps the bridge's table.
        mac_table_manager: Option<String> = attr("macTableManager"),
        /// Network it belongs to, while the guest runs.
        network: Option<String> = attr("network"),
        /// Port group, while the guest runs.
        portgroup: Option<String> = attr("portgroup"),
        /// Port, while the guest runs.
        portid: Option<Uuid> = attr("portid"),
    }
}

model! {
    /// `<source dev='eth0' mode='bridge'/>`
    #[derive(Default)]
    pub element DirectSource {
        /// Device of the host.
        dev: Option<String> = attr("dev"),
        /// Mode of macvtap.
        mode: Option<DirectMode> = attr("mode"),
        /// Network it belongs to, while the guest runs.
        network: Option<String> = attr("network"),
        /// Port group, while the guest runs.
        portgroup: Option<String> = attr("portgroup"),
        /// Port, while the guest runs.
        portid: Option<Uuid> = attr("portid"),
    }
}

values! {
    /// Mode of macvtap.
    pub enum DirectMode { Vepa = "vepa", Bridge = "bridge", Private = "private", Passthrough = "passthrough" }
}

model! {
    /// `<source dev='eth0'/>` of `user` and `vdpa`.
    #[derive(Default)]
    pub element DevSource {
        /// Device of the host.
        dev: Option<String> = attr("dev"),
    }
}

model! {
    /// `<source>` of `ethernet`: addresses of the host's end.
    #[derive(Default)]
    pub element EthernetSource {
        /// Addresses.
        ips: Vec<IpAddress> = list("ip"),
        /// Routes; kept as they are.
        routes: Vec<Element> = raws("route"),
    }
}

model! {
    /// `<source><address type='pci' .../></source>` of `hostdev`.
    #[derive(Default)]
    pub element HostdevSource {
        /// Place of the device in the host.
        address: Option<Address> = child("address"),
    }
}

impl HostdevSource {
    /// A PCI device of the host.
    pub fn pci(domain: u32, bus: u32, slot: u32, function: u32) -> Self {
        let address = super::address::PciAddress::new(domain, bus, slot, function);
        Self::default().address(AddressKind::Pci(address))
    }
}

model! {
    /// `<source type='unix' path='/tmp/vhost.sock' mode='client'/>`
    #[derive(Default)]
    pub element VhostUserSource {
        /// Always `unix`.
        kind: Option<String> = attr("type"),
        /// Socket.
        path: Option<String> = attr("path"),
        /// `server` or `client`.
        mode: Option<String> = attr("mode"),
        /// Connection lost; kept as it is.
        reconnect: Vec<Element> = raws("reconnect"),
    }
}

model! {
    /// `<source name='...'/>` of `internal`.
    #[derive(Default)]
    pub element InternalSource {
        /// Name.
        name: Option<String> = attr("name"),
    }
}

model! {
    /// `<source address='230.0.0.1' port='5558'/>` of `mcast`, `server`, `client`, `udp`.
    #[derive(Default)]
    pub element SocketSource {
        /// IP address.
        address: Option<String> = attr("address"),
        /// Port.
        port: Option<u16> = attr("port"),
        /// The near end (`udp`).
        local: Option<SocketLocal> = child("local"),
    }
}

model! {
    /// `<local address='127.0.0.1' port='5555'/>`
    #[derive(Default)]
    pub element SocketLocal {
        /// IP address.
        address: Option<String> = attr("address"),
        /// Port.
        port: Option<u16> = attr("port"),
    }
}

model! {
    /// `<source switchid='...' portid='18' portgroupid='dvportgroup-1357' connectionid='2117'/>`
    #[derive(Default)]
    pub element VdsSource {
        /// Switch.
        switch_id: Option<Uuid> = attr("switchid"),
        /// Port.
        port_id: Option<i64> = attr("portid"),
        /// Port group.
        portgroup_id: Option<String> = attr("portgroupid"),
        /// Connection.
        connection_id: Option<i64> = attr("connectionid"),
    }
}

model! {
    /// `<mac address='52:54:00:12:34:56'/>`
    #[derive(Default)]
    pub element Mac {
        /// Address.
        address: Option<MacAddress> = attr("address"),
        /// `static` or `generated` (VMware).
        kind: Option<String> = attr("type"),
        /// Whether the range is checked (VMware).
        check: Option<bool> = attr("check"),
    }
}

impl From<MacAddress> for Mac {
    fn from(address: MacAddress) -> Self {
        Self::default().address(address)
    }
}

values! {
    /// Chip of a network card.
    pub enum InterfaceModel {
        Virtio = "virtio", VirtioTransitional = "virtio-transitional",
        VirtioNonTransitional = "virtio-non-transitional", E1000 = "e1000", E1000e = "e1000e", Igb = "igb",
        Rtl8139 = "rtl8139", Vmxnet3 = "vmxnet3", Pcnet = "pcnet", Ne2kPci = "ne2k_pci", Netfront = "netfront",
    }
}

model! {
    /// `<target dev='vnet0'/>`
    #[derive(Default)]
    pub element InterfaceTarget {
        /// Name on the host.
        dev: Option<String> = attr("dev"),
        /// Whether libvirt makes it (`ethernet`).
        managed: Option<bool> = attr("managed"),
    }
}

model! {
    /// `<guest dev='eth0'/>` of containers.
    #[derive(Default)]
    pub element InterfaceGuest {
        /// Name in the guest.
        dev: Option<String> = attr("dev"),
        /// Name it really has.
        actual: Option<String> = attr("actual"),
    }
}

values! {
    /// Whether the cable is plugged in.
    pub enum LinkState { Up = "up", Down = "down" }
}

model! {
    /// `<driver name='vhost' queues='4'>`
    #[derive(Default)]
    pub element InterfaceDriver {
        /// `qemu` or `vhost`; `kvm`, `vfio` or `xen` with `hostdev`.
        name: Option<String> = attr("name"),
        /// How packets are sent.
        txmode: Option<String> = attr("txmode"),
        /// I/O events in a thread of their own.
        ioeventfd: Option<bool> = on_off("ioeventfd"),
        /// Fewer interrupts.
        event_idx: Option<bool> = on_off("event_idx"),
        /// Number of queues.
        queues: Option<u32> = attr("queues"),
        /// Entries of a receive queue.
        rx_queue_size: Option<u32> = attr("rx_queue_size"),
        /// Entries of a send queue.
        tx_queue_size: Option<u32> = attr("tx_queue_size"),
        /// Options of virtio.
        virtio: VirtioOptions = group(),
        /// Receive-side scaling.
        rss: Option<bool> = on_off("rss"),
        /// Hash handed to the guest.
        rss_hash_report: Option<bool> = on_off("rss_hash_report"),
        /// Offloads towards the host.
        host: Option<Offloads> = child("host"),
        /// Offloads towards the guest.
        guest: Option<Offloads> = child("guest"),
    }
}

model! {
    /// `<host csum='off' gso='off'/>`
    #[derive(Default)]
    pub element Offloads {
        /// Checksums.
        csum: Option<bool> = on_off("csum"),
        /// Generic segmentation.
        gso: Option<bool> = on_off("gso"),
        /// TCP segmentation, IPv4.
        tso4: Option<bool> = on_off("tso4"),
        /// TCP segmentation, IPv6.
        tso6: Option<bool> = on_off("tso6"),
        /// Congestion notification.
        ecn: Option<bool> = on_off("ecn"),
        /// UDP fragmentation.
        ufo: Option<bool> = on_off("ufo"),
        /// Receive buffers merged.
        mrg_rxbuf: Option<bool> = on_off("mrg_rxbuf"),
    }
}

model! {
    /// `<backend type='passt' logFile='/var/log/passt.log'/>`
    #[derive(Default)]
    pub element InterfaceBackend {
        /// Program behind `user`.
        kind: Option<String> = attr("type"),
        /// Device file of tap.
        tap: Option<String> = attr("tap"),
        /// Device file of vhost.
        vhost: Option<String> = attr("vhost"),
        /// Log of the program.
        log_file: Option<String> = attr("logFile"),
    }
}

model! {
    /// `<filterref filter='clean-traffic'>`
    pub element FilterRef {
        /// Filter.
        filter: String = attr("filter"),
        /// Parameters in their order.
        parameters: Vec<FilterParameter> = list("parameter"),
    }
}

impl FilterRef {
    /// A filter without parameters.
    pub fn new(filter: impl Into<String>) -> Self {
        let (filter, parameters, other) = (filter.into(), Vec::new(), Default::default());
        Self {
            filter,
            parameters,
            other,
        }
    }

    /// Adds a parameter.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value, other) = (name.into(), value.into(), Default::default());
        self.parameters.push(FilterParameter { name, value, other });
        self
    }
}

model! {
    /// `<parameter name='IP' value='10.0.0.1'/>`
    pub element FilterParameter {
        /// Name.
        name: String = attr("name"),
        /// Value.
        value: String = attr("value"),
    }
}

model! {
    /// `<vlan trunk='yes'>`
    #[derive(Default)]
    pub element Vlan {
        /// The guest sees the tags.
        trunk: Option<bool> = attr("trunk"),
        /// Tags.
        tags: Vec<VlanTag> = list("tag"),
    }
}

impl Vlan {
    /// One tag that the guest does not see.
    pub fn tag(id: u32) -> Self {
        Self::default().tags([VlanTag::new(id)])
    }
}

model! {
    /// `<tag id='42'/>`
    pub element VlanTag {
        /// Number, 0 to 4095.
        id: u32 = attr("id"),
        /// How untagged packets are treated.
        native_mode: Option<String> = attr("nativeMode"),
    }
}

impl VlanTag {
    /// A tag.
    pub fn new(id: u32) -> Self {
        let (native_mode, other) = Default::default();
        Self {
            id,
            native_mode,
            other,
        }
    }
}

model! {
    /// `<bandwidth>`
    #[derive(Default)]
    pub element Bandwidth {
        /// Towards the guest.
        inbound: Option<BandwidthLimit> = child("inbound"),
        /// From the guest.
        outbound: Option<BandwidthLimit> = child("outbound"),
    }
}

model! {
    /// `<inbound average='1000' peak='5000' floor='200' burst='1024'/>`
    #[derive(Default)]
    pub element BandwidthLimit {
        /// KiB a second.
        average: Option<u64> = attr("average"),
        /// KiB a second at most.
        peak: Option<u64> = attr("peak"),
        /// KiB a second guaranteed.
        floor: Option<u64> = attr("floor"),
        /// KiB sent at the peak.
        burst: Option<u64> = attr("burst"),
    }
}

model! {
    /// `<port isolated='yes'/>`
    #[derive(Default)]
    pub element InterfacePort {
        /// Guests on the bridge do not see each other.
        isolated: Option<bool> = attr("isolated"),
    }
}

model! {
    /// `<virtualport type='openvswitch'>`
    #[derive(Default)]
    pub element VirtualPort {
        /// `openvswitch`, `802.1Qbg`, `802.1Qbh`, `midonet`.
        kind: Option<String> = attr("type"),
        /// Parameters of the kind.
        parameters: Option<VirtualPortParameters> = child("parameters"),
    }
}

model! {
    /// `<parameters interfaceid='...' profileid='test'/>`
    #[derive(Default)]
    pub element VirtualPortParameters {
        /// Interface.
        interface_id: Option<Uuid> = attr("interfaceid"),
        /// Profile.
        profile_id: Option<String> = attr("profileid"),
        /// Manager (`802.1Qbg`).
        manager_id: Option<u32> = attr("managerid"),
        /// Type (`802.1Qbg`).
        type_id: Option<u32> = attr("typeid"),
        /// Version of the type (`802.1Qbg`).
        type_id_version: Option<u32> = attr("typeidversion"),
        /// Instance (`802.1Qbg`).
        instance_id: Option<Uuid> = attr("instanceid"),
    }
}

model! {
    /// `<ip address='192.168.122.5' prefix='24'/>`
    pub element IpAddress {
        /// `ipv4` or `ipv6`.
        family: Option<String> = attr("family"),
        /// Address.
        address: String = attr("address"),
        /// Length of the prefix.
        prefix: Option<u32> = attr("prefix"),
        /// The other end.
        peer: Option<String> = attr("peer"),
    }
}

model! {
    /// `<teaming type='transient' persistent='ua-backup0'/>`
    #[derive(Default)]
    pub element Teaming {
        /// `persistent` or `transient`.
        kind: Option<String> = attr("type"),
        /// Alias of the other one.
        persistent: Option<String> = attr("persistent"),
    }
}
