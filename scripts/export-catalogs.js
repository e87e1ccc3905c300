// Exports the facts of a running PostgreSQL 17's catalogs: table shapes, indexes and the rows that a fresh database
// has. Writes src/catalog/data/*.tsv (COPY text format, a header line first), src/catalog/generated/*.ts and the word
// list src/types/keywords.ts. Left out on purpose: description texts, bodies of SQL-language functions, view
// definitions; those we write ourselves.
// Usage: node scripts/export-catalogs.js PSQL-ARGUMENT... (a connection to a database made from template0)
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const [psql, ...connection] = process.argv.slice(2);
const catalogFolder = fileURLToPath(new URL('../src/catalog/', import.meta.url));

/** Runs a COPY of `query` and returns its text without the final newline. */
function copy(query) {
  const result = spawnSync(psql, [...connection, '-qAt', '-v', 'ON_ERROR_STOP=1', '-c', `copy (${query}) to stdout`], {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (result.status !== 0) throw new Error(result.stderr);
  return result.stdout.replace(/\n$/, '');
}
const rowsOf = (query) => {
  const text = copy(query);
  return text === '' ? [] : text.split('\n').map((line) => line.split('\t'));
};

/** Catalogs whose rows are texts of the source's authors, or statistics. */
const withoutRows = new Set(['pg_description', 'pg_shdescription', 'pg_statistic', 'pg_statistic_ext_data']);
/** Expressions that stand for a column instead of the column itself. */
const columnOverrides = {
  'pg_class.relpages': '0',
  'pg_class.reltuples': '-1',
  'pg_class.relallvisible': '0',
  'pg_proc.proargdefaults': 'null',
  'pg_proc.prosqlbody': 'null',
  'pg_proc.prosrc': "case when prolang = 14 then '' else prosrc end",
  'pg_rewrite.ev_action': "''",
  'pg_constraint.conbin': 'null',
  'pg_type.typdefaultbin': 'null',
};
const rowFilters = {
  pg_database: 'oid < 16384',
  pg_authid: 'oid < 16384',
  pg_depend: "classid <> 'pg_rewrite'::regclass",
  pg_rewrite: "rulename = '_RETURN'",
  pg_db_role_setting: 'false',
  pg_shdepend: 'dbid = 0',
};

const tables = rowsOf(`
  select c.oid, c.relname, c.relisshared, c.reltoastrelid, c.reltype
  from pg_class c where c.relnamespace = 11 and c.relkind = 'r' order by c.relname`).map(
  ([oid, name, shared, toast, rowType]) => ({ oid, name, shared: shared === 't', toast, rowType }),
);
const columns = rowsOf(`
  select attrelid, attname, atttypid::oid, format_type(atttypid, -1), attnotnull
  from pg_attribute where attnum > 0 and attrelid in (select oid from pg_class where relnamespace = 11 and relkind = 'r')
  order by attrelid, attnum`);
const indexes = rowsOf(`
  select i.indrelid, i.indexrelid, c.relname, i.indisunique, i.indisprimary, i.indkey, i.indclass, i.indcollation
  from pg_index i join pg_class c on c.oid = i.indexrelid
  where c.relnamespace = 11 order by i.indrelid, i.indexrelid`);
for (const table of tables) {
  table.columns = columns
    .filter((row) => row[0] === table.oid)
    .map(([, name, type, typeName, notNull]) => ({ name, type, typeName, notNull: notNull === 't' }));
  table.indexes = indexes
    .filter((row) => row[0] === table.oid)
    .map(([, oid, name, unique, primary, keys, opclasses, collations]) => ({
      oid,
      name,
      unique: unique === 't',
      primary: primary === 't',
      keys,
      opclasses,
      collations,
    }));
}

rmSync(`${catalogFolder}data`, { recursive: true, force: true });
mkdirSync(`${catalogFolder}data`);
mkdirSync(`${catalogFolder}generated`, { recursive: true });
for (const table of tables) exportRows(table);
writeFileSync(
  `${catalogFolder}data/function_defaults.tsv`,
  `oid\tdefaults\n${copy('select oid, pg_get_expr(proargdefaults, 0) from pg_proc where pronargdefaults > 0 order by oid')}\n`,
);
for (const name of ['sql_features', 'sql_implementation_info', 'sql_parts', 'sql_sizing'])
  writeFileSync(
    `${catalogFolder}data/${name}.tsv`,
    `${rowsOf(`select string_agg(attname, ' ' order by attnum) from pg_attribute where attnum > 0 and attrelid = 'information_schema.${name}'::regclass`)[0][0].replaceAll(' ', '\t')}\n${copy(`select * from information_schema.${name} order by 1, 2`)}\n`,
  );
writeFileSync(
  `${catalogFolder}data/catalog_foreign_keys.tsv`,
  `fktable\tfkcols\tpktable\tpkcols\tis_array\tis_opt\n${copy('select fktable::regclass::text, fkcols, pktable::regclass::text, pkcols, is_array, is_opt from pg_get_catalog_foreign_keys()')}\n`,
);
writeFileSync(`${catalogFolder}generated/schema.ts`, schemaSource());
writeFileSync(`${catalogFolder}generated/rows.ts`, rowsSource());

writeFileSync(`${catalogFolder}generated/core-types.ts`, coreTypesSource());
writeFileSync(fileURLToPath(new URL('../src/types/keywords.ts', import.meta.url)), keywordsSource());

function exportRows(table) {
  if (withoutRows.has(table.name)) return;
  const list = table.columns.map(({ name, typeName }) => {
    const override = columnOverrides[`${table.name}.${name}`];
    if (override !== undefined) return override;
    return typeName === 'regproc' ? `${name}::oid` : name;
  });
  const order =
    table.columns[0].name === 'oid'
      ? 'oid'
      : (table.indexes
          .find((index) => index.unique)
          ?.keys.split(' ')
          .join(', ') ?? list.join(', '));
  const text = copy(
    `select ${list.join(', ')} from ${table.name} where ${rowFilters[table.name] ?? 'true'} order by ${order
      .split(', ')
      .map((key) => (/^\d+$/.test(key) ? table.columns[key - 1].name : key))
      .join(', ')}`,
  );
  if (text !== '')
    writeFileSync(
      `${catalogFolder}data/${table.name}.tsv`,
      `${table.columns.map(({ name }) => name).join('\t')}\n${text}\n`,
    );
}

function schemaSource() {
  const list = (text) => `[${text.split(' ').filter(Boolean).join(', ')}]`;
  const body = tables.map((table) => {
    const columnLines = table.columns.map(
      ({ name, type, typeName, notNull }) =>
        `      ['${name}', ${type}, '${typeName.replaceAll('"', '')}', ${notNull}],`,
    );
    const indexLines = table.indexes.map(
      (index) =>
        `      { oid: ${index.oid}, name: '${index.name}', isUnique: ${index.unique}, isPrimary: ${index.primary}, columns: ${list(index.keys)}, opclasses: ${list(index.opclasses)}, collations: ${list(index.collations)} },`,
    );
    return `  ${table.name}: {\n    oid: ${table.oid}, isShared: ${table.shared}, toast: ${table.toast}, rowType: ${table.rowType},\n    columns: [\n${columnLines.join('\n')}\n    ],\n    indexes: [\n${indexLines.join('\n')}\n    ],\n  },`;
  });
  return `// Shapes of PostgreSQL 17's catalogs: columns [name, type oid, type name, not null] and indexes (columns are attribute\n// numbers). Written by scripts/export-catalogs.js.\nimport type { CatalogName } from './rows.js';\n\nexport interface CatalogShape {\n  readonly oid: number;\n  readonly isShared: boolean;\n  readonly toast: number;\n  readonly rowType: number;\n  readonly columns: readonly (readonly [name: string, type: number, typeName: string, notNull: boolean])[];\n  readonly indexes: readonly CatalogIndexShape[];\n}\nexport interface CatalogIndexShape {\n  readonly oid: number;\n  readonly name: string;\n  readonly isUnique: boolean;\n  readonly isPrimary: boolean;\n  readonly columns: readonly number[];\n  readonly opclasses: readonly number[];\n  readonly collations: readonly number[];\n}\n\nexport const catalogShapes: Readonly<Record<CatalogName, CatalogShape>> = {\n${body.join('\n')}\n};\n`;
}

function rowsSource() {
  const scalar = {
    boolean: 'boolean',
    char: 'string',
    name: 'string',
    text: 'string',
    pg_node_tree: 'string',
    bytea: 'Buffer',
    smallint: 'number',
    integer: 'number',
    oid: 'number',
    regproc: 'number',
    xid: 'number',
    real: 'number',
    bigint: 'bigint',
    pg_lsn: 'bigint',
    'timestamp with time zone': 'bigint',
    int2vector: 'readonly number[]',
    oidvector: 'readonly number[]',
    'smallint[]': 'readonly number[]',
    'oid[]': 'readonly number[]',
    'real[]': 'readonly number[]',
    'text[]': 'readonly string[]',
    'char[]': 'readonly string[]',
    'aclitem[]': 'string',
    anyarray: 'PgArray',
    'pg_statistic[]': 'PgArray',
    pg_ndistinct: 'Buffer',
    pg_dependencies: 'Buffer',
    pg_mcv_list: 'Buffer',
  };
  const interfaceName = (name) =>
    `${name
      .split('_')
      .map((part) => part[0].toUpperCase() + part.slice(1))
      .join('')}Row`;
  const interfaces = tables.map((table) => {
    const lines = table.columns.map(({ name, typeName, notNull }) => {
      const type = scalar[typeName.replaceAll('"', '')];
      if (type === undefined) throw new Error(`no JavaScript type for ${typeName} (${table.name}.${name})`);
      return `  readonly ${name}: ${type}${notNull ? '' : ' | null'};`;
    });
    return `export interface ${interfaceName(table.name)} {\n${lines.join('\n')}\n}`;
  });
  return `// One interface for each catalog's rows, columns named and ordered as PostgreSQL 17 has them. Oids, xids and regprocs\n// are numbers, vectors and arrays plain arrays, aclitem[] its text form, timestamptz and pg_lsn bigints.\n// Written by scripts/export-catalogs.js.\nimport type { PgArray } from '../../types/value.js';\n\n${interfaces.join('\n\n')}\n\nexport interface CatalogRows {\n${tables.map(({ name }) => `  readonly ${name}: ${interfaceName(name)};`).join('\n')}\n}\n\nexport type CatalogName = keyof CatalogRows;\nexport type CatalogRow<T extends CatalogName> = CatalogRows[T];\n`;
}

/** The types of the catalogs' own columns and their elements: what must be known before pg_type can be read. */
function coreTypesSource() {
  const rows = rowsOf(`
    with direct as (select atttypid as oid from pg_attribute where attnum > 0 and attrelid in
      (select oid from pg_class where relnamespace = 11 and relkind = 'r'))
    select oid, typname, typlen, typbyval, typtype, typcategory, typispreferred, typdelim, typsubscript, typelem, typarray,
      typcollation, typinput, typoutput
    from pg_type where (oid in (select * from direct) or oid in (select typelem from pg_type where oid in (select * from direct)))
      and typname <> 'pg_statistic' or typname in ('tid', 'cid') order by oid`);
  const lines = rows.map(
    ([
      oid,
      name,
      length,
      byValue,
      kind,
      category,
      preferred,
      delimiter,
      handler,
      element,
      array,
      collation,
      input,
      output,
    ]) =>
      `  [${oid}, '${name}', ${length}, ${byValue === 't'}, '${kind}', '${category}', ${preferred === 't'}, '${delimiter}', '${handler === '-' ? '' : handler}', ${element}, ${array}, ${collation}, '${input}', '${output}'],`,
  );
  return `// Facts of the types that the catalogs' own columns have. Written by scripts/export-catalogs.js.\n\nexport type CoreTypeFacts = readonly [\n  oid: number,\n  name: string,\n  length: number,\n  byValue: boolean,\n  kind: 'b' | 'p',\n  category: string,\n  isPreferred: boolean,\n  delimiter: string,\n  subscriptHandler: string,\n  element: number,\n  array: number,\n  collation: number,\n  input: string,\n  output: string,\n];\n\nexport const coreTypeFacts: readonly CoreTypeFacts[] = [\n${lines.join('\n')}\n];\n`;
}

function keywordsSource() {
  const lines = rowsOf('select word, catcode, barelabel from pg_get_keywords() order by word').map(
    ([word, category, bare]) => `  ['${word}', '${category}', ${bare === 't'}],`,
  );
  return `// PostgreSQL 17's key words: category (U unreserved, C not a function or type name, T only those, R reserved) and\n// whether the word can be a column label without AS. Written by scripts/export-catalogs.js.\n\nexport const keywords: readonly (readonly [word: string, category: 'U' | 'C' | 'T' | 'R', bareLabel: boolean])[] = [\n${lines.join('\n')}\n];\n`;
}
