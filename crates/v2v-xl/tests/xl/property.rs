//! Any bytes, any values.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use v2v_xl::{Config, Guest, Number, Operator, ParseOptions, Value, VirtualDevice};

/// Pieces of lines that mean something, and some that don't.
const PIECES: &[&str] = &[
    "disk",
    "vif",
    "vfb",
    "name",
    "memory",
    "cpus",
    "vnuma",
    "serial",
    "pci",
    "boot",
    "type",
    "cpuid",
    "channel",
    "usbdev",
    "if",
    "def",
    "True",
    "None",
    " = ",
    "=",
    " += ",
    "==",
    "[",
    "]",
    "[ ",
    " ]",
    ",",
    ", ",
    "(",
    ")",
    "{",
    ";",
    ":",
    "\n",
    "\n",
    "\r\n",
    "\n    ",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "\\",
    "\\x41",
    "\\d",
    "#",
    " # ",
    "0",
    "512",
    "0x",
    "-",
    "+",
    "%",
    ".",
    "'phy:/dev/vg/a,xvda,w'",
    "',hdc:cdrom,r'",
    "'format=raw,vdev=xvdb,target=/a,b'",
    "'mac=00:16:3e:00:00:01,rate=1Mb/s@1ms'",
    "''",
    "'0-3,^1'",
    "'hvm'",
    "'0000:01:00.0,permissive=1'",
    "'pnode=0'",
    "'type=vnc,vncpasswd=x'",
    "\u{430}",
    "\u{feff}",
    "\t",
];

fn text() -> impl Strategy<Value = String> {
    vec(select(PIECES), 0..60).prop_map(|pieces| pieces.concat())
}

/// Reads everything that can be read of `bytes`, and checks that all is accounted for.
fn walk(bytes: &[u8]) -> Option<Config> {
    let config = Config::parse(bytes, &ParseOptions::default()).ok()?;
    let lines = u64::try_from(bytes.split(|&byte| byte == b'\n').count()).unwrap();
    for (at, entry) in config.entries().iter().enumerate() {
        assert_eq!(entry.id().index(), at);
        assert!(
            1 <= entry.line() && entry.line() <= entry.last_line() && entry.last_line() <= lines
        );
        assert!(config.get(entry.key()).is_some() && config.value(entry.key()).is_some());
    }
    for problem in config.problems() {
        assert!(1 <= problem.line && problem.line <= lines);
        assert!(!problem.to_string().contains('\n') && problem.to_string().len() < 2000);
    }
    let guest = Guest::new(&config);
    let counted: Vec<_> = guest.ignored.iter().chain(&guest.unknown).collect();
    assert!(counted.iter().all(|id| config.counts(**id)));
    assert!(
        guest
            .problems
            .iter()
            .all(|problem| config.entry(problem.id).is_some())
    );
    for disk in &guest.disks {
        let _ = (disk.is_empty_drive(), disk.is_read_only(), disk.path());
    }
    Some(config)
}

/// Keys and values: what a printed text must give back.
fn contents(config: &Config) -> Vec<(String, Operator, Value)> {
    let entries = config.entries().iter();
    entries
        .map(|entry| {
            (
                entry.key().to_owned(),
                entry.operator(),
                entry.value().clone(),
            )
        })
        .collect()
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<String>().prop_map(Value::String),
        any::<i64>().prop_map(|number| Value::Number(Number::from(number))),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| vec(inner, 0..6).prop_map(Value::List))
}

proptest! {
    #[test]
    fn any_bytes(bytes in vec(any::<u8>(), 0..300)) {
        walk(&bytes);
    }

    #[test]
    fn any_text(text in text()) {
        if let Some(config) = walk(text.as_bytes()) {
            // What was read once is read again from what is printed, and nothing in it is odd any more.
            let printed = config.to_string();
            if !config.entries().is_empty() {
                let again = walk(printed.as_bytes()).unwrap();
                prop_assert_eq!(contents(&again), contents(&config));
            }
        }
    }

    #[test]
    fn values_come_back(key in "[a-z_][a-z0-9_]{0,9}", value in value()) {
        let printed = format!("{key} = {value}\n");
        let config = Config::parse(printed.as_bytes(), &ParseOptions::default()).unwrap();
        let found = config.get(&key).unwrap();
        prop_assert_eq!(found.value(), &value);
        prop_assert_eq!(found.line(), 1);
        for problem in config.problems() {
            // Control characters have no other escape.
            prop_assert!(!problem.is_loss(), "{}", problem);
        }
    }

    #[test]
    fn any_item(disk in "[ -~]{0,40}", parts in vec(select(vec![
        "/a", ",", "raw", "qcow2", "xvda", "hdc", ":cdrom", "cdrom", "w", "r", "target=", "format=", "vdev=", "access=", "=", "phy:", "tap:",
        "aio:", " ", "devtype=", "script=", "rbd:", "vmdk:", "é",
    ]), 0..12)) {
        for text in [disk, parts.concat()] {
            let text = Value::String(text);
            for key in ["disk", "vif", "vfb", "pci", "usbdev", "channel", "cpus", "serial", "vtpm", "p9", "usbctrl"] {
                walk(format!("{key} = [ {text} ]\n").as_bytes()).unwrap();
            }
        }
    }

    #[test]
    fn vdevs_come_back(disk in 0..1_u32 << 20, partition in proptest::option::of(1..256_u32), family in select(vec!["xvd", "hd", "sd"])) {
        let device: VirtualDevice = format!("{family}a").parse().unwrap();
        let device = VirtualDevice { disk, partition, ..device };
        prop_assert_eq!(device.to_string().parse(), Ok(device));
        let numbered: VirtualDevice = format!("d{disk}p{}", partition.unwrap_or(0)).parse().unwrap();
        prop_assert_eq!((numbered.disk, numbered.partition), (disk, partition));
    }

    #[test]
    fn any_vdev(text in "\\PC{0,12}") {
        let _ = text.parse::<VirtualDevice>();
    }
}
