// COPY's fast way into a table: whole lines go to the addon, which decodes them straight to stored rows. It takes the
// lines whose every field is in its plain spelling and stops before the first that is not: that one, with all its
// messages, is the caller's. Only for tables whose rows need no more than NOT NULL.
import { addon } from '../base/addon.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { CopyColumn, CopyLineFormat, CopyLoader, RelationFile, RowPlacement, StoreTransaction } from './api.js';
import { native } from './native-error.js';
import type { StoredLayout } from './row-layout.js';
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

/** The addon's flags for new rows of a file. */
export function placementFlags(txn: StoreTransaction, filenode: number, placement: RowPlacement | undefined): number {
  const flags = (placement?.isBatch === true ? 1 : 0) | (placement?.isNewTable === true ? 2 : 0);
  return txn.isNewFile(filenode) ? flags | 4 : flags;
}

export interface CopyTarget {
  readonly file: RelationFile;
  readonly layout: StoredLayout;
  readonly columns: readonly CopyColumn[];
  readonly format: CopyLineFormat;
}

/** A loader into the file; null where a column's type is not decoded natively. `measurePage` tells the addon what the rows
 *  on a page take up. */
export function makeCopyLoader(target: CopyTarget, measurePage: (page: number) => void): CopyLoader | null {
  const { layout, columns, format } = target;
  const numbers: number[] = [];
  for (const column of columns) {
    const kind = kindOf(column.type, column.typmod);
    if (kind === null) return null;
    const strategy = layout.attributes[column.attribute - 1]?.strategy ?? 'x';
    numbers.push(column.attribute - 1, ...kind, column.notNull ? 1 : 0, strategy.charCodeAt(0));
  }
  if (columns.length === 0) return null;
  const { attributes, toastTarget, reservedBytes } = layout;
  const decoder = native(() =>
    addon.copyDecoder(attributes.length, numbers, format.delimiter, format.quote ?? -1, format.nullText, toastTarget),
  );
  const { database, filenode, temporaryOwner } = target.file;
  /** Rows may stand in the decoder whose batch is not complete. */
  let mayWait = false;
  const copy = (txn: StoreTransaction, command: number, lines: Buffer, placement: RowPlacement, isLast: boolean) => {
    const flags = placementFlags(txn, filenode, placement);
    const statement = placement.statement ?? 0;
    const call = (input: Buffer) =>
      native(() =>
        addon.copyRows(
          writing(txn),
          command,
          database,
          filenode,
          temporaryOwner,
          decoder,
          input,
          reservedBytes,
          statement,
          flags,
          isLast,
        ),
      );
    const [byteCount = 0, rowCount = 0, page = -1] = call(lines);
    if (page >= 0) {
      measurePage(page);
      call(noLines);
    }
    return { byteCount, rowCount };
  };
  return {
    take(txn, command, lines, placement) {
      const taken = copy(txn, command, lines, placement, false);
      mayWait ||= taken.rowCount > 0;
      return taken;
    },
    flush(txn, command, placement) {
      if (mayWait) copy(txn, command, noLines, placement, true);
      mayWait = false;
    },
    close: () => addon.copyDecoderClose(decoder),
  };
}

const noLines = Buffer.alloc(0);

/** The addon's kind and modifier of a type; null for one it does not know. */
export function kindOf(type: TypeDescriptor, typmod: number): readonly [kind: number, modifier: number] | null {
  const kind = type.kind === 'b' ? kinds[type.input] : undefined;
  const modifier = modifierOf(type, typmod);
  return kind === undefined || modifier === null ? null : [kind, modifier];
}

/** Its modifier; null for one it does not know. */
function modifierOf(type: TypeDescriptor, typmod: number): number | null {
  if (type.input === 'numeric_in') {
    if (typmod < 4) return noModifier;
    const bits = typmod - 4;
    const scale = ((bits & 0x7ff) ^ 1024) - 1024;
    return scale < 0 ? null : (((bits >> 16) & 0xffff) << 16) | scale;
  }
  if (type.input === 'timestamp_in' || type.input === 'timestamptz_in') return typmod < 0 || typmod >= 6 ? 0 : null;
  return typmod < 4 ? 0 : typmod - 4;
}
