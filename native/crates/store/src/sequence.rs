//! Sequences: the current value lives here, the log knows a value some steps ahead, so that most calls write nothing
//! and no value comes back after a crash. A commit that follows a call waits until that record is durable.

use std::collections::HashMap;
use std::sync::Mutex;

use helios_base::bytes::{array_at, u64_at};
use helios_base::error::sqlstate;
use helios_base::{Error, Result};

use crate::key::FileId;

/// Values a log record reserves beyond those asked for; log_cnt counts them down.
const VALUES_AHEAD: i64 = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    pub increment: i64,
    pub min: i64,
    pub max: i64,
    pub cache: i64,
    pub cycle: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SequenceState {
    pub last: i64,
    pub is_called: bool,
    /// Values that the last log record still covers.
    pub log_count: i64,
    /// What the log knows; after a crash the sequence goes on from here.
    pub logged: i64,
    /// Ticket of the record that must be durable before a value counts as handed out.
    pub ticket: u64,
    /// The creating transaction has not committed: its commit carries the state.
    pub uncommitted: bool,
}

#[derive(Default)]
pub struct Sequences {
    pub(crate) map: Mutex<HashMap<FileId, SequenceState>>,
}

/// Values handed out by one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    pub first: i64,
    pub last: i64,
}

impl SequenceState {
    pub fn new(last: i64, is_called: bool, uncommitted: bool) -> SequenceState {
        SequenceState {
            last,
            is_called,
            log_count: 0,
            logged: last,
            ticket: 0,
            uncommitted,
        }
    }

    /// The stored form: what the sequence is after a restart.
    pub fn encode(&self) -> [u8; 9] {
        let mut out = [0; 9];
        let called = self.is_called;
        let value = if called { self.logged } else { self.last };
        out[..8].copy_from_slice(&value.to_le_bytes());
        out[8] = u8::from(called);
        out
    }

    pub fn decode(bytes: &[u8]) -> Result<SequenceState> {
        let last = u64_at(bytes, 0)? as i64;
        let [called] = array_at::<1>(bytes, 8)?;
        Ok(SequenceState::new(last, called != 0, false))
    }

    /// Takes the next `cache` values; true where a new log record is due.
    pub fn advance(&mut self, definition: &Definition, name: &str) -> Result<(Range, bool)> {
        let cache = definition.cache.max(1);
        let mut taken = 0;
        let mut first = self.last;
        let mut last = self.last;
        let mut next = self.last;
        let mut wanted = cache;
        if !self.is_called {
            taken = 1;
            wanted -= 1;
        }
        let mut log_count = self.log_count;
        let log_due = log_count < wanted || !self.is_called;
        if log_due {
            wanted += VALUES_AHEAD;
            log_count = wanted;
        }
        while wanted > 0 {
            match step(next, definition) {
                Some(value) => next = value,
                None if taken > 0 => break,
                None => next = self.wrapped(definition, name)?,
            }
            wanted -= 1;
            if taken < cache {
                log_count -= 1;
                taken += 1;
                last = next;
                if taken == 1 {
                    first = next;
                }
            }
        }
        self.last = last;
        self.is_called = true;
        self.log_count = log_count - wanted;
        if log_due {
            self.logged = next;
        }
        Ok((Range { first, last }, log_due))
    }

    fn wrapped(&self, definition: &Definition, name: &str) -> Result<i64> {
        let ascending = definition.increment > 0;
        if definition.cycle {
            return Ok(if ascending {
                definition.min
            } else {
                definition.max
            });
        }
        let (word, limit) = if ascending {
            ("maximum", definition.max)
        } else {
            ("minimum", definition.min)
        };
        Err(Error::new(
            sqlstate::SEQUENCE_LIMIT,
            format!("nextval: reached {word} value of sequence \"{name}\" ({limit})"),
        ))
    }
}

/// The value after `value`, None beyond the limits.
fn step(value: i64, definition: &Definition) -> Option<i64> {
    let next = value.checked_add(definition.increment)?;
    if definition.increment > 0 {
        (next <= definition.max).then_some(next)
    } else {
        (next >= definition.min).then_some(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Definition = Definition {
        increment: 1,
        min: 1,
        max: 5,
        cache: 1,
        cycle: false,
    };

    #[test]
    fn counts_to_its_limit() {
        let mut state = SequenceState::new(1, false, false);
        let values: Vec<i64> = (0..5)
            .filter_map(|_| state.advance(&PLAIN, "s").ok())
            .map(|(range, _)| range.first)
            .collect();
        assert_eq!(values, [1, 2, 3, 4, 5]);
        let error = state.advance(&PLAIN, "s").err();
        assert_eq!(
            error.map(|error| error.message),
            Some("nextval: reached maximum value of sequence \"s\" (5)".into())
        );
    }

    #[test]
    fn logs_ahead_and_never_repeats() {
        let wide = Definition {
            max: i64::MAX,
            ..PLAIN
        };
        let mut state = SequenceState::new(1, false, false);
        let mut restart = SequenceState::new(1, false, false);
        for call in 1..=100 {
            let Ok((range, log_due)) = state.advance(&wide, "s") else {
                panic!("no limit here")
            };
            assert_eq!(range.first, call);
            if log_due {
                let Ok(decoded) = SequenceState::decode(&state.encode()) else {
                    panic!("decodes")
                };
                restart = decoded;
            }
            assert!(restart.is_called && restart.last >= range.last);
        }
        assert_eq!(state.log_count, 32);
    }

    #[test]
    fn cycles_and_caches() {
        let mut state = SequenceState::new(4, true, false);
        let cycling = Definition {
            cycle: true,
            cache: 3,
            ..PLAIN
        };
        assert_eq!(
            state.advance(&cycling, "s").map(|(range, _)| range),
            Ok(Range { first: 5, last: 5 })
        );
        assert_eq!(
            state.advance(&cycling, "s").map(|(range, _)| range),
            Ok(Range { first: 1, last: 3 })
        );
        let down = Definition {
            increment: -2,
            min: -5,
            max: -1,
            cache: 1,
            cycle: false,
        };
        let mut state = SequenceState::new(-1, true, false);
        assert_eq!(
            state.advance(&down, "s").map(|(range, _)| range.first),
            Ok(-3)
        );
    }
}
