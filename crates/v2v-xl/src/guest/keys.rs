//! From settings to typed values, with an account of which keys were read.

use std::collections::HashSet;

use crate::scalar::Scalar;
use crate::{Config, EntryId, ItemPlace, Setting, Value, ValueProblem, shown};

/// Far more than anyone reads.
const MAX_PROBLEMS: usize = 10_000;

/// The settings of one configuration while they are read.
pub(super) struct Keys<'a> {
    pub(super) config: &'a Config,
    read: HashSet<&'static str>,
    pub(super) problems: Vec<ValueProblem>,
}

/// One string of a list, or a string that stands where a list may.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'a> {
    pub(super) id: EntryId,
    pub(super) index: usize,
    pub(super) text: &'a str,
}

impl<'a> Keys<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self {
            config,
            read: HashSet::new(),
            problems: Vec::new(),
        }
    }

    /// Whether someone asked for this key.
    pub(super) fn has_read(&self, key: &str) -> bool {
        self.read.contains(key)
    }

    /// The value with all additions and the setting that has it.
    fn value(&mut self, key: &'static str) -> Option<(EntryId, std::borrow::Cow<'a, Value>)> {
        self.read.insert(key);
        Some((self.config.get(key)?.id(), self.config.value(key)?))
    }

    pub(super) fn is_list(&self, key: &str) -> bool {
        self.config
            .get(key)
            .is_some_and(|entry| entry.value().list().is_some())
    }

    /// A string or number. Blanks around it don't count.
    pub(super) fn get<T: Scalar>(&mut self, key: &'static str) -> Option<Setting<T>> {
        let (id, value) = self.value(key)?;
        let Some(text) = value.text() else {
            return self.problem(id, "a list", T::EXPECTED);
        };
        match T::read(text.trim()) {
            Some(value) => Some(Setting { id, value }),
            None => self.problem(id, text, T::EXPECTED),
        }
    }

    /// A string as it is, blanks and all.
    pub(super) fn text(&mut self, key: &'static str) -> Option<Setting<String>> {
        let (id, value) = self.value(key)?;
        match value.text() {
            Some(text) => Some(Setting {
                id,
                value: text.to_owned(),
            }),
            None => self.problem(id, "a list", "a string"),
        }
    }

    /// A string that is empty says nothing.
    pub(super) fn path(&mut self, key: &'static str) -> Option<Setting<String>> {
        self.text(key)
            .filter(|setting| !setting.value.trim().is_empty())
    }

    /// The items of all parts of a list. With `alone`, a string counts as a list of one.
    pub(super) fn items(&mut self, key: &'static str, alone: bool) -> Vec<Item<'a>> {
        self.read.insert(key);
        let mut items = Vec::new();
        let mut index = 0_usize;
        let config = self.config;
        for part in config.parts(key) {
            let values = match part.value() {
                Value::List(values) => values.as_slice(),
                value if alone => std::slice::from_ref(value),
                value => {
                    // An empty string is how some programs write an empty list.
                    let text = value.text().unwrap_or_default();
                    if !text.is_empty() {
                        self.problem::<()>(part.id(), text, "a list in brackets");
                    }
                    continue;
                }
            };
            for value in values {
                match value.text() {
                    Some(text) => items.push(Item {
                        id: part.id(),
                        index,
                        text,
                    }),
                    None => {
                        self.problem::<()>(part.id(), "a list", "a string");
                    }
                }
                index = index.saturating_add(1);
            }
        }
        items
    }

    /// The items of a list of lists.
    pub(super) fn lists(&mut self, key: &'static str) -> Vec<(EntryId, usize, &'a [Value])> {
        self.read.insert(key);
        let config = self.config;
        let mut out = Vec::new();
        for part in config.parts(key) {
            for value in part
                .value()
                .list()
                .unwrap_or(std::slice::from_ref(part.value()))
            {
                match value.list() {
                    Some(values) => out.push((part.id(), out.len(), values)),
                    None => {
                        let text = value.text().unwrap_or_default();
                        self.problem::<()>(part.id(), text, "a list of lists");
                    }
                }
            }
        }
        out
    }

    pub(super) fn problem<T>(
        &mut self,
        id: EntryId,
        found: &str,
        expected: &'static str,
    ) -> Option<T> {
        let secret = self
            .config
            .entry(id)
            .is_some_and(|entry| entry.key().ends_with("passwd"));
        let found = if secret {
            "a password".to_owned()
        } else {
            shown(found)
        };
        self.add_problem(ValueProblem {
            id,
            item: None,
            found,
            expected,
        });
        None
    }

    pub(super) fn item_problem(&mut self, item: Item<'_>, found: &str, expected: &'static str) {
        if self.problems.len() >= MAX_PROBLEMS {
            return;
        }
        let text = shown(item.text);
        self.problems.push(ValueProblem {
            id: item.id,
            item: Some(ItemPlace {
                index: item.index,
                text,
            }),
            found: shown(found),
            expected,
        });
    }

    /// One item may hold as many problems as the file has bytes.
    pub(super) fn add_problem(&mut self, problem: ValueProblem) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// A value inside an item.
    pub(super) fn part<T: Scalar>(&mut self, item: Item<'_>, text: &str) -> Option<T> {
        let value = T::read(text.trim());
        if value.is_none() {
            self.item_problem(item, text, T::EXPECTED);
        }
        value
    }
}

/// The `key=value` parts of an item, without the blanks around them; `None` for a part without `=`.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let parts = text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    parts.map(|part| match part.split_once('=') {
        Some((key, value)) => (key.trim(), Some(value.trim())),
        None => (part, None),
    })
}
