//! Snapshots, as a `.vmsd` lists them beside the configuration.

use std::collections::{BTreeMap, HashMap};

use crate::value::{Setting, Value, ValueProblem};
use crate::{Document, Entry, Error, FileName, ParseOptions, Slot, shown};

/// The snapshots of a virtual machine.
///
/// ```
/// use v2v_vmx::{ParseOptions, Snapshots};
///
/// let text = b"snapshot.current = \"2\"\n\
///     snapshot0.uid = \"1\"\nsnapshot0.displayName = \"clean\"\n\
///     snapshot1.uid = \"2\"\nsnapshot1.parent = \"1\"\nsnapshot1.displayName = \"with tools\"\n";
/// let snapshots = Snapshots::parse(text, &ParseOptions::default())?;
/// let names: Vec<_> = snapshots
///     .tree()
///     .map(|(depth, snapshot)| (depth, snapshot.name()))
///     .collect();
/// assert_eq!(names, [(0, "clean"), (1, "with tools")]);
/// # Ok::<(), v2v_vmx::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshots {
    /// `snapshot.current`: uid of the snapshot the virtual machine goes on from.
    pub current: Option<Setting<u64>>,
    /// `snapshot.numSnapshots`: how many there should be.
    pub count: Option<Setting<u64>>,
    /// All snapshots by the number in their keys.
    pub snapshots: Vec<Snapshot>,
    /// Values that could not be read.
    pub problems: Vec<ValueProblem>,
}

/// One snapshot: keys `snapshotN.*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The number in its keys.
    pub index: u32,
    /// `uid`, by which others name it.
    pub uid: Option<Setting<u64>>,
    /// `parent`: uid of the snapshot before it.
    pub parent: Option<Setting<u64>>,
    /// `displayName`.
    pub display_name: Option<Setting<String>>,
    /// `description`.
    pub description: Option<Setting<String>>,
    /// `filename`: the `.vmsn` with its configuration and perhaps its memory.
    pub file_name: Option<Setting<FileName>>,
    /// `createTimeHigh` and `createTimeLow` together: microseconds since 1970.
    pub created_micros: Option<i64>,
    /// The disks it froze, `diskN.*`.
    pub disks: Vec<SnapshotDisk>,
}

/// A disk as a snapshot froze it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SnapshotDisk {
    /// `fileName`.
    pub file_name: Option<Setting<FileName>>,
    /// `node`: where it was plugged in.
    pub slot: Option<Setting<Slot>>,
}

impl Value for Slot {
    const EXPECTED: &'static str = "a slot such as scsi0:0";

    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Snapshot {
    /// The display name; empty if there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        let name = self.display_name.as_ref();
        name.map_or("", |setting| setting.value.as_str())
    }
}

impl Snapshots {
    /// Reads a `.vmsd`. An empty one, which VMware keeps for a virtual machine without snapshots, has none.
    ///
    /// # Errors
    ///
    /// As [`Document::parse`], except for an empty file.
    pub fn parse(bytes: &[u8], options: &ParseOptions) -> Result<Self, Error> {
        match Document::parse(bytes, options) {
            Ok(document) => Ok(Self::new(&document)),
            Err(Error::Empty) => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Reads what the keys say.
    #[must_use]
    pub fn new(document: &Document) -> Self {
        let mut reader = Reader {
            document,
            problems: Vec::new(),
        };
        let mut snapshots = Self {
            current: document
                .get("snapshot.current")
                .and_then(|entry| reader.read(entry)),
            count: document
                .get("snapshot.numsnapshots")
                .and_then(|entry| reader.read(entry)),
            ..Self::default()
        };
        for (index, fields) in by_number(document.entries(), "snapshot") {
            let snapshot = reader.snapshot(index, &fields);
            snapshots.snapshots.push(snapshot);
        }
        reader.problems.sort_by_key(|problem| problem.id);
        snapshots.problems = reader.problems;
        snapshots
    }

    /// The snapshots as a tree: each after its parent, with its depth. Every snapshot comes once, also one whose parent is
    /// missing or that is its own ancestor.
    pub fn tree(&self) -> impl Iterator<Item = (usize, &Snapshot)> {
        let order = self.order();
        order
            .into_iter()
            .filter_map(|(depth, at)| Some((depth, self.snapshots.get(at)?)))
    }

    /// Depth and position of each snapshot.
    fn order(&self) -> Vec<(usize, usize)> {
        let mut by_uid = HashMap::new();
        for (at, snapshot) in self.snapshots.iter().enumerate() {
            if let Some(uid) = snapshot.uid {
                by_uid.entry(uid.value).or_insert(at);
            }
        }
        let mut children: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut roots = Vec::new();
        for (at, snapshot) in self.snapshots.iter().enumerate() {
            let parent = snapshot.parent.and_then(|uid| by_uid.get(&uid.value));
            match parent {
                Some(&parent) if parent != at => children.entry(parent).or_default().push(at),
                _ => roots.push(at),
            }
        }
        let mut order = Vec::with_capacity(self.snapshots.len());
        let mut seen = vec![false; self.snapshots.len()];
        // What no root leads to is part of a loop, which then begins somewhere.
        for start in roots.into_iter().chain(0..self.snapshots.len()) {
            let mut open = vec![(0_usize, start)];
            while let Some((depth, at)) = open.pop() {
                match seen.get_mut(at) {
                    Some(seen) if !*seen => *seen = true,
                    _ => continue,
                }
                order.push((depth, at));
                let below = children.get(&at).map_or(&[][..], Vec::as_slice);
                let below = below.iter().rev();
                open.extend(below.map(|&child| (depth.saturating_add(1), child)));
            }
        }
        order
    }
}

/// What follows `PREFIXn.` in a key, and the entry.
type Numbered<'a> = (&'a str, &'a Entry);

/// The entries `PREFIXn.name`, by number.
fn by_number<'a>(entries: &'a [Entry], prefix: &str) -> BTreeMap<u32, Vec<Numbered<'a>>> {
    let mut groups: BTreeMap<u32, Vec<Numbered<'a>>> = BTreeMap::new();
    for entry in entries {
        if let Some((index, name)) = numbered(entry.key_lower(), prefix) {
            groups.entry(index).or_default().push((name, entry));
        }
    }
    groups
}

/// Takes `PREFIXn.name` apart.
fn numbered<'a>(key: &'a str, prefix: &str) -> Option<(u32, &'a str)> {
    let (digits, name) = key.strip_prefix(prefix)?.split_once('.')?;
    Some((crate::vm::number(digits)?, name))
}

fn find<'a>(fields: &[Numbered<'a>], name: &str) -> Option<&'a Entry> {
    let mut fields = fields.iter();
    fields
        .find(|(known, _)| *known == name)
        .map(|(_, entry)| *entry)
}

struct Reader<'a> {
    document: &'a Document,
    problems: Vec<ValueProblem>,
}

impl Reader<'_> {
    fn read<T: Value>(&mut self, entry: &Entry) -> Option<Setting<T>> {
        let id = entry.id();
        if let Some(value) = T::read(entry.value().trim()) {
            return Some(Setting { id, value });
        }
        self.problems.push(ValueProblem {
            id,
            found: shown(entry.value()),
            expected: T::EXPECTED,
        });
        None
    }

    fn file_name(&self, entry: &Entry) -> Setting<FileName> {
        Setting {
            id: entry.id(),
            value: self.document.file_name(entry),
        }
    }

    fn snapshot(&mut self, index: u32, fields: &[Numbered<'_>]) -> Snapshot {
        let text = |name: &str| {
            find(fields, name).map(|entry| Setting {
                id: entry.id(),
                value: entry.value().to_owned(),
            })
        };
        Snapshot {
            index,
            uid: find(fields, "uid").and_then(|entry| self.read(entry)),
            parent: find(fields, "parent").and_then(|entry| self.read(entry)),
            display_name: text("displayname"),
            description: text("description"),
            file_name: find(fields, "filename").map(|entry| self.file_name(entry)),
            created_micros: self.created(fields),
            disks: self.disks(fields),
        }
    }

    /// Both halves are written as signed 32-bit numbers.
    fn created(&mut self, fields: &[Numbered<'_>]) -> Option<i64> {
        let high: Setting<i64> = self.read(find(fields, "createtimehigh")?)?;
        let low: Setting<i64> = self.read(find(fields, "createtimelow")?)?;
        let high = i32::try_from(high.value).ok()?;
        let [.., a, b, c, d] = low.value.to_be_bytes();
        let low = u32::from_be_bytes([a, b, c, d]);
        Some((i64::from(high) << 32) | i64::from(low))
    }

    fn disks(&mut self, fields: &[Numbered<'_>]) -> Vec<SnapshotDisk> {
        let mut disks: BTreeMap<u32, SnapshotDisk> = BTreeMap::new();
        for (name, entry) in fields {
            let Some((index, name)) = numbered(name, "disk") else {
                continue;
            };
            let disk = disks.entry(index).or_default();
            match name {
                "filename" if disk.file_name.is_none() => {
                    disk.file_name = Some(self.file_name(entry))
                }
                "node" if disk.slot.is_none() => disk.slot = self.read(entry),
                _ => {}
            }
        }
        disks.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Snapshots {
        Snapshots::parse(text.as_bytes(), &ParseOptions::default()).unwrap()
    }

    fn tree(snapshots: &Snapshots) -> Vec<(usize, u32)> {
        let nodes = snapshots.tree();
        nodes.map(|(depth, node)| (depth, node.index)).collect()
    }

    #[test]
    fn a_snapshot() {
        let snapshots = parse(
            ".encoding = \"UTF-8\"\nsnapshot.lastUID = \"4\"\nsnapshot.current = \"2\"\n\
             snapshot0.uid = \"2\"\nsnapshot0.filename = \"vps-Snapshot2.vmsn\"\n\
             snapshot0.displayName = \"test 1\"\nsnapshot0.description = \"a|0Ab\"\n\
             snapshot0.createTimeHigh = \"388801\"\nsnapshot0.createTimeLow = \"-814770620\"\n\
             snapshot0.numDisks = \"1\"\nsnapshot0.disk0.fileName = \"vps.vmdk\"\n\
             snapshot0.disk0.node = \"scsi0:0\"\nsnapshot.numSnapshots = \"1\"\nsnapshot.mru0.uid = \"1\"\n",
        );
        assert_eq!(snapshots.current.map(|uid| uid.value), Some(2));
        assert_eq!(snapshots.count.map(|count| count.value), Some(1));
        let [snapshot] = snapshots.snapshots.as_slice() else {
            panic!("{snapshots:?}");
        };
        assert_eq!(snapshot.name(), "test 1");
        assert_eq!(snapshot.description.as_ref().unwrap().value, "a\nb");
        // The first of December 2022: the low half counts as unsigned.
        assert_eq!(
            snapshot.created_micros,
            Some(388_801 * (1 << 32) + 3_480_196_676)
        );
        let disk = &snapshot.disks[0];
        assert_eq!(disk.file_name.as_ref().unwrap().value.text(), "vps.vmdk");
        assert_eq!(disk.slot.unwrap().value.to_string(), "scsi0:0");
        assert_eq!(snapshots.problems, []);
    }

    #[test]
    fn no_snapshots() {
        assert_eq!(parse(""), Snapshots::default());
        assert_eq!(parse(".encoding = \"UTF-8\"\n").snapshots, []);
    }

    #[test]
    fn unreadable_values() {
        let snapshots = parse("snapshot0.uid = \"one\"\nsnapshot0.disk0.node = \"disk\"\n");
        let expected: Vec<&str> = snapshots.problems.iter().map(|p| p.expected).collect();
        assert_eq!(
            expected,
            ["a whole number of at least 0", "a slot such as scsi0:0"]
        );
    }

    #[test]
    fn trees() {
        let line = |(index, uid, parent): &(u32, u32, u32)| {
            format!("snapshot{index}.uid = \"{uid}\"\nsnapshot{index}.parent = \"{parent}\"\n")
        };
        let check = |nodes: &[(u32, u32, u32)], expected: &[(usize, u32)]| {
            let text: String = nodes.iter().map(line).collect();
            assert_eq!(tree(&parse(&text)), expected, "{nodes:?}");
        };
        check(
            &[(0, 1, 0), (1, 2, 1), (2, 3, 1), (3, 4, 2)],
            &[(0, 0), (1, 1), (2, 3), (1, 2)],
        );
        // A child that is listed before its parent.
        check(&[(0, 2, 1), (1, 1, 0)], &[(0, 1), (1, 0)]);
        // A parent that is not there, a snapshot that is its own parent, and a loop of two.
        check(&[(0, 1, 9)], &[(0, 0)]);
        check(&[(0, 1, 1)], &[(0, 0)]);
        check(&[(0, 1, 2), (1, 2, 1)], &[(0, 0), (1, 1)]);
        // Two with one uid.
        check(
            &[(0, 1, 0), (1, 1, 0), (2, 2, 1)],
            &[(0, 0), (1, 2), (0, 1)],
        );
    }
}
