//! Objects under small numbers: how JavaScript names what lives in the core. Number 0 is never given out.

use crate::{Error, Result};

pub struct Slab<T> {
    items: Vec<Option<T>>,
    free: Vec<u32>,
    what: &'static str,
}

impl<T> Slab<T> {
    /// `what` names the kind of object in errors.
    pub fn new(what: &'static str) -> Slab<T> {
        Slab {
            items: vec![None],
            free: Vec::new(),
            what,
        }
    }

    pub fn insert(&mut self, item: T) -> u32 {
        match self.free.pop() {
            Some(id) => {
                self.items[id as usize] = Some(item);
                id
            }
            None => {
                self.items.push(Some(item));
                (self.items.len() - 1) as u32
            }
        }
    }

    pub fn get(&self, id: u32) -> Result<&T> {
        self.items
            .get(id as usize)
            .and_then(Option::as_ref)
            .ok_or_else(|| self.absent(id))
    }

    pub fn get_mut(&mut self, id: u32) -> Result<&mut T> {
        let what = self.what;
        self.items
            .get_mut(id as usize)
            .and_then(Option::as_mut)
            .ok_or_else(|| Error::internal(format!("{what} {id} does not exist")))
    }

    pub fn remove(&mut self, id: u32) -> Option<T> {
        let item = self.items.get_mut(id as usize).and_then(Option::take);
        if item.is_some() {
            self.free.push(id);
        }
        item
    }

    /// Takes all out.
    pub fn drain(&mut self) -> impl Iterator<Item = T> + '_ {
        self.free.clear();
        self.items.drain(1..).flatten()
    }

    fn absent(&self, id: u32) -> Error {
        Error::internal(format!("{} {id} does not exist", self.what))
    }
}
