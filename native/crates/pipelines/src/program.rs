//! What a pipeline does: `Source` is how the executor writes it (JSON), `Program` is made of it once for each run.

use helios_base::{Error, Result};
use helios_kernels::aggregate::{Kind, State};
use helios_kernels::expression::{self, Expression};
use helios_kernels::groups::Groups;
use helios_kernels::vector::{Form, Values};
use serde::Deserialize;

use crate::rows::{Column, Stored};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Source {
    columns: Vec<ColumnSource>,
    /// Conditions in the order in which they are looked at.
    filter: Vec<expression::Source>,
    keys: Vec<KeySource>,
    aggregates: Vec<AggregateSource>,
    rowids: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ColumnSource {
    /// From 0.
    attribute: usize,
    stored: Stored,
    /// Rows that are older than the column read as null there.
    missing_is_null: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeySource {
    value: expression::Source,
    /// Bytes of the key's type as stored, 0 where they vary.
    width: u8,
    padded: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AggregateSource {
    kind: Kind,
    arg: Option<expression::Source>,
    filter: Option<expression::Source>,
    /// As for keys, of the result.
    width: u8,
    padded: bool,
}

pub struct Program {
    pub columns: Vec<Column>,
    pub filter: Vec<Condition>,
    pub keys: Vec<Key>,
    pub aggregates: Vec<Aggregate>,
    /// What is wanted are the places of the rows that pass.
    pub rowids: bool,
}

pub struct Condition {
    pub holds: Expression,
    /// For each column whether anything after this condition reads it.
    pub needed_after: Vec<bool>,
}

pub struct Key {
    pub value: Expression,
    pub width: u8,
    pub padded: bool,
}

pub struct Aggregate {
    pub kind: Kind,
    pub arg: Option<Expression>,
    pub filter: Option<Expression>,
    pub width: u8,
    pub padded: bool,
}

impl Program {
    /// From what the executor wrote; None where the kernels don't know some part of it.
    pub fn parse(json: &str) -> Result<Option<Program>> {
        let source: Source = serde_json::from_str(json)
            .map_err(|error| Error::internal(format!("a pipeline can't be read: {error}")))?;
        Ok(Program::compile(&source))
    }

    fn compile(source: &Source) -> Option<Program> {
        let columns: Vec<Column> = source
            .columns
            .iter()
            .map(|column| Column {
                attribute: column.attribute,
                stored: column.stored,
                missing_is_null: column.missing_is_null,
            })
            .collect();
        let forms: Vec<Form> = columns.iter().map(|column| column.stored.form()).collect();
        let compiled = |source: &expression::Source| Expression::compile(source, &forms);
        let boolean =
            |source: &expression::Source| compiled(source).filter(|held| held.form == Form::Bool);
        let filter = source.filter.iter().map(boolean);
        let filter = filter.collect::<Option<Vec<_>>>()?;
        let keys = source.keys.iter().map(|key| {
            Some(Key {
                value: compiled(&key.value)?,
                width: key.width,
                padded: key.padded,
            })
        });
        let aggregates = source.aggregates.iter().map(|aggregate| {
            let arg = match &aggregate.arg {
                Some(arg) => Some(compiled(arg)?),
                None => None,
            };
            aggregate.kind.result(arg.as_ref().map(|arg| arg.form))?;
            let filter = match &aggregate.filter {
                Some(filter) => Some(boolean(filter)?),
                None => None,
            };
            Some(Aggregate {
                kind: aggregate.kind,
                arg,
                filter,
                width: aggregate.width,
                padded: aggregate.padded,
            })
        });
        let keys = keys.collect::<Option<Vec<_>>>()?;
        let aggregates = aggregates.collect::<Option<Vec<_>>>()?;
        Some(Program {
            filter: conditions(filter, forms.len(), &keys, &aggregates),
            columns,
            keys,
            aggregates,
            rowids: source.rowids,
        })
    }

    /// Groups without rows.
    pub fn groups(&self) -> Groups {
        let empty = |key: &Key| (Values::empty(key.value.form), key.padded);
        Groups::new(self.keys.iter().map(empty).collect())
    }

    /// The aggregates' states for no group. None can't be: `compile` has looked at them.
    pub fn states(&self) -> Option<Vec<State>> {
        let fresh = |aggregate: &Aggregate| {
            let form = aggregate.arg.as_ref().map(|arg| arg.form);
            State::new(aggregate.kind, form, aggregate.padded)
        };
        self.aggregates.iter().map(fresh).collect()
    }
}

fn conditions(
    filter: Vec<Expression>,
    columns: usize,
    keys: &[Key],
    aggregates: &[Aggregate],
) -> Vec<Condition> {
    let mut needed = vec![false; columns];
    for key in keys {
        key.value.mark(&mut needed);
    }
    for aggregate in aggregates {
        for read in [&aggregate.arg, &aggregate.filter].into_iter().flatten() {
            read.mark(&mut needed);
        }
    }
    let mut conditions = Vec::with_capacity(filter.len());
    for holds in filter.into_iter().rev() {
        let needed_after = needed.clone();
        holds.mark(&mut needed);
        conditions.push(Condition {
            holds,
            needed_after,
        });
    }
    conditions.reverse();
    conditions
}
