//! Targets of the qcow2 reader.

use v2v_qcow2::{Options, Qcow2, is_qcow2};

use super::walk::{Same, limits, opened, source, tell, walk};

/// Any file taken for a qcow2 image, with its internal snapshots, and its own bytes as its data file.
pub fn read(data: &[u8]) {
    let source = source(data);
    let _ = is_qcow2(&*source);
    let mut options = Options::default();
    options.limits = limits();
    options.allow_data_file = true;
    options.ignore_corrupt = true;
    let gate = Same(source.clone());
    let Some(image) = opened(Qcow2::open(source.clone(), &gate, &options)) else {
        return;
    };
    let warnings = image.warnings();
    warnings.iter().for_each(|warning| tell(&warning.text));
    walk(&image);
    let names = image.snapshots().iter().map(|snapshot| &snapshot.name);
    for name in names.take(3) {
        options.snapshot = Some(name.clone());
        if let Some(image) = opened(Qcow2::open(source.clone(), &gate, &options)) {
            walk(&image);
        }
    }
}
