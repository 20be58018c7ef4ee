//! Xen guest configurations.

use v2v_xl::{Config, Entry, EntryId, Guest, ParseOptions, VirtualDevice};

/// What parses can be printed and is the same again, and every setting that counts is read, ignored or unknown.
pub fn text(data: &[u8]) {
    if let Ok(name) = std::str::from_utf8(data)
        && let Ok(device) = name.parse::<VirtualDevice>()
    {
        let again = device
            .to_string()
            .parse::<VirtualDevice>()
            .expect("a printed name");
        assert_eq!(
            (again.family, again.disk, again.partition),
            (device.family, device.disk, device.partition)
        );
    }
    let options = ParseOptions::default();
    let Ok(config) = Config::parse(data, &options) else {
        return;
    };
    assert!(config.problems().iter().all(|problem| problem.line > 0));
    let guest = Guest::new(&config);
    let counts = |id: &EntryId| config.counts(*id);
    assert!(
        guest.ignored.iter().chain(&guest.unknown).all(counts),
        "a setting that does not count"
    );
    for disk in &guest.disks {
        let _ = (disk.is_empty_drive(), disk.is_read_only(), disk.path());
    }
    if config.entries().is_empty() {
        return;
    }
    let printed = config.to_string();
    // Printed escapes may be longer than what was read.
    let options = ParseOptions {
        max_bytes: 16 << 20,
        ..options
    };
    let again = Config::parse(printed.as_bytes(), &options).expect("a printed text");
    let contents = |config: &Config| -> Vec<String> {
        config.entries().iter().map(Entry::to_string).collect()
    };
    assert_eq!(contents(&again), contents(&config));
    assert!(again.code().next().is_none());
}
