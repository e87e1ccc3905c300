use super::*;
use crate::row::{attribute_count, code_at, codes};

fn decoder(quote: Option<u8>, columns: &[(usize, Kind, bool)], attributes: usize) -> Decoder {
    let format = Format {
        delimiter: if quote.is_some() { b',' } else { b'\t' },
        null: if quote.is_some() {
            vec![]
        } else {
            b"\\N".to_vec()
        },
        quote,
    };
    let columns = columns
        .iter()
        .map(|(attribute, kind, not_null)| Column {
            attribute: *attribute,
            kind: *kind,
            not_null: *not_null,
            strategy: if matches!(kind, Kind::Text(_)) {
                b'x'
            } else {
                b'm'
            },
        })
        .collect();
    match Decoder::new(format, columns, attributes, 2032) {
        Ok(decoder) => decoder,
        Err(error) => panic!("{}", error.message),
    }
}

fn decoded(decoder: &mut Decoder, input: &str) -> (usize, Vec<Vec<u8>>) {
    decoder.rows = Rows::default();
    let used = decoder.decode(input.as_bytes());
    let mut start = 0;
    let rows = decoder.rows.ends.iter().map(|end| {
        let row = decoder.rows.bytes[start..*end as usize].to_vec();
        start = *end as usize;
        row
    });
    (used, rows.collect())
}

#[test]
fn rows_have_the_stored_form() {
    let columns = [
        (2, Kind::Text(0), false),
        (0, Kind::Int4, true),
        (1, Kind::Bpchar(3), false),
    ];
    let mut decoder = decoder(None, &columns, 4);
    let (used, rows) = decoded(&mut decoder, "ab\\tc\t-7\té\n\\N\t8\t\\N\nrest");
    assert_eq!(used, "ab\\tc\t-7\té\n\\N\t8\t\\N\n".len());
    assert_eq!(attribute_count(&rows[0]), Ok(4));
    let Ok((first, fixed_at)) = codes(&rows[0]) else {
        panic!()
    };
    let found: Vec<u8> = (0..4).map(|index| code_at(first, index)).collect();
    assert_eq!(found, [3, 5, 5, 0]);
    let mut body = (-7i32).to_le_bytes().to_vec();
    body.push(4);
    body.extend_from_slice("é  ".as_bytes());
    body.push(4);
    body.extend_from_slice(b"ab\tc");
    assert_eq!(&rows[0][fixed_at..], body);
    let Ok((second, fixed_at)) = codes(&rows[1]) else {
        panic!()
    };
    let found: Vec<u8> = (0..4).map(|index| code_at(second, index)).collect();
    assert_eq!(found, [3, 0, 0, 0]);
    assert_eq!(&rows[1][fixed_at..], 8i32.to_le_bytes());
}

#[test]
fn doubtful_lines_are_left() {
    let columns = [(0, Kind::Int4, true), (1, Kind::Text(2), false)];
    let mut text = decoder(None, &columns, 2);
    for line in [
        "1\tabc",
        "1",
        "1\ta\tb",
        "x\ta",
        "\\N\ta",
        "1\ta\\",
        "1\t\\x41",
        "1\t\\101",
        "\\.",
        "1\ta\r",
        "99999999999\ta",
        "1\ta\\.",
        " 1\ta",
        "\ta",
        "1\t\0",
    ] {
        assert_eq!(text.decode(format!("{line}\n").as_bytes()), 0, "{line:?}");
        assert_eq!(text.rows.ends.len(), 0);
    }
    assert_eq!(text.decode(b"1\ta\n2\t\xff\n"), 4);
    let mut csv = decoder(Some(b'"'), &columns, 2);
    for line in [
        "1,\"a", "1,a\"b\"", "1,\"a\"b", "1,\"a\",", "\"1\"", ",a", "\\.",
    ] {
        assert_eq!(csv.decode(format!("{line}\n").as_bytes()), 0, "{line:?}");
    }
    for line in ["1,\"a\"", "\"1\",\"\"\"\"", "1,", "1,\"\""] {
        let whole = format!("{line}\n");
        assert_eq!(csv.decode(whole.as_bytes()), whole.len(), "{line:?}");
    }
}

#[test]
fn plain_values() {
    let read = |kind, text: &str| values::fixed(kind, text.as_bytes()).map(|value| value.0);
    assert_eq!(read(Kind::Int8, "-9223372036854775808"), Some(1 << 63));
    assert_eq!(read(Kind::Int8, "9223372036854775808"), None);
    assert_eq!(read(Kind::Int2, "32768"), None);
    assert_eq!(read(Kind::Oid, "4294967295"), Some(u64::from(u32::MAX)));
    assert_eq!(read(Kind::Date, "2000-03-01"), Some(60));
    assert_eq!(read(Kind::Date, "1999-12-31"), Some(u64::from(u32::MAX)));
    assert_eq!(read(Kind::Date, "2001-02-29"), None);
    assert_eq!(
        read(Kind::Timestamp, "2000-01-01 00:00:01.5"),
        Some(1_500_000)
    );
    assert_eq!(read(Kind::Timestamptz, "2000-01-01 01:00:00+01"), Some(0));
    assert_eq!(read(Kind::Timestamptz, "2000-01-01 01:00:00"), None);
    assert_eq!(read(Kind::Float8, "1e400"), None);
    assert_eq!(read(Kind::Float8, "-1.5"), Some((-1.5f64).to_bits()));
    assert_eq!(read(Kind::Float8, "NaN"), None);
    let numeric = |text: &str, modifier| {
        let mut out = Vec::new();
        values::numeric(text.as_bytes(), modifier, &mut out).then_some(out)
    };
    assert_eq!(numeric("-1.50", None), Some(vec![1, 0, 2, 150]));
    assert_eq!(numeric("0", None), Some(vec![0, 0, 0]));
    assert_eq!(numeric("12", Some((4, 2))), Some(vec![0, 0, 2, 0x04, 0xb0]));
    assert_eq!(numeric("123", Some((4, 2))), None);
    assert_eq!(numeric("1.234", Some((4, 2))), None);
    assert_eq!(numeric(".5", None), None);
}
