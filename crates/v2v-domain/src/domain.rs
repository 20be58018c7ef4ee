//! `<domain>`

use crate::clock::{Clock, LifecycleAction, LockFailureAction, PowerManagement};
use crate::codec::{self, Reader, Xml as _};
use crate::cpu::Cpu;
use crate::devices::{Devices, LaunchSecurity, SecLabel};
use crate::element::{Attribute, Element, Node};
use crate::error::{ParseError, WriteError};
use crate::features::Features;
use crate::macros::{model, values};
use crate::os::{Os, Sysinfo};
use crate::parse::{self, ParseOptions};
use crate::print::print;
use crate::resources::{
    BlockIoTune, CpuTune, IoThreadIds, Memory, MemoryBacking, MemoryTune, NumaTune, Vcpu, Vcpus,
};
use crate::scalar::Uuid;

/// Namespace of `<qemu:commandline>`.
pub const QEMU_NAMESPACE: &str = "http://libvirt.org/schemas/domain/qemu/1.0";

/// Namespace of libosinfo's metadata.
pub const LIBOSINFO_NAMESPACE: &str = "http://libosinfo.org/xmlns/libvirt/domain/1.0";

model! {
    /// A virtual machine as libvirt defines it.
    pub element Domain {
        /// Hypervisor.
        kind: DomainType = attr("type"),
        /// Number, while the guest runs.
        id: Option<u32> = attr("id"),
        /// Name, unique on a host.
        name: String = text("name"),
        /// UUID; libvirt makes one if absent. The guest sees it as its SMBIOS UUID.
        uuid: Option<Uuid> = text("uuid"),
        /// Generation id, which changes when a guest goes back in time.
        genid: Option<Genid> = child("genid"),
        /// One line about the guest.
        title: Option<String> = text("title"),
        /// Any text about the guest.
        description: Option<String> = text("description"),
        /// Data of other programs.
        metadata: Option<Metadata> = child("metadata"),
        /// Most memory with memory modules plugged in.
        max_memory: Option<Memory> = child("maxMemory"),
        /// Memory at boot.
        memory: Option<Memory> = child("memory"),
        /// Memory the balloon leaves to the guest; all if absent.
        current_memory: Option<Memory> = child("currentMemory"),
        /// Share of the host's block I/O.
        blkiotune: Option<BlockIoTune> = child("blkiotune"),
        /// Limits of memory.
        memtune: Option<MemoryTune> = child("memtune"),
        /// Where memory comes from.
        memory_backing: Option<MemoryBacking> = child("memoryBacking"),
        /// Virtual processors.
        vcpu: Option<Vcpu> = child("vcpu"),
        /// Single virtual processors.
        vcpus: Option<Vcpus> = child("vcpus"),
        /// Number of I/O threads.
        iothreads: Option<u32> = text("iothreads"),
        /// Single I/O threads.
        iothreadids: Option<IoThreadIds> = child("iothreadids"),
        /// Shares, limits and pinning.
        cputune: Option<CpuTune> = child("cputune"),
        /// Host nodes of memory.
        numatune: Option<NumaTune> = child("numatune"),
        /// Control group; kept as it is.
        resource: Vec<Element> = raws("resource"),
        /// Values handed to the guest.
        sysinfo: Vec<Sysinfo> = list("sysinfo"),
        /// Boot loader of a Xen PV guest, on the host.
        bootloader: Option<String> = text("bootloader"),
        /// Arguments of it.
        bootloader_args: Option<String> = text("bootloader_args"),
        /// Firmware, kernel, boot order.
        os: Option<Os> = child("os"),
        /// Ids of a container; kept as they are.
        idmap: Vec<Element> = raws("idmap"),
        /// Features of the machine.
        features: Option<Features> = child("features"),
        /// Processor.
        cpu: Option<Cpu> = child("cpu"),
        /// Clock.
        clock: Option<Clock> = child("clock"),
        /// What follows a shutdown from inside.
        on_poweroff: Option<LifecycleAction> = text("on_poweroff"),
        /// What follows a reboot from inside.
        on_reboot: Option<LifecycleAction> = text("on_reboot"),
        /// What follows a crash.
        on_crash: Option<LifecycleAction> = text("on_crash"),
        /// What follows the loss of a lease.
        on_lockfailure: Option<LockFailureAction> = text("on_lockfailure"),
        /// Sleep states.
        pm: Option<PowerManagement> = child("pm"),
        /// Performance events; kept as they are.
        perf: Vec<Element> = raws("perf"),
        /// Devices.
        devices: Option<Devices> = child("devices"),
        /// Security labels.
        seclabels: Vec<SecLabel> = list("seclabel"),
        /// Key wrapping (s390); kept as it is.
        keywrap: Vec<Element> = raws("keywrap"),
        /// Encrypted memory.
        launch_security: Option<LaunchSecurity> = child("launchSecurity"),
        /// Arguments of QEMU that libvirt does not know.
        qemu_commandline: Option<QemuCommandline> = child("qemu:commandline"),
    }
}

values! {
    /// Hypervisor.
    pub enum DomainType {
        Kvm = "kvm",
        /// QEMU without hardware help.
        Qemu = "qemu",
        Xen = "xen", Hvf = "hvf", Lxc = "lxc", Vmware = "vmware", Vbox = "vbox", Hyperv = "hyperv",
        Bhyve = "bhyve", Openvz = "openvz", Vz = "vz", Test = "test",
    }
}

model! {
    /// `<genid>`: empty for "make one", or a value.
    #[derive(Default)]
    pub element Genid {
        /// Value.
        uuid: Option<Uuid> = content(),
    }
}

impl From<Uuid> for Genid {
    fn from(uuid: Uuid) -> Self {
        Self::default().uuid(uuid)
    }
}

model! {
    /// `<metadata>`: one element of each program, in the program's namespace.
    #[derive(Default)]
    pub element Metadata {}
}

impl Metadata {
    /// Adds an element; it should declare its namespace itself.
    #[must_use]
    pub fn element(mut self, element: Element) -> Self {
        self.other.children.push(Node::Element(element));
        self
    }

    /// Adds what libosinfo calls the guest's operating system, for example `http://debian.org/debian/12`.
    #[must_use]
    pub fn libosinfo(self, id: impl Into<String>) -> Self {
        self.element(
            Element::new("libosinfo:libosinfo")
                .attribute("xmlns:libosinfo", LIBOSINFO_NAMESPACE)
                .child(Element::new("libosinfo:os").attribute("id", id)),
        )
    }

    /// What libosinfo calls the guest's operating system.
    pub fn libosinfo_id(&self) -> Option<&str> {
        let ours = self.in_namespace(LIBOSINFO_NAMESPACE)?;
        let is_os = |element: &&Element| element.name.rsplit(':').next() == Some("os");
        ours.elements().find(is_os)?.get("id")
    }

    /// The element of a namespace, if it declares that itself.
    pub fn in_namespace(&self, namespace: &str) -> Option<&Element> {
        self.other.elements().find(|element| {
            let declaration = match element.name.split_once(':') {
                Some((prefix, _)) => format!("xmlns:{prefix}"),
                None => "xmlns".to_owned(),
            };
            element.get(&declaration) == Some(namespace)
        })
    }
}

model! {
    /// `<qemu:commandline>`; its namespace is declared when it is written.
    #[derive(Default)]
    pub element QemuCommandline {
        /// Arguments in their order.
        args: Vec<String> = subs("qemu:arg", "value"),
        /// Environment.
        envs: Vec<QemuEnv> = list("qemu:env"),
    }
}

model! {
    /// `<qemu:env name='ID' value='wibble'/>`
    pub element QemuEnv {
        /// Name.
        name: String = attr("name"),
        /// Value.
        value: Option<String> = attr("value"),
    }
}

impl QemuEnv {
    /// A variable and its value.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value, other) = (name.into(), Some(value.into()), Default::default());
        Self { name, value, other }
    }
}

impl Domain {
    /// A domain of nothing but hypervisor and name.
    pub fn new(kind: DomainType, name: impl Into<String>) -> Self {
        Self {
            kind,
            id: None,
            name: name.into(),
            uuid: None,
            genid: None,
            title: None,
            description: None,
            metadata: None,
            max_memory: None,
            memory: None,
            current_memory: None,
            blkiotune: None,
            memtune: None,
            memory_backing: None,
            vcpu: None,
            vcpus: None,
            iothreads: None,
            iothreadids: None,
            cputune: None,
            numatune: None,
            resource: Vec::new(),
            sysinfo: Vec::new(),
            bootloader: None,
            bootloader_args: None,
            os: None,
            idmap: Vec::new(),
            features: None,
            cpu: None,
            clock: None,
            on_poweroff: None,
            on_reboot: None,
            on_crash: None,
            on_lockfailure: None,
            pm: None,
            perf: Vec::new(),
            devices: None,
            seclabels: Vec::new(),
            keywrap: Vec::new(),
            launch_security: None,
            qemu_commandline: None,
            other: Default::default(),
        }
    }

    /// A KVM guest: x86_64, q35, ACPI and APIC, no devices yet.
    ///
    /// ```
    /// use v2v_domain::{Domain, Memory};
    ///
    /// let domain = Domain::kvm("web01", Memory::gib(2), 2);
    /// assert!(domain.to_xml()?.starts_with("<domain type='kvm'>\n  <name>web01</name>\n"));
    /// # Ok::<(), v2v_domain::WriteError>(())
    /// ```
    pub fn kvm(name: impl Into<String>, memory: Memory, vcpus: u32) -> Self {
        Self::new(DomainType::Kvm, name)
            .memory(memory)
            .vcpu(Vcpu::new(vcpus))
            .os(Os::hvm("x86_64", "q35"))
            .features(Features::pc())
            .clock(Clock::utc())
            .devices(Devices::default())
    }

    /// The devices, to change them; an empty list is made if there is none.
    pub fn devices_mut(&mut self) -> &mut Devices {
        self.devices.get_or_insert_default()
    }

    /// Reads a document under the limits of [`ParseOptions::default`].
    ///
    /// What the model does not know, and known things whose value cannot be read, are kept in the `other` of the
    /// nearest struct; [`Self::unmodelled`] lists them. Not kept: comments and processing instructions outside of the
    /// root element, comments inside of an element that holds nothing but text, the layout, and where among their
    /// neighbours the unknown elements stood.
    ///
    /// # Errors
    ///
    /// [`ParseError`] if the bytes are no well-formed XML in UTF-8, if a limit is passed, if there is a document type
    /// declaration, or if the root is not a `<domain>` with a type and a name.
    pub fn parse(document: impl AsRef<[u8]>) -> Result<Self, ParseError> {
        Self::parse_with(document, &ParseOptions::default())
    }

    /// As [`Self::parse`], under other limits.
    ///
    /// # Errors
    ///
    /// As [`Self::parse`].
    pub fn parse_with(
        document: impl AsRef<[u8]>,
        options: &ParseOptions,
    ) -> Result<Self, ParseError> {
        let (root, (line, column)) = parse::parse(document.as_ref(), options)?;
        if root.name != "domain" {
            let found = root.name;
            return Err(ParseError::NoDomain {
                line,
                column,
                found,
            });
        }
        let mut reader = Reader::new(&root);
        let Some(mut domain) = Self::read(&mut reader) else {
            let missing = reader.missing.unwrap_or_default();
            return Err(ParseError::Incomplete {
                line,
                column,
                missing,
            });
        };
        if uses_qemu(&root) {
            let declaration = Attribute::new("xmlns:qemu", QEMU_NAMESPACE);
            domain.other.attributes.retain(|a| *a != declaration);
        }
        Ok(domain)
    }

    /// Writes the document: laid out as `virsh dumpxml` does, without an XML declaration, always the same for the same
    /// domain.
    ///
    /// # Errors
    ///
    /// [`WriteError`] if something has no form in XML: a control character, or a name in an [`Element`] made by hand.
    pub fn to_xml(&self) -> Result<String, WriteError> {
        print(&self.to_element())
    }

    /// What the model does not know or could not read, as paths: `/domain/devices/disk[2]/driver/@foo`.
    ///
    /// Elements that fields keep as they are count as known, and so does everything in `<metadata>`.
    pub fn unmodelled(&self) -> Vec<String> {
        let unknown = codec::write("domain", self).unknown;
        let paths = unknown.iter().map(|path| format!("/domain/{path}"));
        paths
            .filter(|path| !path.starts_with("/domain/metadata/"))
            .collect()
    }

    /// The document as a tree.
    pub fn to_element(&self) -> Element {
        let mut root = codec::write("domain", self).element;
        if root.get("xmlns:qemu").is_none() && uses_qemu(&root) {
            let declaration = Attribute::new("xmlns:qemu", QEMU_NAMESPACE);
            root.attributes.push(declaration);
        }
        root
    }
}

/// The declaration follows from that, so it is no part of the model.
fn uses_qemu(root: &Element) -> bool {
    root.elements().any(|child| child.name.starts_with("qemu:"))
}
