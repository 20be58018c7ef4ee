//! `<serial>`, `<parallel>`, `<console>`, `<channel>` and other devices with a character stream behind them.

use super::address::{Address, DeviceAcpi};
use crate::element::Element;
use crate::macros::{model, tagged, values};

tagged! {
    /// What is behind a character device on the host. `None` inside: there is no `<source>`.
    pub enum CharBackend absent "" {
        /// Pseudo terminal; the path is known while the guest runs.
        Pty(Option<PathSource>) = "pty" in child("source"),
        File(Option<PathSource>) = "file" in child("source"),
        /// Named pipe.
        Pipe(Option<PathSource>) = "pipe" in child("source"),
        /// Device of the host.
        Dev(Option<PathSource>) = "dev" in child("source"),
        Unix(Option<UnixSource>) = "unix" in child("source"),
        Tcp(TcpBackend) = "tcp" in group(),
        /// A source to send to and one to receive on.
        Udp(Vec<NetSource>) = "udp" in list("source"),
        SpiceVmc = "spicevmc",
        SpicePort(Option<ChannelSource>) = "spiceport" in child("source"),
        QemuVdagent(Option<VdagentSource>) = "qemu-vdagent" in child("source"),
        Dbus(Option<ChannelSource>) = "dbus" in child("source"),
        Nmdm(Option<NmdmSource>) = "nmdm" in child("source"),
        Null = "null",
        Stdio = "stdio",
        /// Virtual console of QEMU.
        Vc = "vc",
    }
}

impl CharBackend {
    /// A pseudo terminal.
    pub fn pty() -> Self {
        Self::Pty(None)
    }

    /// A file that output is written to.
    pub fn file(path: impl Into<String>) -> Self {
        Self::File(Some(PathSource::default().path(path)))
    }

    /// A socket.
    pub fn unix(mode: SocketMode, path: impl Into<String>) -> Self {
        Self::Unix(Some(UnixSource::default().mode(mode).path(path)))
    }

    /// A TCP connection in raw form.
    pub fn tcp(mode: SocketMode, host: impl Into<String>, service: impl Into<String>) -> Self {
        let source = NetSource::default().mode(mode).host(host).service(service);
        Self::Tcp(TcpBackend::default().source(source).protocol("raw"))
    }
}

model! {
    /// `<source path='/dev/pts/4'/>`
    #[derive(Default)]
    pub element PathSource {
        /// Path.
        path: Option<String> = attr("path"),
        /// Output is appended (`file`).
        append: Option<bool> = on_off("append"),
        /// Labels; kept as they are.
        seclabels: Vec<Element> = raws("seclabel"),
    }
}

model! {
    /// `<source mode='bind' path='/tmp/serial.sock'/>`
    #[derive(Default)]
    pub element UnixSource {
        /// Listens or connects.
        mode: Option<SocketMode> = attr("mode"),
        /// Path; chosen by libvirt if absent.
        path: Option<String> = attr("path"),
        /// Connection lost; kept as it is.
        reconnect: Vec<Element> = raws("reconnect"),
        /// Labels; kept as they are.
        seclabels: Vec<Element> = raws("seclabel"),
    }
}

values! {
    /// Whether a socket listens or connects.
    pub enum SocketMode { Bind = "bind", Connect = "connect" }
}

model! {
    /// `tcp`: source and protocol.
    #[derive(Default)]
    pub group TcpBackend {
        /// Address.
        source: Option<NetSource> = child("source"),
        /// `raw`, `telnet`, `telnets`, `tls`.
        protocol: Option<String> = sub("protocol", "type"),
    }
}

model! {
    /// `<source mode='connect' host='127.0.0.1' service='2445'/>`
    #[derive(Default)]
    pub element NetSource {
        /// Listens or connects.
        mode: Option<SocketMode> = attr("mode"),
        /// Host.
        host: Option<String> = attr("host"),
        /// Port or name of a service.
        service: Option<String> = attr("service"),
        /// Encrypted.
        tls: Option<bool> = attr("tls"),
        /// Connection lost; kept as it is.
        reconnect: Vec<Element> = raws("reconnect"),
    }
}

model! {
    /// `<source channel='org.example'/>`
    #[derive(Default)]
    pub element ChannelSource {
        /// Name of the channel.
        channel: Option<String> = attr("channel"),
    }
}

model! {
    /// `<source><clipboard copypaste='yes'/></source>`
    #[derive(Default)]
    pub element VdagentSource {
        /// Shared clipboard.
        clipboard: Option<bool> = sub("clipboard", "copypaste"),
        /// `client` or `server`.
        mouse: Option<String> = sub("mouse", "mode"),
    }
}

model! {
    /// `<source master='/dev/nmdm0A' slave='/dev/nmdm0B'/>`
    #[derive(Default)]
    pub element NmdmSource {
        /// One end.
        master: Option<String> = attr("master"),
        /// The other.
        slave: Option<String> = attr("slave"),
    }
}

model! {
    /// `<log file='/var/log/web01.log' append='on'/>`: everything is written there as well.
    #[derive(Default)]
    pub element CharLog {
        /// Path.
        file: Option<String> = attr("file"),
        /// Appended.
        append: Option<bool> = on_off("append"),
    }
}

model! {
    /// `<serial>`, `<parallel>` or `<console>`.
    pub element CharDevice {
        /// What is behind it.
        backend: CharBackend = tagged(0, "type"),
        /// Terminal, in old files.
        tty: Option<String> = attr("tty"),
        /// Copy of the stream.
        log: Option<CharLog> = child("log"),
        /// What the guest sees.
        target: Option<CharTarget> = child("target"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl CharDevice {
    /// A device without a target; libvirt chooses one.
    pub fn new(backend: CharBackend) -> Self {
        Self {
            backend,
            tty: None,
            log: None,
            target: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }

    /// A device as port number `port`.
    pub fn at_port(backend: CharBackend, port: u32) -> Self {
        Self::new(backend).target(CharTarget::default().port(port))
    }
}

model! {
    /// `<target type='isa-serial' port='0'><model name='isa-serial'/></target>`
    #[derive(Default)]
    pub element CharTarget {
        /// `isa-serial`, `pci-serial`, `usb-serial`, `isa-debug`; `serial`, `virtio` for a console.
        kind: Option<String> = attr("type"),
        /// Number of the port.
        port: Option<u32> = attr("port"),
        /// Chip.
        model: Option<String> = sub("model", "name"),
    }
}

model! {
    /// `<channel>`: a private line between guest and host.
    pub element Channel {
        /// What is behind it.
        backend: CharBackend = tagged(0, "type"),
        /// Copy of the stream.
        log: Option<CharLog> = child("log"),
        /// What the guest sees.
        target: Option<ChannelTarget> = child("target"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Channel {
    /// A virtio port of that name.
    pub fn virtio(backend: CharBackend, name: impl Into<String>) -> Self {
        let target = ChannelTargetKind::Virtio(VirtioTarget::default().name(name));
        Self {
            backend,
            log: None,
            target: Some(target.into()),
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }

    /// The line of the QEMU guest agent.
    pub fn guest_agent() -> Self {
        Self::virtio(CharBackend::Unix(None), "org.qemu.guest_agent.0")
    }
}

model! {
    /// `<target>` of a channel.
    pub element ChannelTarget {
        /// Kind.
        kind: ChannelTargetKind = tagged(0, "type"),
    }
}

impl From<ChannelTargetKind> for ChannelTarget {
    fn from(kind: ChannelTargetKind) -> Self {
        let other = Default::default();
        Self { kind, other }
    }
}

tagged! {
    /// Kinds of channels.
    pub enum ChannelTargetKind absent "" {
        Virtio(VirtioTarget) = "virtio" in group(),
        Xen(NamedTarget) = "xen" in group(),
        /// A TCP address in the guest's network that leads here.
        GuestFwd(GuestFwdTarget) = "guestfwd" in group(),
    }
}

model! {
    /// `name='org.qemu.guest_agent.0' state='connected'`
    #[derive(Default)]
    pub group VirtioTarget {
        /// Name the guest opens.
        name: Option<String> = attr("name"),
        /// Whether the guest has opened it.
        state: Option<String> = attr("state"),
    }
}

model! {
    /// `name='org.libguestfs.channel.0'`
    #[derive(Default)]
    pub group NamedTarget {
        /// Name.
        name: Option<String> = attr("name"),
    }
}

model! {
    /// `address='10.0.2.1' port='4600'`
    #[derive(Default)]
    pub group GuestFwdTarget {
        /// IP address.
        address: Option<String> = attr("address"),
        /// Port.
        port: Option<u16> = attr("port"),
    }
}
