//! What the names of people, or of devices, stand for: usually one, for the name of a group all its members.

use crate::{estate::Accesses, names::Names};

/// Names of one kind.
#[derive(Debug, Default)]
pub(super) struct Named {
    names: Names,
    groups: Vec<Vec<u32>>,
}

/// Marks the number of a group.
const GROUP: u32 = 1 << 31;

impl Named {
    /// Each id stands for its number.
    pub fn numbered<'a>(ids: impl Iterator<Item = &'a str>) -> Self {
        let mut named = Self::default();
        for (id, number) in ids.zip(0..) {
            named.names.insert(id, number);
        }
        named
    }

    /// Gives a name to those with these numbers; whether it stood for nobody before.
    pub fn insert(&mut self, name: &str, numbers: Vec<u32>) -> bool {
        let number = if let [number] = numbers[..] {
            number
        } else {
            self.groups.push(numbers);
            GROUP | (self.groups.len() as u32 - 1)
        };
        self.names.insert(name, number).is_none()
    }

    /// What `name` stands for, for [`Self::members`].
    pub fn get(&self, name: &str) -> Option<u32> {
        self.names.get(name)
    }

    /// What `name` stands for; a new one for somebody who is made now.
    pub fn get_or_make(&mut self, name: &str, make: impl FnOnce() -> u32) -> u32 {
        self.names.get(name).unwrap_or_else(|| {
            let number = make();
            self.names.insert(name, number);
            number
        })
    }

    /// The numbers behind what a name stands for. [`Accesses::NONE`] stands for itself.
    pub fn members<'a>(&'a self, number: &'a u32) -> &'a [u32] {
        if *number != Accesses::NONE && number & GROUP != 0 {
            &self.groups[(number & !GROUP) as usize]
        } else {
            std::slice::from_ref(number)
        }
    }

    /// See [`Names::look_ahead`].
    pub fn look_ahead<'names>(&self, names: impl Iterator<Item = &'names str> + Clone) {
        self.names.look_ahead(names);
    }
}
