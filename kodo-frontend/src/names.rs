//! Interned identifiers: a `Name` is an index into the session's [`Names`], so names compare as integers.

use rustc_hash::FxHashMap;

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Name(pub u32);

#[derive(Default)]
pub struct Names {
    map: FxHashMap<Box<str>, Name>,
    text: Vec<Box<str>>,
}

impl Names {
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(&name) = self.map.get(text) {
            return name;
        }
        let name = Name(u32::try_from(self.text.len()).expect("fewer than 2^32 names"));
        self.text.push(text.into());
        self.map.insert(text.into(), name);
        name
    }

    /// Interns all names of another table. Gives their numbers here, by their numbers there.
    pub fn adopt(&mut self, other: &Names) -> Vec<Name> {
        other.text.iter().map(|text| self.intern(text)).collect()
    }

    /// The name, if this text was ever interned.
    pub fn get(&self, text: &str) -> Option<Name> {
        self.map.get(text).copied()
    }

    pub fn text(&self, name: Name) -> &str {
        &self.text[name.0 as usize]
    }
}
