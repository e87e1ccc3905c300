//! What one row costs on its way through the crate: a line of COPY decoded, a stored row decoded into a column batch, an
//! index key made from it. Prints the least of some rounds, in nanoseconds of a row: `cargo bench -p helios-columns`.

use std::hint::black_box;
use std::time::Instant;

use helios_base::Result;
use helios_columns::batch::{self, BatchWriter, ColumnSet, Slot};
use helios_columns::copy::{Column, Decoder, Format, Kind, Rows};
use helios_columns::keys::{KeyColumn, KeyEncoder, KeyKind};

const ROWS: usize = 4096;
const ROUNDS: usize = 200;
const TOAST_TARGET: usize = 2032;

fn main() -> Result<()> {
    let kinds = [
        Kind::Int4,
        Kind::Int8,
        Kind::Text(0),
        Kind::Numeric(None),
        Kind::Date,
    ];
    let lines = lines();
    let mut decoder = decoder(&kinds)?;
    measure("line of COPY, 5 columns", || {
        decoder.rows = Rows::default();
        black_box(decoder.decode(black_box(&lines)));
        Ok(())
    })?;
    let rows = decoder.rows;
    assert_eq!(rows.count(), ROWS);
    let slots = [
        Slot::Four,
        Slot::Eight,
        Slot::Varlen,
        Slot::Varlen,
        Slot::Four,
    ];
    measure_batch("row to batch, 5 columns", &rows, &slots, &[0, 1, 2, 3, 4])?;
    measure_batch("row to batch, int4", &rows, &slots, &[0])?;
    measure_batch("row to batch, text", &rows, &slots, &[2])?;
    measure_keys("key of int4", &rows, 0, KeyKind::Int4)?;
    measure_keys("key of text", &rows, 2, KeyKind::Text)
}

fn lines() -> Vec<u8> {
    let mut text = String::new();
    for id in 0..ROWS {
        let day = 1 + id % 28;
        text += &format!(
            "{id}\t{}\tsome text {id}\t{}.25\t2024-02-{day:02}\n",
            id * 1_000_003,
            id * 17
        );
    }
    text.into_bytes()
}

fn decoder(kinds: &[Kind]) -> Result<Decoder> {
    let columns = kinds.iter().enumerate().map(|(attribute, kind)| Column {
        attribute,
        kind: *kind,
        not_null: false,
        strategy: if kind.width() == 0 { b'x' } else { b'p' },
    });
    let format = Format {
        delimiter: b'\t',
        quote: None,
        null: b"\\N".to_vec(),
    };
    Decoder::new(format, columns.collect(), kinds.len(), TOAST_TARGET)
}

fn measure_batch(name: &str, rows: &Rows, slots: &[Slot], attributes: &[usize]) -> Result<()> {
    let columns: Vec<batch::Column> = attributes
        .iter()
        .map(|&attribute| batch::Column {
            attribute,
            slot: slots[attribute],
        })
        .collect();
    let mut out = vec![0; batch::batch_bytes(&columns, ROWS) + rows.bytes.len()];
    let mut set = ColumnSet::new(columns);
    measure(name, || {
        let mut writer = BatchWriter::new(&mut out, &mut set, ROWS)?;
        for index in 0..ROWS {
            writer.push(index as u64 + 1, black_box(rows.row(index)))?;
        }
        black_box(writer.finish());
        Ok(())
    })
}

fn measure_keys(name: &str, rows: &Rows, attribute: usize, kind: KeyKind) -> Result<()> {
    let mut encoder = KeyEncoder::new(vec![KeyColumn {
        attribute,
        kind,
        descending: false,
        nulls_first: false,
    }]);
    let mut key = Vec::new();
    measure(name, || {
        for index in 0..ROWS {
            key.clear();
            encoder.encode(black_box(rows.row(index)), &mut key)?;
            black_box(&key);
        }
        Ok(())
    })
}

fn measure(name: &str, mut work: impl FnMut() -> Result<()>) -> Result<()> {
    let mut least = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        work()?;
        least = least.min(start.elapsed().as_nanos() as f64);
    }
    println!("{name:<44} {:>9.1} ns a row", least / ROWS as f64);
    Ok(())
}
