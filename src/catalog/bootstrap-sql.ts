// The part of a fresh template1 that is SQL of our own: definitions of the system views and information_schema, defaults
// of built-in functions' arguments, checks of information_schema's domains, and the rows of its tables. The catalogs'
// rows for all of these are there already (bootstrap.ts); what is stored here is the bound trees.
import { existsSync, readFileSync } from 'node:fs';
import type { Transaction } from '../transaction/api.js';
import type { Expression } from '../trees/expression.js';
import { expressionType } from '../trees/expression-type.js';
import { treeToJson } from '../trees/json.js';
import type { Query } from '../trees/query.js';
import { quoteIdentifier, quoteLiteral } from '../types/quote.js';
import type { Catalog } from './api.js';
import { readDataFile } from './data-files.js';
import { recordDependency, recordDependencyOnExpression } from './dependencies/record.js';
import { objectAddress } from './dependencies/object-address.js';
import { pgCatalogNamespace, typeOid } from './oids.js';

/** The corridor as the session lends it. */
export interface BootstrapRunner {
  readonly catalog: Catalog;
  transaction(): Transaction;
  bindQuery(sql: string): Query;
  /** `value`: type of VALUE in a domain's check. `target`: what the result is coerced to. */
  bindExpression(sql: string, scope: { readonly value?: number; readonly target?: number }): Expression;
  runSql(sql: string): Promise<unknown>;
}

/** A step that could not be taken: its object stays without definition, and using it says so. */
export interface BootstrapFailure {
  readonly name: string;
  readonly error: unknown;
}

/** Takes all steps in the runner's transaction, which the caller commits; returns those that failed. */
export async function runBootstrapSql(runner: BootstrapRunner): Promise<readonly BootstrapFailure[]> {
  const failures: BootstrapFailure[] = [];
  const attempt = async (name: string, step: () => Promise<void>): Promise<void> => {
    try {
      await step();
    } catch (error) {
      failures.push({ name, error });
    }
  };
  for (const [oid, defaults] of readDataFile('function_defaults'))
    await attempt(`function ${oid}`, () => storeFunctionDefaults(runner, Number(oid), defaults ?? ''));
  for (const [domain, check] of domainChecks)
    await attempt(`domain ${domain}`, () => storeDomainCheck(runner, domain, check));
  for (const schema of ['pg_catalog', 'information_schema'])
    for (const view of viewsOf(runner.catalog, schema))
      await attempt(`view ${schema}.${view.name}`, () => storeView(runner, schema, view));
  for (const table of ['sql_features', 'sql_implementation_info', 'sql_parts', 'sql_sizing'])
    await attempt(`table ${table}`, () => fillTable(runner, table));
  return failures;
}

async function storeFunctionDefaults(runner: BootstrapRunner, oid: number, defaults: string): Promise<void> {
  const { catalog } = runner;
  const entry = catalog.tables.findOne('pg_proc', { oid });
  if (entry === null) return;
  const texts = defaults.split(', ');
  const types = entry.row.proargtypes.slice(-texts.length);
  const trees = texts.map((text, at) => runner.bindExpression(text, { target: types[at] ?? 0 }));
  await catalog.tables.update(runner.transaction(), 'pg_proc', entry, { proargdefaults: treeToJson(trees) });
}

const domainChecks: readonly (readonly [domain: string, check: string])[] = [
  ['cardinal_number', 'VALUE >= 0'],
  ['yes_or_no', "VALUE IN ('YES', 'NO')"],
];

async function storeDomainCheck(runner: BootstrapRunner, domain: string, check: string): Promise<void> {
  const { catalog } = runner;
  const type = catalog.findType('information_schema', domain);
  const [entry] = type === null ? [] : catalog.tables.find('pg_constraint', { contypid: type.oid });
  if (type === null || entry === undefined) return;
  const tree = runner.bindExpression(check, { value: type.baseType, target: typeOid.bool });
  await catalog.tables.update(runner.transaction(), 'pg_constraint', entry, { conbin: treeToJson(tree) });
}

interface View {
  readonly name: string;
  readonly relation: number;
}

function viewsOf(catalog: Catalog, schema: string): readonly View[] {
  const namespace = catalog.findNamespace(schema)?.oid ?? pgCatalogNamespace;
  return catalog.tables
    .find('pg_class', { relnamespace: namespace, relkind: 'v' })
    .map(({ row }) => ({ name: row.relname, relation: row.oid }));
}

/** Text of views/<schema>/<name>.sql; null where the view is not written yet. */
export function viewSource(schema: string, name: string): string | null {
  const file = new URL(`./views/${schema}/${name}.sql`, import.meta.url);
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}

async function storeView(runner: BootstrapRunner, schema: string, view: View): Promise<void> {
  const { catalog } = runner;
  const sql = viewSource(schema, view.name);
  if (sql === null) throw new Error('the view has no definition');
  const query = bindView(runner, view, sql);
  const rule = catalog.tables.findOne('pg_rewrite', { ev_class: view.relation, rulename: '_RETURN' });
  if (rule === null) throw new Error('the view has no rule');
  const transaction = runner.transaction();
  await catalog.tables.update(transaction, 'pg_rewrite', rule, { ev_action: treeToJson(query) });
  const dependent = objectAddress('pg_rewrite', rule.row.oid);
  await recordDependency(catalog, transaction, dependent, objectAddress('pg_class', view.relation), 'i');
  await recordDependencyOnExpression(catalog, transaction, dependent, query, { relation: 0, type: 'n' });
}

/** Binds the view's SQL. Where its columns are not exactly those that the catalogs promise, a SELECT around it coerces
 *  them, puts them in order and fills those it leaves out with nulls. */
function bindView({ bindQuery, catalog }: BootstrapRunner, view: View, sql: string): Query {
  const query = bindQuery(sql);
  const { attributes } = catalog.requireRelation(view.relation);
  const targets = query.targetList.filter((entry) => !entry.junk);
  const same = attributes.every((attribute, at) => {
    const target = targets[at];
    return target?.name === attribute.name && expressionType(target.expr) === attribute.type;
  });
  if (same && targets.length === attributes.length) return query;
  const unknown = targets.find((target) => !attributes.some(({ name }) => name === target.name));
  if (unknown !== undefined) throw new Error(`the view has no column ${unknown.name}`);
  const columns = attributes.map(({ name, type, typmod }) => {
    const source = targets.some((target) => target.name === name) ? `q.${quoteIdentifier(name)}` : 'NULL';
    return `${source}::${catalog.formatType(type, typmod, true)} AS ${quoteIdentifier(name)}`;
  });
  return bindQuery(`SELECT ${columns.join(', ')} FROM (${sql}) AS q`);
}

/** Rows of an INSERT of information_schema's own tables. */
const insertRowCount = 100;

async function fillTable(runner: BootstrapRunner, table: string): Promise<void> {
  const rows = readDataFile(table);
  for (let from = 0; from < rows.length; from += insertRowCount) {
    const values = rows
      .slice(from, from + insertRowCount)
      .map((row) => `(${row.map((field) => (field === null ? 'NULL' : quoteLiteral(field))).join(', ')})`);
    await runner.runSql(`INSERT INTO information_schema.${table} VALUES ${values.join(', ')}`);
  }
}
