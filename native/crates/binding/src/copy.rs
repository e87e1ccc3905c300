//! COPY FROM: decoders of a table's lines, under numbers; the unpacking of CopyData messages.

use helios_base::Error;
use helios_base::bytes::{array_at, take};
use helios_columns::copy::{Column, Decoder, Format, Kind};
use helios_columns::tuple::{self, Form, Part};
use helios_store::worker::Inserted;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

use crate::store::{Result, file, guarded, with};
use crate::store_rows::placing;

/// A decoder for tables of `attributes` attributes. `columns` holds for each field: attribute index, kind, modifier,
/// whether it must not be null, attstorage. `quote` -1 is the text format.
#[napi]
pub fn copy_decoder(
    attributes: u32,
    columns: Vec<u32>,
    delimiter: u32,
    quote: i32,
    null_text: String,
    toast_target: u32,
) -> Result<u32> {
    with(|here| {
        let columns = columns.chunks_exact(5).map(|numbers| {
            Kind::from_numbers(numbers[1], numbers[2])
                .map(|kind| Column {
                    attribute: numbers[0] as usize,
                    kind,
                    not_null: numbers[3] != 0,
                    strategy: numbers[4] as u8,
                })
                .ok_or_else(|| Error::internal("unknown kind of column"))
        });
        let columns = columns.collect::<helios_base::Result<Vec<_>>>()?;
        let format = Format {
            delimiter: delimiter as u8,
            quote: u8::try_from(quote).ok(),
            null: null_text.into_bytes(),
        };
        Ok(here.decoders.insert(Decoder::new(
            format,
            columns,
            attributes as usize,
            toast_target as usize,
        )?))
    })
}

#[napi]
pub fn copy_decoder_close(decoder: u32) -> Result<()> {
    with(|here| {
        here.decoders.remove(decoder);
        Ok(())
    })
}

/// Inserts the rows of the lines at the start of `input`, up to the first that the decoder leaves to the caller, whole
/// batches only unless `finish`: [bytes taken, rows taken, -1 or the page that must be measured before a further call].
/// `reserved`, `bulk` and `flags` as for `table_insert`.
#[napi]
#[allow(clippy::too_many_arguments)]
pub fn copy_rows(
    transaction: u32,
    command: u32,
    database: u32,
    filenode: u32,
    owner: u32,
    decoder: u32,
    input: Uint8Array,
    reserved: u32,
    bulk: u32,
    flags: u32,
    finish: bool,
) -> Result<Vec<f64>> {
    with(|here| {
        let decoder = here.decoders.get_mut(decoder)?;
        let file = file(database, filenode, owner);
        let how = placing(reserved, bulk, flags);
        let copied =
            here.worker
                .copy_rows(transaction, command, file, decoder, &input, how, finish)?;
        let page = match copied.inserted {
            Inserted::Placed => -1.0,
            Inserted::Measure(page) => f64::from(page),
        };
        Ok(vec![copied.bytes as f64, copied.rows as f64, page])
    })
}

/// Bytes that PostgreSQL's TOAST would leave of a large tuple. `parts` has for each value that is not null: its fixed
/// length (0: it varies), alignment, attstorage, bytes without length word, bytes of its stored form; these stand in
/// `stored` one after the other.
#[napi]
pub fn toasted_bytes(header: u32, parts: Vec<u32>, stored: Uint8Array, target: u32) -> Result<u32> {
    guarded(|| {
        let mut at = 0;
        let mut list = Vec::with_capacity(parts.len() / 5);
        for numbers in parts.chunks_exact(5) {
            let form = Form {
                length: numbers[0] as usize,
                align_mask: (numbers[1] as usize).saturating_sub(1),
                strategy: numbers[2] as u8,
            };
            let bytes = take(&stored, &mut at, numbers[4] as usize)?;
            list.push(Part::new(form, numbers[3] as usize, bytes));
        }
        Ok(tuple::toasted_bytes(header as usize, &mut list, target as usize) as u32)
    })
}

const COPY_DATA: u8 = b'd';
const FRAME_HEADER_BYTES: usize = 5;

/// Moves the contents of complete CopyData messages that stand one after the other from `start` on together, to
/// `start`: [bytes of the messages, bytes of their contents].
#[napi]
pub fn copy_data_join(mut bytes: Uint8Array, start: u32) -> Result<Vec<u32>> {
    guarded(|| {
        let start = start as usize;
        // SAFETY: the caller owns the buffer, and nothing else looks at it during the call.
        let bytes = unsafe { bytes.as_mut() };
        let (mut at, mut end) = (start, start);
        while bytes.get(at) == Some(&COPY_DATA) && at + FRAME_HEADER_BYTES <= bytes.len() {
            let length = u32::from_be_bytes(array_at(bytes, at + 1)?) as usize;
            if length < 4 || bytes.len() - at <= length {
                break;
            }
            bytes.copy_within(at + FRAME_HEADER_BYTES..at + 1 + length, end);
            end += length - 4;
            at += 1 + length;
        }
        Ok(vec![(at - start) as u32, (end - start) as u32])
    })
}
