//! What lies beside a configuration: disks, media, locks, snapshots. Everything is opened for reading only, and
//! nothing outside of the configuration's directory that the caller did not allow.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use v2v_disk::{DirGate, FileName as GateName, GateError, OpenGate as _, Purpose, Source};
use v2v_image::{Format, OpenOptions, Opened, detect, open};
use v2v_translate::policy::Firmware;
use v2v_translate::{Evidence, FileEvidence, wanted_files};
use v2v_vmx::{Document, FileName, ParseOptions, PathStyle, Snapshot, Snapshots};

use crate::boot_code::BootCode;
use crate::disk_facts::{self, text};
use crate::folder::{Folder, Folders};

/// Levels beside a disk that are opened to find a newer one.
const MAX_LEVELS: usize = 64;

/// Longest .vmsd that is read; those of VMs with hundreds of snapshots have some hundred kilobytes.
const MAX_SNAPSHOT_BYTES: u64 = 4 << 20;

/// Looks at what lies beside configurations.
pub(crate) struct Looker {
    allow: Vec<PathBuf>,
    folders: Folders,
}

impl Looker {
    /// One that may also look below the directories `allow`.
    ///
    /// # Errors
    ///
    /// If one of them does not exist.
    pub(crate) fn new(allow: &[PathBuf]) -> anyhow::Result<Looker> {
        let resolve = |dir: &PathBuf| {
            dir.canonicalize()
                .with_context(|| format!("--allow-path {}: cannot open", dir.display()))
        };
        Ok(Looker {
            allow: allow.iter().map(resolve).collect::<Result<_, _>>()?,
            folders: Folders::default(),
        })
    }

    /// What lies beside the configuration `file`, a path from the root without links.
    ///
    /// # Errors
    ///
    /// If its directory can't be opened.
    pub(crate) fn look(&self, document: &Document, file: &Path) -> anyhow::Result<Evidence> {
        let dir = file.parent().unwrap_or(Path::new("/"));
        let view = View {
            dir,
            folder: &self.folders.read(dir),
            gate: DirGate::new(file, &self.allow, &[])?,
            allow: [&[dir.to_path_buf()], self.allow.as_slice()].concat(),
        };
        let wanted = wanted_files(document);
        let stem = file.file_stem().map(|stem| stem.to_string_lossy());
        let mut evidence = Evidence {
            config_name: stem.map(std::borrow::Cow::into_owned),
            locks: view.locks(file, &wanted),
            snapshots: view.snapshots(file),
            ..Evidence::default()
        };
        let names = names_by_text(document);
        let mut boots = Vec::new();
        for name in wanted {
            let spelt = names.get(name.as_str()).cloned();
            let (found, boot) = view.file(&spelt.unwrap_or_else(|| FileName::new(&name)));
            boots.extend(boot.filter(|boot| boot.any()));
            evidence.files.insert(name, found);
        }
        if evidence.files.keys().any(|name| is_disk_name(name))
            && !evidence.files.iter().any(is_disk)
        {
            // Only the configuration was copied here: its disks are not missing, nobody has looked at them.
            evidence
                .files
                .retain(|_, found| matches!(found, FileEvidence::Plain { .. }));
        }
        evidence.firmware = match boots.as_slice() {
            [only] => made_for(*only),
            _ => None,
        };
        Ok(evidence)
    }
}

/// What is wrong with the disk at `path`. The name stands before it in the finding, and `-f` is no advice here.
fn complaint(error: &v2v_image::Error, path: &Path) -> String {
    if let v2v_image::Error::Unrecognised { .. } = error {
        return "not recognised as a disk image".to_owned();
    }
    let text = error.to_string();
    let name = format!("{}: ", path.display());
    text.strip_prefix(&name).unwrap_or(&text).to_owned()
}

/// Whether a hard disk was found, readable or not.
fn is_disk((name, found): (&String, &FileEvidence)) -> bool {
    match found {
        FileEvidence::Disk(_) => true,
        FileEvidence::Broken { .. } => is_disk_name(name),
        _ => false,
    }
}

fn is_disk_name(name: &str) -> bool {
    FileName::new(name).has_extension("vmdk")
}

/// The firmware that a disk is made for, if it is made for one only.
fn made_for(boot: BootCode) -> Option<Firmware> {
    match (boot.bios, boot.efi) {
        (true, false) => Some(Firmware::Bios),
        (false, true) => Some(Firmware::Efi),
        _ => None,
    }
}

/// The names of files in `document`, with the bytes that they have there.
fn names_by_text(document: &Document) -> HashMap<&str, FileName> {
    let entries = document.entries().iter();
    entries
        .filter(|entry| entry.key_lower().ends_with("filename"))
        .map(|entry| (entry.value(), document.file_name(entry)))
        .collect()
}

/// What can be seen from one configuration.
struct View<'a> {
    /// Where it lies, without links.
    dir: &'a Path,
    folder: &'a Folder,
    gate: DirGate,
    /// The directories whose files may be opened.
    allow: Vec<PathBuf>,
}

impl View<'_> {
    fn locks(&self, file: &Path, wanted: &[String]) -> Vec<String> {
        let base = |name: &String| OsString::from(FileName::new(name).base_name());
        let own = file.file_name().map(OsStr::to_os_string);
        let files: BTreeSet<OsString> = wanted.iter().map(base).chain(own).collect();
        self.folder.locks(&files)
    }

    /// Names of snapshots; none without a .vmsd, or with one that can't be read.
    fn snapshots(&self, file: &Path) -> Vec<String> {
        let parsed = self.snapshot_list(file).and_then(|bytes| {
            let options = ParseOptions::default();
            Snapshots::parse(&bytes, &options).ok()
        });
        let name = |snapshot: &Snapshot| match snapshot.name() {
            "" => format!("snapshot{}", snapshot.index),
            name => name.to_owned(),
        };
        parsed.map_or_else(Vec::new, |list| list.snapshots.iter().map(name).collect())
    }

    /// The .vmsd of a configuration.
    fn snapshot_list(&self, file: &Path) -> Option<Vec<u8>> {
        let path = file.with_extension("vmsd");
        let source = self.beside(path.file_name()?)?;
        let len = usize::try_from(source.len().min(MAX_SNAPSHOT_BYTES)).ok()?;
        let mut bytes = vec![0; len];
        source.read_exact_at(0, &mut bytes).ok()?;
        Some(bytes)
    }

    /// A file that lies beside the configuration, by its name there.
    fn beside(&self, name: &OsStr) -> Option<Source> {
        let name = GateName {
            text: name.to_string_lossy().into_owned(),
            raw: name.as_bytes().to_vec(),
        };
        self.gate.open(&name, Purpose::Extent).ok()
    }

    /// What lies behind a name, and what it boots with if it is a disk.
    fn file(&self, name: &FileName) -> (FileEvidence, Option<BootCode>) {
        match self.open(name) {
            Ok(source) => self.opened(name, &source),
            Err(GateError::Outside { .. }) => {
                let path = name.text().to_owned();
                (FileEvidence::Outside { path }, None)
            }
            Err(GateError::Missing { .. } | GateError::BadName { .. }) => {
                let looked = self.places(name);
                (FileEvidence::Missing { looked }, None)
            }
            Err(error) => {
                let (path, error) = (name.text().to_owned(), error.to_string());
                (FileEvidence::Broken { path, error }, None)
            }
        }
    }

    /// Opens what a name means here: the name as it stands, or its last part beside the configuration.
    fn open(&self, name: &FileName) -> Result<Source, GateError> {
        let whole = GateName {
            text: name.text().to_owned(),
            raw: name.raw().to_vec(),
        };
        let opened = self.gate.open(&whole, Purpose::Extent);
        if let Ok(source) = &opened
            && leads_away(name)
            && !self.is_meant(name, source.name())
        {
            // A disk of the same name beside the configuration is not the one that lies elsewhere.
            return Err(GateError::Outside {
                by: self.dir.to_path_buf(),
                purpose: Purpose::Extent,
                name: whole,
                allowed: self.dir.to_path_buf(),
            });
        }
        match (opened, name.style()) {
            (Err(_), PathStyle::Windows | PathStyle::Datastore) => {
                let base = name.base_name();
                let raw = name
                    .raw_base_name()
                    .unwrap_or_else(|| base.as_bytes().into());
                let last = GateName {
                    text: base.to_owned(),
                    raw: raw.into_vec(),
                };
                self.gate.open(&last, Purpose::Extent)
            }
            (opened, _) => opened,
        }
    }

    /// Whether `found` is where a relative name with `..` leads.
    fn is_meant(&self, name: &FileName, found: &Path) -> bool {
        let place = self.dir.join(name.portable());
        place
            .canonicalize()
            .is_ok_and(|place| found.canonicalize().is_ok_and(|found| found == place))
    }

    /// The places where a name was looked for.
    fn places(&self, name: &FileName) -> Vec<String> {
        let mut places: Vec<PathBuf> = match name.style() {
            PathStyle::Relative => vec![self.dir.join(name.portable())],
            _ => Vec::new(),
        };
        places.extend(self.allow.iter().map(|dir| dir.join(name.base_name())));
        let mut texts: Vec<String> = Vec::new();
        for text in places.iter().map(|place| text(place)) {
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        texts
    }

    /// A disk if it is called one or is one; anything else is a medium, whatever it holds.
    fn opened(&self, name: &FileName, source: &Source) -> (FileEvidence, Option<BootCode>) {
        let path = source.name();
        if !name.has_extension("vmdk") && detect(&**source).ok() != Some(Format::Vmdk) {
            let (path, len) = (text(path), source.len());
            return (FileEvidence::Plain { path, len }, None);
        }
        let mut options = OpenOptions::default();
        options.allow.clone_from(&self.allow);
        match open(path, &options) {
            Ok(opened) => {
                let boot = BootCode::of(&opened.chain);
                let mut disk = disk_facts::readable(path, &opened);
                disk.newer = self.newer(path, &opened, &options);
                disk.bootable = Some(boot.any());
                (FileEvidence::Disk(disk), Some(boot))
            }
            Err(error) => (
                disk_facts::unreadable(path, source, &complaint(&error, path)),
                None,
            ),
        }
    }

    /// The newest disk that builds on `path`.
    fn newer(&self, path: &Path, own: &Opened, options: &OpenOptions) -> Option<String> {
        if path.parent() != Some(self.dir) {
            return None;
        }
        let levels = self.folder.levels(path.file_name()?);
        let others = levels.filter(|level| own.links.iter().all(|link| link.file != *level));
        let above = |level: PathBuf| {
            // A name in the directory may be a link that leads out of it.
            self.beside(level.file_name()?)?;
            let opened = open(&level, options).ok()?;
            let is_above = opened.links.iter().any(|link| link.file == path);
            is_above.then_some((opened.links.len(), level))
        };
        let newest = others.take(MAX_LEVELS).filter_map(above).max()?;
        Some(text(&newest.1))
    }
}

/// Whether a relative name begins outside of the configuration's directory.
fn leads_away(name: &FileName) -> bool {
    let portable = name.portable();
    name.style() == PathStyle::Relative
        && Path::new(&portable)
            .components()
            .any(|part| part == Component::ParentDir)
}
