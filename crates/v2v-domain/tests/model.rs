//! Properties: model -> XML -> model is identity, and so is it for whatever can be read.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use v2v_domain::*;

/// Text with everything that needs care in XML.
fn text() -> impl Strategy<Value = String> {
    let specials = select(vec![
        'a',
        'Z',
        '7',
        '<',
        '>',
        '&',
        '\'',
        '"',
        '\n',
        '\r',
        '\t',
        ' ',
        ']',
        '-',
        'é',
        '\u{85}',
        '\u{2028}',
        '\u{fffd}',
        '\u{1f600}',
    ]);
    prop_oneof![
        "[a-z0-9/._-]{1,12}",
        vec(specials, 0..10).prop_map(String::from_iter),
    ]
}

/// As content of an element, no text and empty text are the same.
fn content() -> impl Strategy<Value = String> {
    text().prop_map(|text| format!("{text}."))
}

/// A value of a set: one that is known, or one that is not.
fn one<T: From<String> + std::fmt::Debug>(known: &str) -> impl Strategy<Value = T> + use<T> {
    let known: Vec<String> = known.split(' ').map(str::to_owned).collect();
    prop_oneof![4 => select(known), 1 => text().prop_map(|text| format!("zz{text}"))]
        .prop_map(T::from)
}

fn unit() -> impl Strategy<Value = Unit> {
    let units = "b bytes KB k KiB MB M MiB GB G GiB TB T TiB PB P PiB EB E EiB";
    select(units.split(' ').collect::<Vec<_>>()).prop_map(|name| name.parse().expect("a unit"))
}

fn memory() -> impl Strategy<Value = Memory> {
    (any::<u64>(), unit(), of(0_u32..99), of(any::<bool>())).prop_map(
        |(amount, unit, slots, dump_core)| {
            let mut memory = Memory::new(amount, unit);
            (memory.slots, memory.dump_core) = (slots, dump_core);
            memory
        },
    )
}

fn other() -> impl Strategy<Value = Other> {
    let element = (text(), of(content())).prop_map(|(value, inner)| {
        let element = Element::new("zz:unknown").attribute("zz", value);
        match inner {
            Some(text) => element.child(Element::new("inner").text(text)),
            None => element,
        }
    });
    (of(text()), vec(element, 0..3)).prop_map(|(attribute, elements)| {
        let other = elements.into_iter().fold(Other::default(), Other::child);
        match attribute {
            Some(value) => other.attribute("zz-unknown", value),
            None => other,
        }
    })
}

fn address() -> impl Strategy<Value = Address> {
    let number = || 0_u32..0x1_0000;
    let kind = prop_oneof![
        (number(), number(), number(), number(), of(any::<bool>())).prop_map(|(a, b, c, d, e)| {
            let mut address = PciAddress::new(a, b, c, d);
            address.multifunction = e;
            AddressKind::Pci(address)
        }),
        (number(), number()).prop_map(|(a, b)| Address::drive(a, 0, b, 7).kind),
        (number(), text()).prop_map(|(bus, port)| Address::usb(bus, port).kind),
        (number(), number()).prop_map(|(a, b)| Address::virtio_serial(a, 0, b).kind),
        number().prop_map(|irq| AddressKind::Isa(IsaAddress::default().irq(irq))),
        any::<u64>().prop_map(|base| AddressKind::Dimm(DimmAddress::default().base(base))),
        Just(AddressKind::Unassigned),
        Just(AddressKind::Other(String::new())),
        "zz[a-z]{1,5}".prop_map(AddressKind::Other),
    ];
    (kind, other()).prop_map(|(kind, other)| Address::from(kind).other(other))
}

fn disk_source() -> impl Strategy<Value = DiskSource> {
    let host = (of(text()), of(any::<u16>())).prop_map(|(name, port)| {
        let mut host = DiskHost::default();
        (host.name, host.port) = (name, port);
        host
    });
    let network = (one("nbd rbd iscsi https"), text(), vec(host, 0..3), other());
    prop_oneof![
        Just(DiskSource::empty()),
        text().prop_map(DiskSource::file),
        text().prop_map(DiskSource::block),
        (text(), text()).prop_map(|(pool, volume)| DiskSource::volume(pool, volume)),
        network.prop_map(|(protocol, name, hosts, other)| {
            let source = NetworkDiskSource::new(protocol, name);
            DiskSource::Network(Some(source.hosts(hosts).other(other)))
        }),
        Just(DiskSource::Volume(None)),
        "zz[a-z]{0,5}".prop_map(DiskSource::Other),
    ]
}

fn disk() -> impl Strategy<Value = Disk> {
    let driver = (
        of(one("raw qcow2 vmdk")),
        of(one("none writeback unsafe")),
        of(one("native threads io_uring")),
        of(any::<bool>()),
        of(any::<u32>()),
        other(),
    )
        .prop_map(|(format, cache, io, copy_on_read, queues, other)| {
            let mut driver = DiskDriver::default().other(other);
            (driver.format, driver.cache, driver.io) = (format, cache, io);
            (driver.copy_on_read, driver.queues) = (copy_on_read, queues);
            driver
        });
    let iotune = (of(any::<u64>()), of(any::<u64>()), of(text())).prop_map(|(a, b, name)| {
        let mut iotune = IoTune::default();
        (iotune.total_bytes_sec, iotune.write_iops_sec_max) = (a, b);
        iotune.group_name = name;
        iotune
    });
    let base = (disk_source(), text(), one("virtio scsi sata ide nvme"));
    let more = (
        of(driver),
        of(iotune),
        of(address()),
        of(text()),
        of(0_u32..99),
    );
    let flags = (any::<bool>(), any::<bool>(), of(of(any::<bool>())));
    (base, more, flags, other()).prop_map(
        |((source, dev, bus), (driver, iotune, address, serial, boot), flags, other)| {
            let mut disk = Disk::new(source, dev, bus).other(other);
            (disk.driver, disk.iotune, disk.address) = (driver, iotune, address);
            (disk.serial, disk.boot) = (serial, boot.map(Boot::from));
            (disk.readonly, disk.shareable) = (flags.0, flags.1);
            disk.transient = flags.2.map(|share| {
                let mut transient = Transient::default();
                transient.share_backing = share;
                transient
            });
            disk
        },
    )
}

fn interface() -> impl Strategy<Value = Interface> {
    let source = prop_oneof![
        text().prop_map(InterfaceSource::bridge),
        text().prop_map(InterfaceSource::network),
        (text(), one("vepa bridge")).prop_map(|(dev, mode)| InterfaceSource::direct(dev, mode)),
        Just(InterfaceSource::User(None)),
        Just(InterfaceSource::Null),
        any::<u16>()
            .prop_map(|port| { InterfaceSource::Udp(Some(SocketSource::default().port(port))) }),
        "zz[a-z]{0,5}".prop_map(InterfaceSource::Other),
    ];
    let bandwidth = (of(any::<u64>()), of(any::<u64>())).prop_map(|(average, burst)| {
        let mut limit = BandwidthLimit::default();
        (limit.average, limit.burst) = (average, burst);
        Bandwidth::default().inbound(limit.clone()).outbound(limit)
    });
    let filter = (text(), text(), text())
        .prop_map(|(filter, name, value)| FilterRef::new(filter).parameter(name, value));
    let vlan = vec(0_u32..4096, 0..4).prop_map(|tags| {
        let tags = tags.into_iter().map(VlanTag::new);
        Vlan::default().trunk(true).tags(tags)
    });
    (
        source,
        of(any::<[u8; 6]>()),
        of(one("virtio e1000 vmxnet3")),
        of(one("up down")),
        of(bandwidth),
        of(filter),
        of(vlan),
        of(address()),
        other(),
    )
        .prop_map(
            |(source, mac, model, link, bandwidth, filter, vlan, address, other)| {
                let mut card = Interface::new(source).other(other);
                card.mac = mac.map(|bytes| MacAddress(bytes).into());
                (card.model, card.link, card.bandwidth) = (model, link, bandwidth);
                (card.filterref, card.vlan, card.address) = (filter, vlan, address);
                card
            },
        )
}

fn backend() -> impl Strategy<Value = CharBackend> {
    let net = (of(one("bind connect")), of(text())).prop_map(|(mode, host)| {
        let mut source = NetSource::default();
        (source.mode, source.host) = (mode, host);
        source
    });
    prop_oneof![
        Just(CharBackend::pty()),
        Just(CharBackend::Null),
        Just(CharBackend::SpiceVmc),
        text().prop_map(CharBackend::file),
        (one("bind connect"), text()).prop_map(|(mode, path)| CharBackend::unix(mode, path)),
        (one("bind connect"), text(), text())
            .prop_map(|(mode, host, service)| CharBackend::tcp(mode, host, service)),
        vec(net, 0..3).prop_map(CharBackend::Udp),
        "zz[a-z]{0,5}".prop_map(CharBackend::Other),
    ]
}

fn char_device() -> impl Strategy<Value = CharDevice> {
    (backend(), of(any::<u32>()), of(address()), other()).prop_map(
        |(backend, port, address, other)| {
            let mut device = CharDevice::new(backend).other(other);
            device.target = port.map(|port| CharTarget::default().port(port));
            device.address = address;
            device
        },
    )
}

fn graphics() -> impl Strategy<Value = Graphics> {
    let listens = || vec(text().prop_map(Listen::address), 0..3);
    prop_oneof![
        (of(any::<i32>()), of(text()), listens()).prop_map(|(port, passwd, listens)| {
            let mut vnc = Vnc::default().listens(listens);
            (vnc.port, vnc.passwd) = (port, passwd);
            vnc.into()
        }),
        (of(any::<bool>()), of(text()), listens()).prop_map(|(gl, image, listens)| {
            let mut spice = Spice::default().listens(listens);
            spice.gl = gl.map(|on| Gl::default().enable(on));
            spice.image = image;
            spice.into()
        }),
    ]
}

fn devices() -> impl Strategy<Value = Devices> {
    let simple = (of(text()), any::<bool>(), any::<bool>(), of(any::<u32>()));
    (
        vec(disk(), 0..4),
        vec(interface(), 0..3),
        vec(char_device(), 0..3),
        vec(graphics(), 0..2),
        simple,
        other(),
    )
        .prop_map(|(disks, interfaces, serials, graphics, simple, other)| {
            let mut devices = Devices::default().other(other);
            (devices.disks, devices.interfaces) = (disks, interfaces);
            (devices.serials, devices.graphics) = (serials, graphics);
            devices.emulator = simple.0;
            if simple.1 {
                devices.rngs.push(v2v_domain::Rng::urandom());
                devices.tpms.push(Tpm::emulator(TpmModel::Crb, "2.0"));
                devices.hostdevs.push(Hostdev::usb(1, 0xffff));
                devices
                    .filesystems
                    .push(Filesystem::virtiofs("/srv", "tag"));
            }
            if simple.2 {
                devices.channels.push(Channel::guest_agent());
                devices
                    .redirdevs
                    .push(RedirectedDevice::usb(CharBackend::SpiceVmc));
                devices.panics.push(Panic::new(PanicModel::Hyperv));
                devices.memballoon = Some(MemBalloon::new(BalloonModel::None));
            }
            devices.vsock = simple
                .3
                .map(|cid| Vsock::default().cid(Cid::default().address(cid)));
            devices
        })
}

fn cpu() -> impl Strategy<Value = Cpu> {
    let feature = (one("require disable"), text()).prop_map(|(p, name)| CpuFeature::new(p, name));
    let cell = (any::<u64>(), text(), unit())
        .prop_map(|(memory, cpus, unit)| NumaCell::new(0, cpus, memory, unit));
    let model = content().prop_map(|name| CpuModel::new(name).fallback(Fallback::Forbid));
    (
        of(one("custom host-model host-passthrough")),
        of(model),
        of((1_u32..9, 1_u32..9, 1_u32..9)),
        vec(feature, 0..3),
        of(vec(cell, 0..3)),
        other(),
    )
        .prop_map(|(mode, model, topology, features, cells, other)| {
            let mut cpu = Cpu::default().features(features).other(other);
            (cpu.mode, cpu.model) = (mode, model);
            cpu.topology = topology.map(|(s, c, t)| Topology::new(s, c, t));
            cpu.numa = cells.map(|cells| Numa::default().cells(cells));
            cpu
        })
}

fn clock() -> impl Strategy<Value = Clock> {
    let offset = prop_oneof![
        Just(Clock::utc().offset),
        Just(Clock::localtime().offset),
        of(text()).prop_map(ClockOffset::Timezone),
        of(any::<u64>()).prop_map(ClockOffset::Absolute),
        (of(any::<i64>()), of(one("utc localtime"))).prop_map(|(adjustment, basis)| {
            let mut variable = VariableOffset::default();
            (variable.adjustment, variable.basis) = (adjustment, basis);
            ClockOffset::Variable(variable)
        }),
        Just(ClockOffset::Other(String::new())),
    ];
    let timer =
        (one("rtc pit hpet tsc"), of(any::<bool>()), other()).prop_map(|(name, present, other)| {
            let mut timer = Timer::new(name).other(other);
            timer.present = present;
            timer
        });
    (offset, vec(timer, 0..4), other())
        .prop_map(|(offset, timers, other)| Clock::new(offset).timers(timers).other(other))
}

fn features() -> impl Strategy<Value = Features> {
    let state = || of(of(any::<bool>()));
    (
        any::<[bool; 4]>(),
        state(),
        state(),
        of(any::<u32>()),
        other(),
    )
        .prop_map(|(flags, smm, vmport, retries, other)| {
            let mut features = Features::default().other(other);
            (features.acpi, features.pae) = (flags[0], flags[1]);
            features.apic = flags[2].then(Apic::default);
            features.smm = smm.map(|state| {
                let mut smm = Smm::default();
                smm.state = state;
                smm
            });
            features.vmport = vmport.map(|state| {
                let mut vmport = FeatureState::default();
                vmport.state = state;
                vmport
            });
            features.hyperv = flags[3].then(|| {
                let mut spinlocks = Spinlocks::default().state(true);
                spinlocks.retries = retries;
                Hyperv::default()
                    .relaxed(FeatureState::on())
                    .spinlocks(spinlocks)
            });
            features
        })
}

fn os() -> impl Strategy<Value = Os> {
    (
        (text(), text()),
        of(one("bios efi")),
        of((of(any::<bool>()), content())),
        of(text()),
        vec(one("hd cdrom network fd"), 0..4),
        of(any::<i32>()),
        other(),
    )
        .prop_map(
            |((arch, machine), firmware, loader, cmdline, boot, timeout, other)| {
                let mut os = Os::hvm(arch, machine).boot(boot).other(other);
                (os.firmware, os.cmdline) = (firmware, cmdline);
                os.loader = loader.map(|(secure, path)| {
                    let mut loader = Loader::default().path(path);
                    loader.secure = secure;
                    loader
                });
                os.bios = timeout.map(|ms| Bios::default().reboot_timeout(ms));
                os
            },
        )
}

fn domain() -> impl Strategy<Value = Domain> {
    let names = (one("kvm qemu xen"), text(), of(text()), of(text()));
    let sizes = (
        of(memory()),
        of(memory()),
        of(1_u32..999),
        of(any::<[u8; 16]>()),
    );
    let machine = (of(os()), of(features()), of(cpu()), of(clock()));
    let entries = vec((of(text()), text()), 0..3);
    let qemu = of(vec(text(), 0..3));
    (names, sizes, machine, of(devices()), entries, qemu, other()).prop_map(
        |(names, sizes, machine, devices, entries, qemu, other)| {
            let mut domain = Domain::new(names.0, names.1).other(other);
            (domain.title, domain.description) = (names.2, names.3);
            (domain.memory, domain.max_memory) = (sizes.0, sizes.1);
            domain.vcpu = sizes.2.map(Vcpu::new);
            domain.uuid = sizes.3.map(Uuid);
            domain.genid = sizes.3.map(|bytes| Uuid(bytes).into());
            (domain.os, domain.features, domain.cpu, domain.clock) = machine;
            domain.devices = devices;
            domain.qemu_commandline = qemu.map(|args| QemuCommandline::default().args(args));
            let system = entries
                .into_iter()
                .fold(SysinfoEntries::default(), |all, entry| match entry {
                    (Some(name), value) => all.entry(name, value),
                    (None, value) => all.text(value),
                });
            domain
                .sysinfo
                .push(Sysinfo::smbios(Smbios::default().system(system)));
            domain
        },
    )
}

/// Something that may happen to an element of a document.
#[derive(Debug, Clone)]
enum Change {
    Drop(Index),
    Repeat(Index),
    Swap(Index, Index),
    Value(Index, String),
    Text(String),
    Tail(String),
    Comment,
    Forget(Index),
    Rename(Index),
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    let values = prop_oneof![
        text(),
        select(vec![
            "yes",
            "on",
            "0x1f",
            "010",
            "-1",
            "4294967296",
            " 7 ",
            ""
        ])
        .prop_map(str::to_owned),
    ];
    prop_oneof![
        at().prop_map(Change::Drop),
        at().prop_map(Change::Repeat),
        (at(), at()).prop_map(|(a, b)| Change::Swap(a, b)),
        (at(), values).prop_map(|(at, value)| Change::Value(at, value)),
        text().prop_map(Change::Text),
        text().prop_map(Change::Tail),
        Just(Change::Comment),
        at().prop_map(Change::Forget),
        at().prop_map(Change::Rename),
    ]
}

fn apply(element: &mut Element, change: &Change) {
    let Element {
        attributes,
        children,
        name,
    } = element;
    match change {
        Change::Drop(at) if !children.is_empty() => drop(children.remove(at.index(children.len()))),
        Change::Repeat(at) if !children.is_empty() => {
            children.push(children[at.index(children.len())].clone());
        }
        Change::Swap(a, b) if !children.is_empty() => {
            let len = children.len();
            children.swap(a.index(len), b.index(len));
        }
        Change::Value(at, value) if !attributes.is_empty() => {
            let at = at.index(attributes.len());
            attributes[at].value.clone_from(value);
        }
        Change::Text(text) => *children = vec![Node::Text(text.clone())],
        Change::Tail(text) => children.push(Node::Text(text.clone())),
        Change::Comment => children.insert(0, Node::Comment(" c ".to_owned())),
        Change::Forget(at) if !attributes.is_empty() => {
            drop(attributes.remove(at.index(attributes.len())));
        }
        Change::Rename(at) => {
            let names = [
                "disk", "source", "address", "boot", "text", "acpi", "memory",
            ];
            names[at.index(names.len())].clone_into(name);
        }
        _ => {}
    }
}

fn count(element: &Element) -> usize {
    element.elements().map(|child| count(child) + 1).sum()
}

/// The element with that number among all below the root.
fn below<'a>(element: &'a mut Element, number: &mut usize) -> Option<&'a mut Element> {
    for node in &mut element.children {
        if let Node::Element(child) = node {
            if *number == 0 {
                return Some(child);
            }
            *number -= 1;
            if let Some(found) = below(child, number) {
                return Some(found);
            }
        }
    }
    None
}

fn check_identity(domain: &Domain) {
    let xml = domain.to_xml().expect("what is modelled can be written");
    let again = Domain::parse(&xml).unwrap_or_else(|err| panic!("{err}\n{xml}"));
    let printed = again.to_xml().expect("XML");
    assert!(printed == xml, "not the same again:\n{xml}\n---\n{printed}");
    assert!(&again == domain, "the same text, but another model:\n{xml}");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_model_that_is_written_and_read_is_the_same(domain in domain()) {
        check_identity(&domain);
        let json = serde_json::to_string(&domain).expect("JSON");
        let again: Domain = serde_json::from_str(&json).expect("a domain");
        prop_assert_eq!(again, domain);
    }

    #[test]
    fn whatever_is_read_is_written_and_read_the_same(
        file in select(vec!["everything", "sources", "xen-pv"]),
        changes in vec((any::<Index>(), change()), 0..12),
    ) {
        let path = format!("{}/../../testdata/domain/{file}.xml", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read(path).expect("a file");
        let mut root = Element::parse(text, &ParseOptions::default()).expect("XML");
        for (at, change) in &changes {
            let number = at.index(count(&root).max(1));
            if let Some(element) = below(&mut root, &mut { number }) {
                apply(element, change);
            }
        }
        let document = root.to_xml().expect("XML");
        // Without a name it is no domain; everything else is.
        match Domain::parse(&document) {
            Ok(domain) => check_identity(&domain),
            Err(err) => prop_assert!(err.to_string().ends_with("element <name>"), "{}", err),
        }
    }
}
