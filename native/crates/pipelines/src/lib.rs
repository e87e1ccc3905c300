//! Native pipelines: a scan with its filter and aggregation, run over the rows of a table by several threads, off the
//! event loops. See README.md.

pub mod pool;
pub mod program;
pub mod rows;
pub mod run;
