//! What a prepared statement does, as its plan says: made from the numbers that JavaScript sends once for a statement.

use std::cell::RefCell;

use helios_base::{Error, Result};
use helios_columns::copy::{Column, Kind, RowEncoder};
use helios_columns::keys::{KeyColumn, KeyEncoder, KeyKind, put_number, put_text};
use helios_locks::Tag;
use helios_store::key::FileId;
use helios_store::placement::Placing;
use helios_store::worker::PointPath;

use crate::expression::{Inputs, Step, evaluate};
use crate::value::{Value, is_sent};

/// A prepared statement, as JavaScript describes it. Kinds are pairs of numbers (`Kind::from_numbers`); expressions are
/// runs of three numbers a step: code, operand, and the second operand or kind (`read_steps`).
#[derive(Default)]
pub struct Source {
    /// 0 BEGIN, 1 COMMIT, 2 ROLLBACK, 3 SELECT, 4 UPDATE, 5 INSERT.
    pub action: u8,
    /// For pg_stat_activity.
    pub text: String,
    /// Version of the catalogs that it was planned at.
    pub catalog_version: u32,
    /// A pair for each parameter.
    pub parameters: Vec<u32>,
    pub database: u32,
    pub relation: u32,
    pub table_file: u32,
    /// Number of the table's file in tags of row locks.
    pub row_tag: u32,
    pub index: u32,
    pub index_file: u32,
    /// Attributes of the table.
    pub attributes: u32,
    /// Values of the key, and two numbers for each column: `KeyKind`, descending or not.
    pub key: Vec<Vec<u32>>,
    pub key_columns: Vec<u32>,
    /// SELECT: attribute (from 0) and kind of each output: three numbers.
    pub outputs: Vec<u32>,
    /// RowDescription for the text format.
    pub description: Vec<u8>,
    /// The table's rows count as fetched by the index.
    pub is_fetched: bool,
    /// UPDATE and INSERT: five numbers for each assigned column: attribute, kind, whether it must not be null, attstorage.
    pub columns: Vec<u32>,
    pub values: Vec<Vec<u32>>,
    /// INSERT: for each index its file, the file's number in lock tags, 1 for a unique one (3: nulls are equal), and four
    /// numbers for each column: attribute, `KeyKind`, descending or not, nulls first or not.
    pub indexes: Vec<Vec<u32>>,
    /// INSERT: bytes of each page kept free; the table's toast_tuple_target.
    pub reserved: u32,
    pub toast_target: u32,
    /// Numbers and bytes that expressions name by position.
    pub numbers: Vec<i64>,
    pub bytes: Vec<Vec<u8>>,
}

pub struct Program {
    pub text: Vec<u8>,
    pub catalog_version: u32,
    pub parameters: Vec<Kind>,
    pub action: Action,
}

pub enum Action {
    Begin,
    Commit,
    Rollback,
    Select(Select),
    Update(Update),
    Insert(Insert),
}

/// One row by a whole key of a unique index.
pub struct Lookup {
    pub path: PointPath,
    pub lock: Tag,
    pub relation: u32,
    pub index: u32,
    pub is_fetched: bool,
    key: Vec<KeyPart>,
}

struct KeyPart {
    steps: Vec<Step>,
    kind: KeyKind,
    descending: bool,
}

pub struct Select {
    pub lookup: Lookup,
    pub outputs: Vec<(usize, Kind)>,
    /// RowDescription for the text format.
    pub description: Vec<u8>,
}

pub struct Update {
    pub lookup: Lookup,
    pub row_tag: u32,
    pub attributes: usize,
    pub assigned: Vec<Assigned>,
}

pub struct Assigned {
    pub column: Column,
    pub steps: Vec<Step>,
}

pub struct Insert {
    pub file: FileId,
    pub lock: Tag,
    pub relation: u32,
    pub values: Vec<Assigned>,
    pub encoder: RefCell<RowEncoder>,
    pub indexes: Vec<Index>,
    pub placing: Placing,
}

/// An index of the table that is inserted into.
pub struct Index {
    pub file: FileId,
    /// Number of the file in lock tags.
    pub tag: u32,
    pub is_unique: bool,
    /// Nulls are equal to each other.
    pub nulls_count: bool,
    pub encoder: RefCell<KeyEncoder>,
}

/// What a key turned out to be.
#[derive(Debug, PartialEq, Eq)]
pub enum Key {
    Found,
    /// No row can have it: a part is null, or none of the column's values.
    Nowhere,
    /// Not to be said here.
    Unknown,
}

impl Lookup {
    /// Appends the key's bytes.
    pub fn key(&self, inputs: &Inputs<'_>, out: &mut Vec<u8>) -> Key {
        for part in &self.key {
            let is_one = match evaluate(&part.steps, inputs) {
                None => return Key::Unknown,
                Some(Value::Null) => false,
                Some(Value::Int(number)) => put_number(part.kind, part.descending, number, out),
                Some(Value::Bytes(bytes)) => put_text(part.kind, part.descending, bytes, out),
            };
            if !is_one {
                return Key::Nowhere;
            }
        }
        Key::Found
    }
}

impl Program {
    /// Errors: a description that JavaScript must not have sent.
    pub fn new(source: Source) -> Result<Program> {
        read(source).ok_or_else(|| Error::internal("an unknown point statement"))
    }
}

fn read(source: Source) -> Option<Program> {
    let parameters = source
        .parameters
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[kind, modifier]| Kind::from_numbers(*kind, *modifier))
        .collect::<Option<Vec<_>>>()?;
    let action = match source.action {
        0 => Action::Begin,
        1 => Action::Commit,
        2 => Action::Rollback,
        3 => Action::Select(Select {
            lookup: read_lookup(&source)?,
            outputs: read_outputs(&source.outputs)?,
            description: source.description,
        }),
        4 => Action::Update(Update {
            lookup: read_lookup(&source)?,
            row_tag: source.row_tag,
            attributes: source.attributes as usize,
            assigned: read_assigned(&source)?,
        }),
        5 => Action::Insert(read_insert(&source)?),
        _ => return None,
    };
    Some(Program {
        text: source.text.into_bytes(),
        catalog_version: source.catalog_version,
        parameters,
        action,
    })
}

fn read_lookup(source: &Source) -> Option<Lookup> {
    let key = source.key.iter().zip(source.key_columns.as_chunks::<2>().0);
    let key = key
        .map(|(steps, [kind, descending])| {
            Some(KeyPart {
                steps: read_steps(source, steps)?,
                kind: KeyKind::from_number(*kind)?,
                descending: *descending != 0,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Lookup {
        path: PointPath {
            index: FileId::permanent(source.database, source.index_file),
            table: FileId::permanent(source.database, source.table_file),
        },
        lock: Tag::relation(source.database, source.relation),
        relation: source.relation,
        index: source.index,
        is_fetched: source.is_fetched,
        key,
    })
}

fn read_outputs(numbers: &[u32]) -> Option<Vec<(usize, Kind)>> {
    let outputs = numbers.as_chunks::<3>().0.iter();
    outputs
        .map(|[attribute, kind, modifier]| {
            let kind = Kind::from_numbers(*kind, *modifier).filter(|kind| is_sent(*kind))?;
            Some((*attribute as usize, kind))
        })
        .collect()
}

fn read_assigned(source: &Source) -> Option<Vec<Assigned>> {
    let columns = source.columns.as_chunks::<5>().0;
    (columns.len() == source.values.len()).then_some(())?;
    let assigned = columns.iter().zip(&source.values);
    assigned
        .map(|([attribute, kind, modifier, not_null, strategy], steps)| {
            Some(Assigned {
                column: Column {
                    attribute: *attribute as usize,
                    kind: Kind::from_numbers(*kind, *modifier)?,
                    not_null: *not_null != 0,
                    strategy: u8::try_from(*strategy).ok()?,
                },
                steps: read_steps(source, steps)?,
            })
        })
        .collect()
}

fn read_insert(source: &Source) -> Option<Insert> {
    let values = read_assigned(source)?;
    let columns = values.iter().map(|value| value.column).collect();
    let attributes = source.attributes as usize;
    Some(Insert {
        file: FileId::permanent(source.database, source.table_file),
        lock: Tag::relation(source.database, source.relation),
        relation: source.relation,
        encoder: RefCell::new(RowEncoder::new(
            columns,
            attributes,
            source.toast_target as usize,
        )?),
        indexes: source
            .indexes
            .iter()
            .map(|numbers| read_index(source.database, numbers))
            .collect::<Option<Vec<_>>>()?,
        values,
        placing: Placing {
            reserved: source.reserved as usize,
            ..Placing::default()
        },
    })
}

fn read_index(database: u32, numbers: &[u32]) -> Option<Index> {
    let ([file, tag, flags], columns) = numbers.split_first_chunk::<3>()?;
    let columns = columns.as_chunks::<4>().0.iter();
    let columns = columns
        .map(|[attribute, kind, descending, nulls_first]| {
            Some(KeyColumn {
                attribute: *attribute as usize,
                kind: KeyKind::from_number(*kind)?,
                descending: *descending != 0,
                nulls_first: *nulls_first != 0,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Index {
        file: FileId::permanent(database, *file),
        tag: *tag,
        is_unique: flags & 1 != 0,
        nulls_count: flags & 2 != 0,
        encoder: RefCell::new(KeyEncoder::new(columns)),
    })
}

/// Codes: 0 parameter, 1 column (with the two numbers of its kind in one: kind, modifier 0), 2 number, 3 bytes, 4 null,
/// 5 add, 6 subtract, 7 multiply (with the kind), 8 now, 9 local now (numbers at the operand and behind it: offset, until).
fn read_steps(source: &Source, numbers: &[u32]) -> Option<Vec<Step>> {
    let kind = |number: u32| Kind::from_numbers(number, 0);
    let steps = numbers.as_chunks::<3>().0.iter();
    steps
        .map(|[code, operand, second]| {
            let at = *operand as usize;
            Some(match code {
                0 => Step::Parameter(at),
                1 => Step::Column(at, kind(*second)?),
                2 => Step::Number(*source.numbers.get(at)?),
                3 => Step::Bytes(source.bytes.get(at)?.clone()),
                4 => Step::Null,
                5 => Step::Add(kind(*second)?),
                6 => Step::Subtract(kind(*second)?),
                7 => Step::Multiply(kind(*second)?),
                8 => Step::Now,
                9 => Step::LocalNow {
                    offset: *source.numbers.get(at)?,
                    until: *source.numbers.get(at + 1)?,
                },
                _ => return None,
            })
        })
        .collect()
}
