//! Query messages: texts that differ in their literals alone run one program, with the literals as its parameters.

use std::rc::Rc;

use helios_store::worker::Worker;

use super::Session;
use crate::fingerprint::Fingerprint;
use crate::message::{Formats, Unit};
use crate::program::{Action, Program};
use crate::refused::Refused;
use crate::reply::put_ready;

/// The messages behind a Query, as a COMMIT in it sees them: it is its own Sync.
const SYNC: &[u8] = &[b'S', 0, 0, 0, 4];

/// A program for texts of one skeleton.
pub struct Template {
    pub program: Rc<Program>,
    /// The literal of each parameter, and whether the minus before it belongs to it.
    pub slots: Vec<(usize, bool)>,
    /// Literals that are not parameters, and what they must be.
    pub fixed: Vec<(usize, Vec<u8>)>,
}

impl Session {
    /// Texts of the skeleton run the template's program where their other literals are these.
    pub fn prepare_text(&mut self, skeleton: &[u8], template: Template) {
        let templates = self.texts.entry(skeleton.to_vec()).or_default();
        templates.retain(|known| known.fixed != template.fixed);
        templates.push(template);
    }

    /// A Query ran here since this was last asked: it has dropped the unnamed statement.
    pub fn ran_query(&mut self) -> bool {
        std::mem::take(&mut self.has_run_query)
    }

    /// Runs a Query message: true where it is a commit to submit.
    pub(super) fn query(
        &mut self,
        worker: &mut Worker,
        text: &[u8],
    ) -> std::result::Result<bool, Refused> {
        // Messages of the extended protocol before it would have to be ended first. Who has waited for a lock has begun.
        let is_first =
            self.awaited.is_some() || self.open.as_ref().is_none_or(|open| open.in_block);
        if self.texts.is_empty() || self.has_read_outside || !is_first {
            return Err(Refused);
        }
        let mut print = std::mem::take(&mut self.print);
        let ran = self.query_of(worker, text, &mut print);
        self.print = print;
        ran
    }

    fn query_of(
        &mut self,
        worker: &mut Worker,
        text: &[u8],
        print: &mut Fingerprint,
    ) -> std::result::Result<bool, Refused> {
        if !print.scan(text) {
            return Err(Refused);
        }
        let templates = self.texts.get(&print.skeleton).ok_or(Refused)?;
        let template = templates.iter().find(|template| template.fits(print));
        let template = template.ok_or(Refused)?;
        let program = Rc::clone(&template.program);
        let values = template.slots.iter();
        let values = values.map(|(literal, is_negative)| {
            let value = print.literal(*literal, *is_negative)?;
            Some((Some(value), false))
        });
        let unit = Unit {
            statement: b"",
            values: values.collect::<Option<Vec<_>>>().ok_or(Refused)?,
            results: Formats::TEXT,
            describes: matches!(program.action, Action::Select(_)),
            length: 0,
            text: Some(text),
        };
        if unit.values.len() != program.parameters.len() {
            return Err(Refused);
        }
        self.is_query = true;
        let ran = self.run_program(worker, &unit, SYNC, &program);
        self.is_query = false;
        let is_commit = ran?;
        self.has_run_query = true;
        if is_commit {
            put_ready(&mut self.out, b'I');
            return Ok(true);
        }
        Ok(self.sync(worker))
    }
}

impl Template {
    fn fits(&self, print: &Fingerprint) -> bool {
        let mut fixed = self.fixed.iter();
        fixed.all(|(literal, text)| print.literal(*literal, false) == Some(text))
    }
}
