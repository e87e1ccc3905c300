// Statements against the system catalogs, bound: the tree, or the error that PostgreSQL 17 gives. `errors.expected` was
// made by a real PostgreSQL 17 and changes only with `errors.sql`; `trees.expected` is rewritten under HELIOSDB_GOLDEN=1.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { analyze } from '../../../src/analyzer/analyze.js';
import type { Catalog } from '../../../src/catalog/api.js';
import { PgError } from '../../../src/errors/pg-error.js';
import { loadParser, parse } from '../../../src/parser/parse.js';
import { characterPosition } from '../../../src/parser/position.js';
import { printTree } from '../../support/print-tree.js';
import { freshCatalog } from '../../support/catalog.js';

const folder = dirname(fileURLToPath(import.meta.url));

test('golden analyzer', async (t) => {
  await loadParser();
  const { catalog, close } = await freshCatalog();
  t.teardown(close);
  t.test('errors', async (t) => {
    const expected = readFileSync(join(folder, 'errors.expected'), 'utf8').trimEnd().split('\n\n');
    for (const [index, sql] of lines('errors.sql').entries())
      t.equal(`${sql}\n${outcome(catalog, sql)}`, expected[index]);
  });
  t.test('trees', async (t) => {
    const printed = lines('trees.sql').map((sql) => `${sql}\n${outcome(catalog, sql)}`);
    const file = join(folder, 'trees.expected');
    if (process.env.HELIOSDB_GOLDEN === '1') writeFileSync(file, `${printed.join('\n\n')}\n`);
    const expected = readFileSync(file, 'utf8').trimEnd().split('\n\n');
    for (const [index, text] of printed.entries()) t.equal(text, expected[index]);
  });
});

function lines(name: string): string[] {
  return readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');
}

function outcome(catalog: Catalog, sql: string): string {
  try {
    const [statement] = parse(sql).statements;
    if (statement === undefined) return '';
    const bound = analyze(statement.statement, {
      catalog,
      sourceText: sql,
      parameterTypes: [],
      variableParameters: sql.startsWith('update'),
      notice: () => undefined,
    });
    return printTree(bound.kind === 'query' ? bound.query : bound).trimEnd();
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    const { detail, hint, location, position } = error.fields;
    const at = position ?? (location === undefined ? undefined : characterPosition(sql, location));
    const parts = [`ERROR ${error.code}: ${error.message}`];
    if (detail !== undefined) parts.push(`DETAIL: ${detail}`);
    if (hint !== undefined) parts.push(`HINT: ${hint}`);
    if (at !== undefined) parts.push(`POSITION: ${at}`);
    return parts.join('\n');
  }
}
