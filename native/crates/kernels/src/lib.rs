//! Kernels over column batches: expressions, groups and aggregates. They know neither the store nor SQL's names beyond
//! pg_proc.prosrc, and what they do not do exactly as PostgreSQL they decline. See README.md.

pub mod aggregate;
pub mod arithmetic;
pub mod compare;
pub mod decimal;
pub mod expression;
pub mod functions;
pub mod groups;
pub mod halt;
pub mod output;
pub mod text;
pub mod vector;
