// COPY's fast way into a table: whole lines go to the addon, which decodes them straight to stored rows. It takes the
// lines whose every field is in its plain spelling and stops before the first that is not: that one, with all its
// messages, is the caller's. Only for tables whose rows need no more than NOT NULL.
import { addon } from '../base/addon.js';
import type { CopyColumn, CopyLineFormat, CopyLoader, RelationFile, StoreTransaction } from './api.js';
import { native } from './native-error.js';
import { writing } from './store-transaction.js';

/** Kinds that the addon decodes (native/crates/columns/src/copy/mod.rs), by pg_type.typinput. */
const kinds: Readonly<Record<string, number>> = {
  boolin: 0,
  int2in: 1,
  int4in: 2,
  int8in: 3,
  oidin: 4,
  float4in: 5,
  float8in: 6,
  textin: 7,
  varcharin: 7,
  bpcharin: 8,
  numeric_in: 9,
  date_in: 10,
  timestamp_in: 11,
  timestamptz_in: 12,
  uuid_in: 13,
};

/** A numeric's modifier that is none; else precision in the high half, scale in the low one. */
const noModifier = 0xffffffff;

/** A loader into the file; null where a column's type is not decoded natively. */
export function makeCopyLoader(
  file: RelationFile,
  attributeCount: number,
  columns: readonly CopyColumn[],
  format: CopyLineFormat,
): CopyLoader | null {
  const numbers: number[] = [];
  for (const column of columns) {
    const kind = column.type.kind === 'b' ? kinds[column.type.input] : undefined;
    const modifier = modifierOf(column);
    if (kind === undefined || modifier === null) return null;
    numbers.push(column.attribute - 1, kind, modifier, column.notNull ? 1 : 0);
  }
  if (columns.length === 0) return null;
  const decoder = native(() =>
    addon.copyDecoder(attributeCount, numbers, format.delimiter, format.quote ?? -1, format.nullText),
  );
  const { database, filenode, temporaryOwner } = file;
  return {
    take(txn: StoreTransaction, command: number, lines: Buffer) {
      const [byteCount, rowCount] = native(() =>
        addon.copyRows(writing(txn), command, database, filenode, temporaryOwner, decoder, lines),
      );
      return { byteCount: byteCount as number, rowCount: rowCount as number };
    },
    close: () => addon.copyDecoderClose(decoder),
  };
}

/** The addon's modifier of a column; null for one it does not know. */
function modifierOf({ type, typmod }: CopyColumn): number | null {
  if (type.input === 'numeric_in') {
    if (typmod < 4) return noModifier;
    const bits = typmod - 4;
    const scale = ((bits & 0x7ff) ^ 1024) - 1024;
    return scale < 0 ? null : (((bits >> 16) & 0xffff) << 16) | scale;
  }
  if (type.input === 'timestamp_in' || type.input === 'timestamptz_in') return typmod < 0 || typmod >= 6 ? 0 : null;
  return typmod < 4 ? 0 : typmod - 4;
}
