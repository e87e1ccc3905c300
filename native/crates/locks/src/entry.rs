//! One lock's state: who holds it in which modes and who waits, in which order.
//!
//! Queue rules, PostgreSQL's:
//! 1. A request is granted at once where it conflicts neither with what others hold nor with a request ahead of it.
//! 2. It joins at the end, save that it goes before the first waiter whose request conflicts with what the requester
//!    already holds: that waiter can't be served before the requester is through anyway.
//! 3. After a release the queue is walked from its head under rule 1.
//! 4. Where that waiter also holds what the requester asks for, the two can never get past each other: a deadlock at once.
//! 5. Rows: who conflicts with no holder needs not look at the queue. Sharers may pass a waiting writer, so that nobody
//!    who holds a share waits behind one that waits for him.
//! 6. Rows: holders whose commit is queued are in nobody's way who passes them (`Request::passes_committing`).

use crate::mode::{COMMITTING, Mode, ModeSet, bit, conflicts};

/// A session's holds on one lock: those of its transaction and those it took for the session (advisory locks).
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    pub owner: u32,
    pub transaction: ModeSet,
    pub session: ModeSet,
}

impl Holder {
    pub fn modes(&self) -> ModeSet {
        self.transaction | self.session
    }

    /// Modes that are in the way of a request.
    fn blocking_modes(&self, passes_committing: bool) -> ModeSet {
        if passes_committing && self.transaction & COMMITTING != 0 {
            0
        } else {
            self.modes()
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Waiter {
    pub owner: u32,
    pub mode: Mode,
    pub for_session: bool,
    pub passes_committing: bool,
    /// The native point path waits, not JavaScript.
    pub is_native: bool,
    pub ticket: u64,
}

/// What becomes of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// It can be granted now.
    Free,
    /// It waits at this place of the queue.
    Queue(usize),
    /// It would wait at this place, for a session that waits for it already.
    Deadlock(usize),
}

/// The usual lock has one holder and nobody waiting: no allocation for it.
pub enum Entry {
    One(Holder),
    Many(Box<Contended>),
}

#[derive(Default)]
pub struct Contended {
    pub holders: Vec<Holder>,
    pub waiters: Vec<Waiter>,
}

impl Entry {
    pub fn holders(&self) -> &[Holder] {
        match self {
            Entry::One(holder) => std::slice::from_ref(holder),
            Entry::Many(contended) => &contended.holders,
        }
    }

    pub fn waiters(&self) -> &[Waiter] {
        match self {
            Entry::One(_) => &[],
            Entry::Many(contended) => &contended.waiters,
        }
    }

    /// Modes that `owner` holds here.
    pub fn held_by(&self, owner: u32) -> ModeSet {
        self.holders()
            .iter()
            .find(|holder| holder.owner == owner)
            .map_or(0, Holder::modes)
    }

    /// Where `owner`'s request for `mode` stands. `is_row`: it is one for a row lock.
    pub fn place(&self, owner: u32, mode: Mode, is_row: bool, passes_committing: bool) -> Place {
        let (mine, others) = self.split(owner, passes_committing);
        if mine & bit(mode) != 0 {
            return Place::Free;
        }
        if is_row && !conflicts(mode, others) {
            return Place::Free;
        }
        let mut ahead = 0;
        let mut place = self.waiters().len();
        let mut is_deadlock = false;
        for (index, waiter) in self.waiters().iter().enumerate() {
            if mine != 0 && conflicts(waiter.mode, mine) {
                place = index;
                is_deadlock = !is_row && conflicts(mode, self.held_by(waiter.owner));
                break;
            }
            ahead |= bit(waiter.mode);
        }
        if is_deadlock {
            Place::Deadlock(place)
        } else if conflicts(mode, others | ahead) {
            Place::Queue(place)
        } else {
            Place::Free
        }
    }

    /// Adds `mode` to what `owner` holds; false where that scope had it before.
    pub fn grant(&mut self, owner: u32, mode: Mode, for_session: bool) -> bool {
        if let Entry::One(holder) = self {
            if holder.owner == owner {
                return add(holder, mode, for_session);
            }
            *self = Entry::Many(Box::new(Contended {
                holders: vec![*holder],
                waiters: Vec::new(),
            }));
        }
        let Entry::Many(contended) = self else {
            return false;
        };
        contended.grant(owner, mode, for_session)
    }

    /// Puts a waiter at `place`.
    pub fn enqueue(&mut self, place: usize, waiter: Waiter) {
        if let Entry::One(holder) = self {
            *self = Entry::Many(Box::new(Contended {
                holders: vec![*holder],
                waiters: Vec::new(),
            }));
        }
        if let Entry::Many(contended) = self {
            contended
                .waiters
                .insert(place.min(contended.waiters.len()), waiter);
        }
    }

    /// Takes `modes` from `owner`'s holds of that scope.
    pub fn release(&mut self, owner: u32, modes: ModeSet, for_session: bool) {
        match self {
            Entry::One(holder) => {
                if holder.owner == owner {
                    remove(holder, modes, for_session);
                }
            }
            Entry::Many(contended) => {
                for holder in contended
                    .holders
                    .iter_mut()
                    .filter(|holder| holder.owner == owner)
                {
                    remove(holder, modes, for_session);
                }
                contended.holders.retain(|holder| holder.modes() != 0);
            }
        }
    }

    /// Removes a waiter; false where it doesn't wait here any more.
    pub fn dequeue(&mut self, ticket: u64) -> bool {
        let Entry::Many(contended) = self else {
            return false;
        };
        let before = contended.waiters.len();
        contended.waiters.retain(|waiter| waiter.ticket != ticket);
        contended.waiters.len() < before
    }

    /// Grants what can be granted now, in queue order; returns those waiters.
    pub fn serve(&mut self) -> Vec<Waiter> {
        let mut served = Vec::new();
        let Entry::Many(contended) = self else {
            return served;
        };
        let mut ahead = 0;
        let mut index = 0;
        while let Some(waiter) = contended.waiters.get(index).copied() {
            let passes = waiter.passes_committing;
            if conflicts(
                waiter.mode,
                contended.held_by_others(waiter.owner, passes) | ahead,
            ) {
                ahead |= bit(waiter.mode);
                index += 1;
            } else {
                contended.waiters.remove(index);
                contended.grant(waiter.owner, waiter.mode, waiter.for_session);
                served.push(waiter);
            }
        }
        served
    }

    /// True where the entry says nothing any more. Also gives a contended entry its compact form back.
    pub fn compact(&mut self) -> bool {
        match self {
            Entry::One(holder) => holder.modes() == 0,
            Entry::Many(contended) => {
                if !contended.waiters.is_empty() {
                    return false;
                }
                match contended.holders.as_slice() {
                    [] => true,
                    [only] => {
                        *self = Entry::One(*only);
                        false
                    }
                    _ => false,
                }
            }
        }
    }

    /// (modes held by `owner`, modes held by anybody else)
    fn split(&self, owner: u32, passes_committing: bool) -> (ModeSet, ModeSet) {
        self.holders()
            .iter()
            .fold((0, 0), |(mine, others), holder| {
                if holder.owner == owner {
                    (mine | holder.modes(), others)
                } else {
                    (mine, others | holder.blocking_modes(passes_committing))
                }
            })
    }

    /// The transaction of `owner` is on its way to the log; false where it holds nothing here.
    pub fn set_committing(&mut self, owner: u32) -> bool {
        let holder = match self {
            Entry::One(holder) => Some(holder).filter(|holder| holder.owner == owner),
            Entry::Many(contended) => {
                let mut holders = contended.holders.iter_mut();
                holders.find(|holder| holder.owner == owner)
            }
        };
        let Some(holder) = holder.filter(|holder| holder.transaction != 0) else {
            return false;
        };
        holder.transaction |= COMMITTING;
        true
    }
}

impl Contended {
    fn held_by_others(&self, owner: u32, passes_committing: bool) -> ModeSet {
        self.holders
            .iter()
            .filter(|holder| holder.owner != owner)
            .fold(0, |set, holder| {
                set | holder.blocking_modes(passes_committing)
            })
    }

    fn grant(&mut self, owner: u32, mode: Mode, for_session: bool) -> bool {
        if let Some(holder) = self.holders.iter_mut().find(|holder| holder.owner == owner) {
            return add(holder, mode, for_session);
        }
        let mut holder = Holder {
            owner,
            transaction: 0,
            session: 0,
        };
        add(&mut holder, mode, for_session);
        self.holders.push(holder);
        true
    }
}

fn add(holder: &mut Holder, mode: Mode, for_session: bool) -> bool {
    let set = if for_session {
        &mut holder.session
    } else {
        &mut holder.transaction
    };
    let before = *set;
    *set |= bit(mode);
    *set != before
}

fn remove(holder: &mut Holder, modes: ModeSet, for_session: bool) {
    let set = if for_session {
        &mut holder.session
    } else {
        &mut holder.transaction
    };
    *set &= !modes;
    if *set == COMMITTING {
        *set = 0;
    }
}
