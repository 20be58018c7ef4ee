//! `<graphics>`, `<video>`, `<sound>`, `<audio>`: what a user sees and hears.

use super::address::{Address, DeviceAcpi, VirtioOptions};
use crate::element::Element;
use crate::macros::{model, tagged, values};

model! {
    /// `<graphics>`: how a user sees the screen.
    pub element Graphics {
        /// Protocol and its options.
        kind: GraphicsKind = tagged(0, "type"),
    }
}

impl From<GraphicsKind> for Graphics {
    fn from(kind: GraphicsKind) -> Self {
        let other = Default::default();
        Self { kind, other }
    }
}

impl From<Vnc> for Graphics {
    fn from(vnc: Vnc) -> Self {
        GraphicsKind::Vnc(vnc).into()
    }
}

impl From<Spice> for Graphics {
    fn from(spice: Spice) -> Self {
        GraphicsKind::Spice(spice).into()
    }
}

tagged! {
    /// Protocols.
    pub enum GraphicsKind absent "" {
        Vnc(Vnc) = "vnc" in group(),
        Spice(Spice) = "spice" in group(),
        /// A window on the host.
        Sdl(Sdl) = "sdl" in group(),
        Rdp(Rdp) = "rdp" in group(),
        Desktop(DesktopGraphics) = "desktop" in group(),
        /// No screen, but OpenGL.
        EglHeadless(EglHeadless) = "egl-headless" in group(),
        Dbus(DbusGraphics) = "dbus" in group(),
    }
}

model! {
    /// VNC.
    #[derive(Default)]
    pub group Vnc {
        /// Port; -1 with autoport.
        port: Option<i32> = attr("port"),
        /// libvirt chooses the port.
        autoport: Option<bool> = attr("autoport"),
        /// Port of the WebSocket; -1 to choose.
        websocket: Option<i32> = attr("websocket"),
        /// Socket instead of a port, in old files.
        socket: Option<String> = attr("socket"),
        /// Address to listen on; [`Self::listens`] says the same.
        listen: Option<String> = attr("listen"),
        /// Layout of the keyboard.
        keymap: Option<String> = attr("keymap"),
        /// Several viewers.
        share_policy: Option<SharePolicy> = attr("sharePolicy"),
        /// Viewers can switch the machine off.
        power_control: Option<bool> = attr("powerControl"),
        /// Password in clear text, 8 characters.
        passwd: Option<String> = attr("passwd"),
        /// End of the password.
        passwd_valid_to: Option<String> = attr("passwdValidTo"),
        /// What becomes of viewers when the password changes.
        connected: Option<String> = attr("connected"),
        /// Where to listen.
        listens: Vec<Listen> = list("listen"),
        /// Audio backend by number.
        audio: Option<u32> = sub("audio", "id"),
    }
}

values! {
    /// How viewers share a screen.
    pub enum SharePolicy {
        AllowExclusive = "allow-exclusive", ForceShared = "force-shared", Ignore = "ignore",
    }
}

model! {
    /// SPICE.
    #[derive(Default)]
    pub group Spice {
        /// Port; -1 with autoport.
        port: Option<i32> = attr("port"),
        /// Port of encrypted channels.
        tls_port: Option<i32> = attr("tlsPort"),
        /// libvirt chooses the ports.
        autoport: Option<bool> = attr("autoport"),
        /// Address to listen on; [`Self::listens`] says the same.
        listen: Option<String> = attr("listen"),
        /// Layout of the keyboard.
        keymap: Option<String> = attr("keymap"),
        /// Which channels are encrypted.
        default_mode: Option<String> = attr("defaultMode"),
        /// Password in clear text.
        passwd: Option<String> = attr("passwd"),
        /// End of the password.
        passwd_valid_to: Option<String> = attr("passwdValidTo"),
        /// What becomes of viewers when the password changes.
        connected: Option<String> = attr("connected"),
        /// Where to listen.
        listens: Vec<Listen> = list("listen"),
        /// Encryption of single channels.
        channels: Vec<SpiceChannel> = list("channel"),
        /// Compression of images.
        image: Option<String> = sub("image", "compression"),
        /// JPEG over slow lines.
        jpeg: Option<String> = sub("jpeg", "compression"),
        /// zlib over slow lines.
        zlib: Option<String> = sub("zlib", "compression"),
        /// Compression of sound: `on` or `off`.
        playback: Option<String> = sub("playback", "compression"),
        /// Detection of videos.
        streaming: Option<String> = sub("streaming", "mode"),
        /// Shared clipboard.
        clipboard: Option<bool> = sub("clipboard", "copypaste"),
        /// Pointer of the server or the client.
        mouse: Option<String> = sub("mouse", "mode"),
        /// Files by drag and drop.
        filetransfer: Option<bool> = sub("filetransfer", "enable"),
        /// OpenGL.
        gl: Option<Gl> = child("gl"),
    }
}

model! {
    /// `<channel name='main' mode='secure'/>`
    pub element SpiceChannel {
        /// Channel.
        name: String = attr("name"),
        /// `any`, `secure`, `insecure`.
        mode: Option<String> = attr("mode"),
    }
}

model! {
    /// `<gl enable='yes' rendernode='/dev/dri/renderD128'/>`
    #[derive(Default)]
    pub element Gl {
        /// On or off.
        enable: Option<bool> = attr("enable"),
        /// Device of the host.
        rendernode: Option<String> = attr("rendernode"),
    }
}

model! {
    /// SDL.
    #[derive(Default)]
    pub group Sdl {
        /// Display of the host.
        display: Option<String> = attr("display"),
        /// Credentials of X.
        xauth: Option<String> = attr("xauth"),
        /// Whole screen.
        fullscreen: Option<bool> = attr("fullscreen"),
        /// OpenGL.
        gl: Option<Gl> = child("gl"),
    }
}

model! {
    /// RDP.
    #[derive(Default)]
    pub group Rdp {
        /// Port.
        port: Option<i32> = attr("port"),
        /// The hypervisor chooses the port.
        autoport: Option<bool> = attr("autoport"),
        /// A new viewer ends the old one.
        replace_user: Option<bool> = attr("replaceUser"),
        /// Several viewers.
        multi_user: Option<bool> = attr("multiUser"),
        /// Address to listen on.
        listen: Option<String> = attr("listen"),
        /// Where to listen.
        listens: Vec<Listen> = list("listen"),
    }
}

model! {
    /// A desktop window of VirtualBox.
    #[derive(Default)]
    pub group DesktopGraphics {
        /// Display of the host.
        display: Option<String> = attr("display"),
        /// Whole screen.
        fullscreen: Option<bool> = attr("fullscreen"),
    }
}

model! {
    /// OpenGL without a screen.
    #[derive(Default)]
    pub group EglHeadless {
        /// Device of the host.
        gl: Option<Gl> = child("gl"),
    }
}

model! {
    /// D-Bus.
    #[derive(Default)]
    pub group DbusGraphics {
        /// Address of the bus.
        address: Option<String> = attr("address"),
        /// Without a bus.
        p2p: Option<bool> = attr("p2p"),
        /// OpenGL.
        gl: Option<Gl> = child("gl"),
        /// Audio backend by number.
        audio: Option<u32> = sub("audio", "id"),
    }
}

model! {
    /// `<listen type='address' address='127.0.0.1'/>`
    pub element Listen {
        /// Where.
        kind: ListenKind = tagged(0, "type"),
    }
}

impl Listen {
    /// At an IP address or host name.
    pub fn address(address: impl Into<String>) -> Self {
        let kind = ListenKind::Address(Some(address.into()));
        let other = Default::default();
        Self { kind, other }
    }
}

tagged! {
    /// Kinds of listening.
    pub enum ListenKind absent "" {
        Address(Option<String>) = "address" in attr("address"),
        /// At the address of a network of libvirt.
        Network(ListenNetwork) = "network" in group(),
        Socket(Option<String>) = "socket" in attr("socket"),
        /// Not at all.
        None = "none",
    }
}

model! {
    /// `network='default' address='192.168.122.1'`
    #[derive(Default)]
    pub group ListenNetwork {
        /// Name of the network.
        network: Option<String> = attr("network"),
        /// Its address, while the guest runs.
        address: Option<String> = attr("address"),
    }
}

model! {
    /// `<video>`: a graphics card.
    #[derive(Default)]
    pub element Video {
        /// Program behind it.
        driver: Option<VideoDriver> = child("driver"),
        /// The card.
        model: Option<VideoModel> = child("model"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Video {
    /// A card of a type.
    pub fn new(kind: VideoType) -> Self {
        Self::default().model(VideoModel::new(kind))
    }
}

model! {
    /// `<driver name='qemu'/>` of a graphics card.
    #[derive(Default)]
    pub element VideoDriver {
        /// `qemu` or `vhostuser`.
        name: Option<String> = attr("name"),
        /// Configuration of VGA.
        vgaconf: Option<String> = attr("vgaconf"),
        /// Options of virtio.
        virtio: VirtioOptions = group(),
    }
}

model! {
    /// `<model type='qxl' ram='65536' vram='65536' vgamem='16384' heads='1' primary='yes'>`. Memory is in KiB.
    pub element VideoModel {
        /// Type.
        kind: VideoType = attr("type"),
        /// Primary memory (`qxl`).
        ram: Option<u32> = attr("ram"),
        /// Memory.
        vram: Option<u32> = attr("vram"),
        /// Memory of 64-bit addresses (`qxl`).
        vram64: Option<u32> = attr("vram64"),
        /// Memory of VGA modes (`qxl`).
        vgamem: Option<u32> = attr("vgamem"),
        /// Screens.
        heads: Option<u32> = attr("heads"),
        /// First card.
        primary: Option<bool> = attr("primary"),
        /// Resources beside the guest's memory.
        blob: Option<bool> = on_off("blob"),
        /// Acceleration.
        acceleration: Option<Acceleration> = child("acceleration"),
        /// Size of the screen.
        resolution: Option<Resolution> = child("resolution"),
    }
}

impl VideoModel {
    /// A card with memory and heads left to libvirt.
    pub fn new(kind: VideoType) -> Self {
        Self {
            kind,
            ram: None,
            vram: None,
            vram64: None,
            vgamem: None,
            heads: None,
            primary: None,
            blob: None,
            acceleration: None,
            resolution: None,
            other: Default::default(),
        }
    }
}

values! {
    /// Graphics cards.
    pub enum VideoType {
        Vga = "vga", Cirrus = "cirrus", Vmvga = "vmvga", Xen = "xen", Vbox = "vbox", Qxl = "qxl",
        Virtio = "virtio", Gop = "gop", Bochs = "bochs", Ramfb = "ramfb",
        /// No card at all.
        None = "none",
    }
}

model! {
    /// `<acceleration accel3d='yes'/>`
    #[derive(Default)]
    pub element Acceleration {
        /// 3D.
        accel3d: Option<bool> = attr("accel3d"),
        /// 2D.
        accel2d: Option<bool> = attr("accel2d"),
        /// Device of the host.
        rendernode: Option<String> = attr("rendernode"),
    }
}

model! {
    /// `<resolution x='1280' y='800'/>`
    #[derive(Default)]
    pub element Resolution {
        /// Columns.
        x: Option<u32> = attr("x"),
        /// Lines.
        y: Option<u32> = attr("y"),
    }
}

model! {
    /// `<sound model='ich9'>`
    pub element Sound {
        /// Card.
        model: SoundModel = attr("model"),
        /// Codecs in their order.
        codecs: Vec<String> = subs("codec", "type"),
        /// Audio backend by number.
        audio: Option<u32> = sub("audio", "id"),
        /// Name in QEMU's eyes.
        alias: Option<String> = sub("alias", "name"),
        /// Number in ACPI.
        acpi: Option<DeviceAcpi> = child("acpi"),
        /// Place in the guest.
        address: Option<Address> = child("address"),
    }
}

impl Sound {
    /// A card.
    pub fn new(model: SoundModel) -> Self {
        Self {
            model,
            codecs: Vec::new(),
            audio: None,
            alias: None,
            acpi: None,
            address: None,
            other: Default::default(),
        }
    }
}

values! {
    /// Sound cards.
    pub enum SoundModel {
        Sb16 = "sb16", Es1370 = "es1370", Pcspk = "pcspk", Ac97 = "ac97", Ich6 = "ich6", Ich7 = "ich7",
        Ich9 = "ich9", Usb = "usb", Virtio = "virtio",
    }
}

model! {
    /// `<audio id='1' type='none'/>`: where sound goes on the host.
    pub element Audio {
        /// Number.
        id: u32 = attr("id"),
        /// Kind.
        kind: AudioType = attr("type"),
        /// Microseconds between two looks at the backend.
        timer_period: Option<u32> = attr("timerPeriod"),
        /// Server (`pulseaudio`).
        server_name: Option<String> = attr("serverName"),
        /// File (`file`).
        path: Option<String> = attr("path"),
        /// Driver of SDL.
        driver: Option<String> = attr("driver"),
        /// Recording; kept as it is.
        input: Vec<Element> = raws("input"),
        /// Playing; kept as it is.
        output: Vec<Element> = raws("output"),
    }
}

impl Audio {
    /// A backend.
    pub fn new(id: u32, kind: AudioType) -> Self {
        Self {
            id,
            kind,
            timer_period: None,
            server_name: None,
            path: None,
            driver: None,
            input: Vec::new(),
            output: Vec::new(),
            other: Default::default(),
        }
    }
}

values! {
    /// Audio backends.
    pub enum AudioType {
        None = "none", Alsa = "alsa", CoreAudio = "coreaudio", Dbus = "dbus", Jack = "jack", Oss = "oss",
        PulseAudio = "pulseaudio", Sdl = "sdl", Spice = "spice", File = "file", Pipewire = "pipewire",
    }
}
