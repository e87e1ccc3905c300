// Makes rows from the column batches that the addon leaves in the read buffer (native/crates/columns/README.md). For
// each set of attributes a decoder is compiled once; its source holds numbers only, everything else goes by slot.
import { ByteReader } from '../base/bytes.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { addon } from '../base/addon.js';
import type { StorageClass, TypeLookup } from '../types/type-behaviour.js';
import type { Row, Value } from '../types/value.js';
import { detachRead, readBuffer, type Views } from './exchange.js';
import { native } from './native-error.js';
import type { StoredAttribute } from './row-layout.js';

export interface RowDecoder {
  /** The addon's number of this set of columns. */
  readonly columns: number;
  /** The first `count` rows of the batch in the read buffer. */
  decode(count: number): Row[];
}

/** Words of a batch's header: where variable-length bytes, its last part, end; from `columnWords` on, two for each column:
 *  offset of its state bytes, offset of its values. */
const dataEndWord = 4;
const columnWords = 5;

type Load = (start: number, end: number) => Value;
type Compiled = (views: Views, rows: Row[], count: number, loads: readonly Load[], missing: readonly Value[]) => void;

/** A decoder for the attributes at `indexes` (0-based, ascending) of rows with these attributes. */
export function makeRowDecoder(
  attributes: readonly StoredAttribute[],
  indexes: readonly number[],
  types: TypeLookup,
): RowDecoder {
  const wanted = indexes.filter((index) => attributes[index]?.behaviour !== null);
  const columns = native(() =>
    addon.storeColumns(wanted.flatMap((index) => [index, (attributes[index] as StoredAttribute).width])),
  );
  const source = new ValueSource();
  const chosen = wanted.map((index) => attributes[index] as StoredAttribute);
  const loads = chosen.map((attribute) => (attribute.width === 0 ? makeLoad(attribute, source, types) : noLoad));
  const missing = chosen.map((attribute) => attribute.missing);
  const sharing = chosen.some(
    (attribute) => attribute.width === 0 && !copyingLoads.has(attribute.behaviour?.symbol ?? ''),
  );
  const hasVarlen = chosen.some((attribute) => attribute.width === 0);
  const compiled = compile(attributes.length, wanted, attributes);
  return {
    columns,
    decode(count) {
      const batch = readBuffer();
      // Loading may look types up, which reads other rows into the same buffer, even with this very decoder.
      const views = sharing ? detachRead(batch.u32[dataEndWord] as number) : batch;
      const rows = new Array<Row>(count);
      const outer = source.open(hasVarlen ? views.bytes : null);
      compiled(views, rows, count, loads, missing);
      source.open(sharing ? outer : null);
      return rows;
    },
  };
}

/** Types whose `load` keeps no view of the bytes it reads: their batches need no copy. */
const copyingLoads: ReadonlySet<string> = new Set([
  'textin',
  'varcharin',
  'bpcharin',
  'namein',
  'charin',
  'json_in',
  'numeric_in',
  'jsonb_in',
  'uuid_in',
  'inet_in',
  'cidr_in',
]);

/** The bytes that a batch's values are loaded from, under one reader. */
class ValueSource {
  private bytes: Buffer | null = null;
  private reader = new ByteReader(Buffer.alloc(0), corrupted);

  /** Reads from these bytes on (null: as before); returns what it read from until now. */
  open(bytes: Buffer | null): Buffer | null {
    const before = this.bytes;
    if (bytes !== null && bytes !== before) {
      this.bytes = bytes;
      this.reader = new ByteReader(bytes, corrupted);
    }
    return before;
  }

  seek(start: number, end: number): ByteReader {
    this.reader.seek(start, end);
    return this.reader;
  }
}

function makeLoad(attribute: StoredAttribute, source: ValueSource, types: TypeLookup): Load {
  const { behaviour, type } = attribute;
  const load = behaviour?.load?.bind(behaviour);
  if (load === undefined || type === null) {
    return () => {
      throw pgError(SqlState.featureNotSupported, 'values of this type cannot be loaded');
    };
  }
  return (start, end) => load(source.seek(start, end), type, types);
}

function noLoad(): Value {
  return null;
}

function corrupted(): Error {
  return pgError(SqlState.dataCorrupted, 'a stored value ends too early');
}

/** How a value of each storage class is read: views and the offset's shift are the generated code's names. */
const readers: Record<StorageClass, (column: number) => string> = {
  bool: (column) => `u8[p${column}+i]!==0`,
  int2: (column) => `i16[(p${column}>>1)+i]`,
  int4: (column) => `i32[(p${column}>>2)+i]`,
  uint4: (column) => `u32[(p${column}>>2)+i]`,
  int8: (column) => `i64[(p${column}>>3)+i]`,
  float4: (column) => `f32[(p${column}>>2)+i]`,
  float8: (column) => `f64[(p${column}>>3)+i]`,
  varlen: (column) => `loads[${column}](u32[(p${column}>>2)+2*i],u32[(p${column}>>2)+2*i+1])`,
};

function compile(count: number, wanted: readonly number[], attributes: readonly StoredAttribute[]): Compiled {
  const offsets = wanted.map(
    (_, column) => `const s${column}=u32[${columnWords + column * 2}],p${column}=u32[${columnWords + 1 + column * 2}];`,
  );
  const items = new Array<string>(count).fill('null');
  wanted.forEach((index, column) => {
    const attribute = attributes[index] as StoredAttribute;
    const read = readers[attribute.storage](column);
    const unset = attribute.missing === null ? 'null' : `u8[s${column}+i]===1?null:missing[${column}]`;
    items[index] = `u8[s${column}+i]===0?${read}:${unset}`;
  });
  const body = `const {u8,i16,i32,u32,f32,f64,i64}=views;
${offsets.join('\n')}
for(let i=0;i<count;i++)rows[i]=[${items.join(',\n')}];`;
  const compiled = new Function('views', 'rows', 'count', 'loads', 'missing', body);
  return (views, rows, rowCount, loads, missing) => compiled(views, rows, rowCount, loads, missing);
}
