// Makes random calls of built-in functions from their signatures: name, typed literals, result type. The same seed
// makes the same calls.
import { literal, pick, seededRandom, sources } from './constants.js';

export interface Signature {
  readonly name: string;
  /** pg_proc.prosrc. */
  readonly symbol: string;
  /** format_type of each argument; polymorphic ones already made concrete. */
  readonly argTypes: readonly string[];
  readonly resultType: string;
  /** A pg_aggregate row of kind n: called over a few rows. */
  readonly isAggregate: boolean;
  readonly returnsSet: boolean;
}

export interface Call {
  readonly signature: Signature;
  /** One row for functions; several for aggregates. Texts of literals, null for NULL. */
  readonly rows: readonly (readonly (string | null)[])[];
  readonly sql: string;
}

/** Concrete types tried for polymorphic arguments: element types whose arrays have literals too. */
const concrete: readonly string[] = ['integer', 'text', 'numeric', 'double precision'];

/** Replaces polymorphic types by one concrete element type; null where a type has no literals. */
export function makeConcrete(
  argTypes: readonly string[],
  resultType: string,
  element: string,
): { args: string[]; result: string } | null {
  const replace = (type: string): string => {
    if (/^any(compatible)?(element|nonarray)?$/.test(type) && type !== 'any') return element;
    return /^any(compatible)?array$/.test(type) ? `${element}[]` : type;
  };
  const args = argTypes.map(replace);
  if (args.some((type) => sources[type] === undefined)) return null;
  return { args, result: replace(resultType) };
}

export function concreteTypes(argTypes: readonly string[]): readonly string[] {
  return argTypes.some((type) => /^any/.test(type)) ? concrete : ['integer'];
}

function quoted(text: string): string {
  return text.includes('\\')
    ? `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;
}

/** A literal with its type: casts through a plain typed literal, so that nothing is left to inference. */
export function typedLiteral(text: string | null, type: string): string {
  if (text === null) return `NULL::${type}`;
  // bit and character literals carry their own length.
  if (type === 'bit') return `${quoted(text)}::"bit"`;
  return type === 'character' ? `${quoted(text)}::bpchar` : `${quoted(text)}::${type}`;
}

/** `count` calls over the signatures, each signature about equally often. */
export function* generateCalls(signatures: readonly Signature[], count: number, seed: number): Iterable<Call> {
  const random = seededRandom(seed);
  for (let made = 0; made < count; made++) {
    const signature = pick(signatures, random);
    const rowCount = signature.isAggregate ? Math.floor(random() * 6) : 1;
    const rows = Array.from({ length: rowCount }, () =>
      signature.argTypes.map((type) => tame(signature.name, type, literal(type, random))),
    );
    yield { signature, rows, sql: callSql(signature, rows) };
  }
}

/** Lengths and counts stay small where a large one would only make a huge result. */
function tame(name: string, type: string, text: string | null): string | null {
  if (
    text === null ||
    !/^(bit|varbit|lpad|rpad|repeat|array_fill|overlay|factorial|exp|pow|power|numeric_power)$/.test(name)
  )
    return text;
  if (/^(integer|bigint|smallint)$/.test(type)) return text.slice(0, 4);
  return type === 'integer[]' ? '{2,3}' : text;
}

function callSql(signature: Signature, rows: readonly (readonly (string | null)[])[]): string {
  const name = `pg_catalog."${signature.name}"`;
  const typed = (row: readonly (string | null)[]) =>
    row.map((text, at) => typedLiteral(text, signature.argTypes[at] as string));
  if (!signature.isAggregate) {
    const call = `${name}(${typed(rows[0] ?? []).join(', ')})`;
    return signature.returnsSet ? `select * from (select ${call} limit 20) s` : `select ${call}`;
  }
  const columns = signature.argTypes.map((_type, at) => `c${at + 1}`);
  const source =
    rows.length === 0
      ? `(select ${
          typed(signature.argTypes.map(() => null))
            .map((sql, at) => `${sql} as c${at + 1}`)
            .join(', ') || '1 as c1'
        } where false)`
      : `(values ${rows.map((row) => `(${typed(row).join(', ') || '1'})`).join(', ')})`;
  const alias = columns.length === 0 ? 'c1' : columns.join(', ');
  const args = columns.length === 0 && signature.name === 'count' ? '*' : columns.join(', ');
  return `select ${name}(${args}) from ${source} v(${alias})`;
}
