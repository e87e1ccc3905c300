// Expected trees by the language's rules, error texts and positions from PostgreSQL 17.
import { test } from 'tap';
import { PgError } from '../../errors/pg-error.js';
import type { Host } from '../host.js';
import type { Statement } from '../tree.js';
import { type FunctionSignature, parseFunction } from './parse-function.js';

const base = { kind: 'b', category: 'N', collation: 0, array: 0, element: 0, attributes: [] };
const types: Readonly<Record<number, object>> = {
  2249: { ...base, oid: 2249, kind: 'p' },
  2278: { ...base, kind: 'p' },
};

/** A host that knows integers alone. */
const host = {
  setting: () => null,
  extraCheck: () => null,
  checkSyntax: () => undefined,
  resolveType: () => ({ oid: 23, typmod: -1, collation: 0 }),
  catalog: {
    typeByOid: (oid: number) => types[oid] ?? { ...base, oid },
    baseType: (oid: number) => oid,
    formatType: (oid: number) => `type ${oid}`,
  },
} as unknown as Host;

function parse(source: string, options: Partial<FunctionSignature> = {}) {
  const signature: FunctionSignature = {
    name: 'f',
    source,
    args: [],
    returnType: 2278,
    returnsSet: false,
    kind: 'function',
    collation: 0,
    ...options,
  };
  return parseFunction(signature, host, false).parsed;
}

function kinds(statements: readonly Statement[]): string[] {
  return statements.map(({ kind }) => kind);
}

test('statements keep their lines and the text of their SQL', async (t) => {
  const { body } = parse(
    '\ndeclare a int := 1 + 1;\nbegin\n  a := a + 2;\n  select a, 3 into a from t where b = a;\nend',
  );
  t.strictSame(kinds(body.body), ['assign', 'sql']);
  const [assign, select] = body.body;
  t.equal(assign?.kind === 'assign' && assign.source.text, 'a := a + 2');
  t.equal(assign?.line, 4);
  // INTO is cut out; what follows stays in its place.
  t.equal(select?.kind === 'sql' && select.sql.text, 'select a, 3        from t where b = a');
});

test('words are keywords or variables by what follows them', async (t) => {
  const { body } = parse(
    'declare close int; "if" int; begin close := 1; "if" = 2; close[1] := 3; if true then end if; end',
  );
  t.strictSame(kinds(body.body), ['assign', 'assign', 'assign', 'if']);
});

test('loops see their own variables, blocks those around them', async (t) => {
  const { body, datums } = parse(
    '<<o>> declare i int; begin for i in 1..3 loop o.i := i; exit o when i > 2; end loop; end',
  );
  const [loop] = body.body;
  t.equal(loop?.kind, 'forInteger');
  if (loop?.kind !== 'forInteger') return;
  const [assign] = loop.body;
  t.not(assign?.kind === 'assign' && assign.target, loop.variable);
  t.equal(datums.filter((datum) => datum.name === 'i').length, 2);
});

const errors: readonly (readonly [source: string, message: string, position: number])[] = [
  ['begin return 1; end', 'RETURN cannot have a parameter in function returning void', 14],
  ['begin exit; end', 'EXIT cannot be used outside a loop, unless it has a label', 7],
  ['begin x := 1; end', '"x" is not a known variable', 7],
  ['declare a int; a int; begin end', 'duplicate declaration at or near "a"', 16],
  ['declare a constant int := 1; begin a := 2; end', 'variable "a" is declared CONSTANT', 36],
  ['begin if true then end; end', 'syntax error at or near ";"', 23],
  ['begin perform 1 end', 'syntax error at end of input', 20],
  ['begin null; end; end', 'syntax error at or near "end"', 18],
];

test('errors say what PostgreSQL says, and where', async (t) => {
  for (const [source, message, position] of errors) {
    try {
      parse(source);
      t.fail(`${source} parses`);
    } catch (error) {
      t.equal(error instanceof PgError && error.message, message, source);
      t.equal(error instanceof PgError && error.fields.position, position, source);
    }
  }
});
