//! The crates without the command: `cargo run --example embed -- SOURCE TARGET`.
#![allow(clippy::print_stdout, reason = "an example that shows what it did")]

use std::path::Path;

use v2v_copy::{CopyOptions, NoHooks, copy};
use v2v_disk::{DiskImage, Existing, TargetFile};
use v2v_image::{OpenOptions, TargetFormat, open};
use v2v_qcow2::WriteOptions;

fn main() -> anyhow::Result<()> {
    let names: Vec<String> = std::env::args().skip(1).collect();
    let [source, target] = names.as_slice() else {
        anyhow::bail!("embed SOURCE TARGET")
    };
    let opened = open(Path::new(source), &OpenOptions::default())?;
    let file = TargetFile::create(target, Existing::Keep)?;
    let format = TargetFormat::Qcow2(WriteOptions::default());
    let image = format.create(file, opened.chain.virtual_size())?;
    let report = copy(&opened.chain, &*image, &CopyOptions::default(), &NoHooks)?;
    let path = image.into_file().commit()?;
    println!("{}: {} bytes of data", path.display(), report.stored);
    Ok(())
}
