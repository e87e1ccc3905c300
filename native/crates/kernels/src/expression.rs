//! Expressions over the columns of a batch. `Source` is how the executor writes them (JSON), `Expression` what is
//! evaluated: forms checked, functions resolved, constants made.

use serde::Deserialize;

use crate::compare::{Comparison, compare};
use crate::decimal::Decimals;
use crate::functions::{Call, Fixed, Function, resolve};
use crate::halt::Result;
use crate::vector::{Form, Nulls, Strings, Values, Vector, mixed_forms};

#[derive(Clone, Debug, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum Source {
    /// A column of the input, by its place.
    Column {
        column: usize,
    },
    /// A value in its simplest spelling, null where left out: whole numbers in digits, a float8 by its bits, a numeric as
    /// coefficient and scale.
    Constant {
        form: Form,
        value: Option<String>,
        scale: Option<u16>,
    },
    /// A strict built-in, by pg_proc.prosrc. `bytewise`: its collation orders strings by their bytes.
    Call {
        function: String,
        args: Vec<Source>,
        bytewise: bool,
    },
    And {
        args: Vec<Source>,
    },
    Or {
        args: Vec<Source>,
    },
    Not {
        arg: Box<Source>,
    },
    IsNull {
        arg: Box<Source>,
        negated: bool,
    },
    /// IS [NOT] TRUE, FALSE.
    IsTruth {
        arg: Box<Source>,
        truth: bool,
        negated: bool,
    },
    /// arg = ANY (values), or <> ALL.
    AnyOf {
        arg: Box<Source>,
        values: Vec<Source>,
        padded: bool,
        negated: bool,
    },
    Case {
        arms: Vec<(Source, Source)>,
        otherwise: Box<Source>,
    },
    Coalesce {
        args: Vec<Source>,
    },
}

pub struct Expression {
    pub form: Form,
    node: Node,
}

enum Node {
    Column(usize),
    Constant(Vector),
    Call(Box<Function>, Vec<Expression>),
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    IsNull(Box<Expression>, bool),
    IsTruth {
        arg: Box<Expression>,
        truth: bool,
        negated: bool,
    },
    AnyOf {
        arg: Box<Expression>,
        values: Vec<Vector>,
        padded: bool,
        negated: bool,
    },
    Case {
        arms: Vec<(Expression, Expression)>,
        otherwise: Box<Expression>,
    },
    Coalesce(Vec<Expression>),
}

/// Columns of the rows in hand.
pub struct Batch {
    pub columns: Vec<Vector>,
    pub count: usize,
}

impl Batch {
    /// Keeps these rows only, and of the columns those that are still needed.
    pub fn select(&mut self, rows: &[u32], needed: &[bool]) {
        for (column, is_needed) in self.columns.iter_mut().zip(needed) {
            *column = if *is_needed {
                column.select(rows)
            } else {
                Vector::null(column.values.form())
            };
        }
        self.count = rows.len();
    }
}

impl Expression {
    /// None where the kernels don't know some part of it.
    pub fn compile(source: &Source, columns: &[Form]) -> Option<Expression> {
        let compiled = |source: &Source| Expression::compile(source, columns);
        let all = |sources: &[Source]| sources.iter().map(compiled).collect::<Option<Vec<_>>>();
        let boolean = |source: &Source| compiled(source).filter(|arg| arg.form == Form::Bool);
        let booleans = |sources: &[Source]| sources.iter().map(boolean).collect::<Option<Vec<_>>>();
        let (form, node) = match source {
            Source::Column { column } => (*columns.get(*column)?, Node::Column(*column)),
            Source::Constant { form, value, scale } => {
                let vector = constant(*form, value.as_deref(), scale.unwrap_or(0))?;
                (*form, Node::Constant(vector))
            }
            Source::Call {
                function,
                args,
                bytewise,
            } => return call(function, args, *bytewise, columns),
            Source::And { args } => (Form::Bool, Node::And(booleans(args)?)),
            Source::Or { args } => (Form::Bool, Node::Or(booleans(args)?)),
            Source::Not { arg } => (Form::Bool, Node::Not(Box::new(boolean(arg)?))),
            Source::IsNull { arg, negated } => {
                (Form::Bool, Node::IsNull(Box::new(compiled(arg)?), *negated))
            }
            Source::IsTruth {
                arg,
                truth,
                negated,
            } => {
                let (arg, truth, negated) = (Box::new(boolean(arg)?), *truth, *negated);
                (
                    Form::Bool,
                    Node::IsTruth {
                        arg,
                        truth,
                        negated,
                    },
                )
            }
            Source::AnyOf {
                arg,
                values,
                padded,
                negated,
            } => {
                let arg = Box::new(compiled(arg)?);
                let values = values.iter().map(|value| match compiled(value)? {
                    Expression {
                        form,
                        node: Node::Constant(value),
                    } if form == arg.form => Some(value),
                    _ => None,
                });
                let values = values.collect::<Option<Vec<_>>>()?;
                let (padded, negated) = (*padded, *negated);
                let node = Node::AnyOf {
                    arg,
                    values,
                    padded,
                    negated,
                };
                (Form::Bool, node)
            }
            Source::Case { arms, otherwise } => {
                let otherwise = compiled(otherwise)?;
                let form = otherwise.form;
                let arms = arms.iter().map(|(condition, result)| {
                    let result = compiled(result).filter(|result| result.form == form)?;
                    Some((boolean(condition)?, result))
                });
                let arms = arms.collect::<Option<Vec<_>>>()?;
                let otherwise = Box::new(otherwise);
                (form, Node::Case { arms, otherwise })
            }
            Source::Coalesce { args } => {
                let args = all(args)?;
                let form = args.first()?.form;
                if args.iter().any(|arg| arg.form != form) {
                    return None;
                }
                (form, Node::Coalesce(args))
            }
        };
        Some(Expression { form, node })
    }

    /// Its value for each row of the batch, or one for all.
    pub fn evaluate(&self, batch: &Batch) -> Result<Vector> {
        match &self.node {
            Node::Column(column) => Ok(batch.columns[*column].clone()),
            Node::Constant(value) => Ok(value.clone()),
            Node::Call(function, args) => {
                let args = args.iter().map(|arg| arg.borrowed(batch));
                let args = args.collect::<Result<Vec<_>>>()?;
                let args: Vec<&Vector> = args.iter().map(Held::get).collect();
                function.apply(&args)
            }
            Node::And(args) => connected(args, batch, false),
            Node::Or(args) => connected(args, batch, true),
            Node::Not(arg) => {
                let mut value = arg.evaluate(batch)?;
                for held in bools(&mut value)? {
                    *held = !*held;
                }
                Ok(value)
            }
            Node::IsNull(arg, negated) => {
                let value = arg.borrowed(batch)?;
                let value = value.get();
                let answers = match &value.nulls {
                    Some(nulls) => nulls.iter().map(|null| null != negated).collect(),
                    None => vec![*negated; value.values.len()],
                };
                Ok(Vector {
                    values: Values::Bool(answers),
                    nulls: None,
                    is_constant: value.is_constant,
                })
            }
            Node::IsTruth {
                arg,
                truth,
                negated,
            } => {
                let mut value = arg.evaluate(batch)?;
                let nulls = value.nulls.take();
                for (row, held) in bools(&mut value)?.iter_mut().enumerate() {
                    let null = nulls.as_ref().is_some_and(|nulls| nulls[row]);
                    *held = (!null && *held == *truth) != *negated;
                }
                Ok(value)
            }
            Node::AnyOf {
                arg,
                values,
                padded,
                negated,
            } => any_of(arg.borrowed(batch)?.get(), values, *padded, *negated),
            Node::Case { arms, otherwise } => chosen(arms, otherwise, batch),
            Node::Coalesce(args) => first_not_null(args, batch),
        }
    }

    /// Marks the columns that it reads.
    pub fn mark(&self, read: &mut [bool]) {
        let mut all = |args: &[Expression]| args.iter().for_each(|arg| arg.mark(read));
        match &self.node {
            Node::Column(column) => read[*column] = true,
            Node::Constant(_) => {}
            Node::Call(_, args) | Node::And(args) | Node::Or(args) | Node::Coalesce(args) => {
                all(args)
            }
            Node::Not(arg)
            | Node::IsNull(arg, _)
            | Node::IsTruth { arg, .. }
            | Node::AnyOf { arg, .. } => arg.mark(read),
            Node::Case { arms, otherwise } => {
                for (condition, result) in arms {
                    condition.mark(read);
                    result.mark(read);
                }
                otherwise.mark(read);
            }
        }
    }

    /// As `evaluate`, without a copy of a column.
    pub fn borrowed<'b>(&'b self, batch: &'b Batch) -> Result<Held<'b>> {
        Ok(match &self.node {
            Node::Column(column) => Held::Lent(&batch.columns[*column]),
            Node::Constant(value) => Held::Lent(value),
            _ => Held::Made(self.evaluate(batch)?),
        })
    }

    /// The rows for which it is true; None where it is for all.
    pub fn passing(&self, batch: &Batch) -> Result<Option<Vec<u32>>> {
        let value = self.evaluate(batch)?.spread(batch.count);
        let Values::Bool(holds) = &value.values else {
            return Err(mixed_forms());
        };
        let passes = |row: usize| holds[row] && !value.is_null(row);
        if (0..batch.count).all(passes) {
            return Ok(None);
        }
        let mut rows = Vec::with_capacity(batch.count);
        rows.extend((0..batch.count as u32).filter(|row| passes(*row as usize)));
        Ok(Some(rows))
    }
}

/// A value, or a look at one.
pub enum Held<'a> {
    Lent(&'a Vector),
    Made(Vector),
}

impl Held<'_> {
    pub fn get(&self) -> &Vector {
        match self {
            Held::Lent(vector) => vector,
            Held::Made(vector) => vector,
        }
    }
}

/// The value in its simplest spelling as a constant.
pub fn constant(form: Form, value: Option<&str>, scale: u16) -> Option<Vector> {
    let Some(value) = value else {
        return Some(Vector::null(form));
    };
    Some(Vector::constant(match form {
        Form::Bool => Values::Bool(vec![value == "true"]),
        Form::Int4 => Values::Int4(vec![value.parse().ok()?]),
        Form::Int8 => Values::Int8(vec![value.parse().ok()?]),
        Form::Float8 => Values::Float8(vec![f64::from_bits(value.parse().ok()?)]),
        Form::Decimal => {
            let mut decimals = Decimals::default();
            decimals.push(value.parse().ok()?, scale).ok()?;
            Values::Decimal(decimals)
        }
        Form::Bytes => {
            let mut strings = Strings::default();
            strings.push(value.as_bytes());
            Values::Bytes(strings)
        }
    }))
}

fn call(symbol: &str, args: &[Source], bytewise: bool, columns: &[Form]) -> Option<Expression> {
    let compiled = args.iter().map(|arg| Expression::compile(arg, columns));
    let compiled = compiled.collect::<Option<Vec<_>>>()?;
    let forms: Vec<Form> = compiled.iter().map(|arg| arg.form).collect();
    let fixed: Vec<Option<Fixed<'_>>> = args
        .iter()
        .map(|arg| match arg {
            Source::Constant {
                form: Form::Bytes,
                value: Some(text),
                ..
            } => Some(Fixed::Text(text)),
            Source::Constant {
                form: Form::Int4 | Form::Int8,
                value: Some(digits),
                ..
            } => digits.parse().ok().map(Fixed::Whole),
            Source::Constant { .. } => Some(Fixed::Other),
            _ => None,
        })
        .collect();
    let call = Call {
        symbol,
        forms: &forms,
        fixed: &fixed,
        bytewise,
    };
    let (function, form, taken) = resolve(&call)?;
    let args = if taken == compiled.len() {
        compiled
    } else {
        // The constants went into the function.
        compiled
            .into_iter()
            .filter(|arg| !matches!(arg.node, Node::Constant(_)))
            .collect()
    };
    let node = Node::Call(Box::new(function), args);
    Some(Expression { form, node })
}

fn bools(vector: &mut Vector) -> Result<&mut Vec<bool>> {
    match &mut vector.values {
        Values::Bool(values) => Ok(values),
        _ => Err(mixed_forms()),
    }
}

/// AND and OR of SQL: `decisive` (false, true) decides whatever the rest is, else a null makes a null.
fn connected(args: &[Expression], batch: &Batch, decisive: bool) -> Result<Vector> {
    let mut answers = vec![!decisive; batch.count];
    let mut unknown = vec![false; batch.count];
    for arg in args {
        let value = arg.evaluate(batch)?.spread(batch.count);
        let Values::Bool(values) = &value.values else {
            return Err(mixed_forms());
        };
        for (row, held) in values.iter().enumerate() {
            if value.is_null(row) {
                unknown[row] = true;
            } else if *held == decisive {
                answers[row] = decisive;
            }
        }
    }
    for (null, answer) in unknown.iter_mut().zip(&answers) {
        *null &= *answer != decisive;
    }
    let nulls = unknown.contains(&true).then_some(unknown);
    Ok(Vector::new(Values::Bool(answers), nulls))
}

/// = ANY: true where one is equal, else null where the argument or one of the values is.
fn any_of(arg: &Vector, values: &[Vector], padded: bool, negated: bool) -> Result<Vector> {
    let count = arg.values.len();
    let mut found = vec![false; count];
    let mut has_null = false;
    for value in values {
        if value.is_null(0) {
            has_null = true;
            continue;
        }
        let equal = compare(Comparison::Equal, arg, value, padded)?;
        for (into, equal) in found.iter_mut().zip(equal) {
            *into |= equal;
        }
    }
    let unknown: Vec<bool> = (0..count)
        .map(|row| !values.is_empty() && (arg.is_null(row) || has_null && !found[row]))
        .collect();
    let nulls: Nulls = unknown.contains(&true).then_some(unknown);
    if negated {
        for held in &mut found {
            *held = !*held;
        }
    }
    Ok(Vector {
        values: Values::Bool(found),
        nulls,
        is_constant: arg.is_constant,
    })
}

fn chosen(
    arms: &[(Expression, Expression)],
    otherwise: &Expression,
    batch: &Batch,
) -> Result<Vector> {
    let mut choice = vec![arms.len(); batch.count];
    for (number, (condition, _)) in arms.iter().enumerate() {
        let value = condition.evaluate(batch)?.spread(batch.count);
        let Values::Bool(holds) = &value.values else {
            return Err(mixed_forms());
        };
        for (row, place) in choice.iter_mut().enumerate() {
            if *place == arms.len() && holds[row] && !value.is_null(row) {
                *place = number;
            }
        }
    }
    let results = arms.iter().map(|(_, result)| result).chain([otherwise]);
    let results = results.map(|result| result.evaluate(batch));
    let results = results.collect::<Result<Vec<_>>>()?;
    picked(&results, otherwise.form, &choice)
}

fn first_not_null(args: &[Expression], batch: &Batch) -> Result<Vector> {
    let results = args.iter().map(|arg| arg.evaluate(batch));
    let results = results.collect::<Result<Vec<_>>>()?;
    let last = results.len() - 1;
    let choice: Vec<usize> = (0..batch.count)
        .map(|row| {
            let first = results.iter().position(|result| !result.is_null(row));
            first.unwrap_or(last)
        })
        .collect();
    picked(&results, args[last].form, &choice)
}

/// For each row the value of one of the vectors.
fn picked(vectors: &[Vector], form: Form, choice: &[usize]) -> Result<Vector> {
    let mut values = Values::empty(form);
    let mut nulls = vec![false; choice.len()];
    for (row, number) in choice.iter().enumerate() {
        let vector = &vectors[*number];
        if vector.is_null(row) {
            nulls[row] = true;
            values.push_default();
        } else {
            values.push_from(&vector.values, vector.place(row))?;
        }
    }
    Ok(Vector::new(values, nulls.contains(&true).then_some(nulls)))
}
