// Built-in functions against the catalog: every registered symbol stands in pg_proc, takes as many arguments as its rows
// say, and is a set-returning entry exactly where they return sets. Prints how many of pg_proc's symbols are built.
import { readdirSync } from 'node:fs';
import { test } from 'tap';
import { readDataFile } from '../../src/catalog/data-files.js';
import '../../src/functions/index.js';
import { builtinFunction, builtinSymbols } from '../../src/functions/registry.js';

const catalogFunctions = new URL('../../src/catalog/functions/', import.meta.url);

interface ProcRow {
  readonly name: string;
  readonly symbol: string;
  readonly kind: string;
  readonly returnsSet: boolean;
  readonly argCount: number;
  readonly isVariadic: boolean;
}

const languages = { internal: '12', c: '13', sql: '14' };
const typeNames = new Map(readDataFile('pg_type').map((row) => [row[0], row[1]]));
const rows: ProcRow[] = readDataFile('pg_proc').map((row) => {
  const args = (row[19] ?? '').split(' ').filter((oid) => oid !== '');
  const name = row[1] ?? '';
  const isSql = row[4] === languages.sql;
  return {
    name,
    symbol: isSql ? `${name}(${args.map((oid) => typeNames.get(oid)).join(',')})` : (row[25] ?? ''),
    kind: row[9] ?? '',
    returnsSet: row[13] === 't',
    argCount: args.length,
    isVariadic: row[7] !== '0',
  };
});

test('registered symbols fit their pg_proc rows', async (t) => {
  for (const file of readdirSync(catalogFunctions)) {
    if (/(?<!\.test|\.d)\.js$/.test(file)) await import(new URL(file, catalogFunctions).href);
  }
  const bySymbol = new Map<string, ProcRow[]>();
  for (const row of rows) bySymbol.set(row.symbol, [...(bySymbol.get(row.symbol) ?? []), row]);
  const wrong: string[] = [];
  let built = 0;
  for (const symbol of builtinSymbols()) {
    const uses = bySymbol.get(symbol);
    const entry = builtinFunction(symbol);
    if (uses === undefined || entry === undefined) continue;
    built++;
    if (entry.kind === 'window') continue;
    const implementation = entry.kind === 'scalar' ? entry.impl : entry.rows;
    const takesAny = implementation.toString().includes('...');
    for (const row of uses) {
      if (row.returnsSet !== (entry.kind === 'table'))
        wrong.push(`${symbol} returns ${row.returnsSet ? 'a set' : 'no set'}`);
      // The CallInfo comes after the SQL arguments.
      if (!takesAny && !row.isVariadic && implementation.length > row.argCount + 1) {
        wrong.push(`${symbol} takes ${implementation.length} where ${row.name} has ${row.argCount} arguments`);
      }
    }
  }
  t.same(wrong, []);
  t.comment(`${built} of ${bySymbol.size} symbols of pg_proc are built`);
  t.ok(built > 1000);
});
