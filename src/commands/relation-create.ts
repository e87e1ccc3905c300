// Catalog rows of a new relation: pg_class, pg_attribute, its row type, dependencies. Used by CREATE TABLE, SEQUENCE,
// VIEW, MATERIALIZED VIEW, TYPE AS and INDEX; what each of them adds beyond that is in its own file.
import type { PgAttributeRow, PgClassRow } from '../catalog/generated/rows.js';
import { tableColumnsMax } from '../base/limits.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { ClassOid, heapAccessMethod, objectAddress } from './classes.js';
import { defaultAcl, recordAclDependencies } from './default-acl.js';
import { recordDependency, recordOwner, schemaAddress } from './depend.js';
import { requireColumnType } from './column-type.js';
import { insertTypeWithArray, recordFunctions, requireFreeTypeName } from './type-rows.js';

/** A column of a relation to be. */
export interface ColumnSpec {
  readonly name: string;
  readonly type: number;
  readonly typmod: number;
  readonly collation: number;
  readonly dimensions: number;
  readonly notNull: boolean;
  /** '' takes the type's. */
  readonly storage?: string;
  readonly compression?: string;
  readonly identity?: string;
  readonly generated?: string;
  readonly isLocal?: boolean;
  readonly inheritCount?: number;
  readonly location?: number;
}

export interface RelationSpec {
  readonly name: string;
  readonly schema: number;
  /** pg_class.relkind. */
  readonly kind: string;
  readonly persistence: string;
  readonly owner: number;
  readonly columns: readonly ColumnSpec[];
  readonly options: readonly string[] | null;
  readonly isPopulated?: boolean;
  readonly ofType?: number;
  readonly accessMethod?: number;
  readonly tablespace?: number;
}

const kindsWithStorage = 'rmSit';
const kindsWithRowType = 'rvmcpf';

/** Creates the rows and returns the relation's oid. Throws 42P07, 42710, 42701, 54011, 42P16. */
export async function createRelation(context: CommandContext, spec: RelationSpec): Promise<number> {
  const { tables } = context.catalog;
  checkColumns(context, spec);
  await requireFreeRelationName(context, spec.name, spec.schema);
  const hasRowType = kindsWithRowType.includes(spec.kind);
  if (hasRowType) await requireFreeTypeName(context, spec.name, spec.schema, true);

  const oid = tables.newOid('pg_class');
  const rowType = hasRowType ? tables.newOid('pg_type') : 0;
  const acl = aclOfKind(context, spec);
  context.transaction.store.noteNewFile(oid, context.transaction.savepointDepth);
  await tables.insert(context.transaction, 'pg_class', classRow(spec, { oid, rowType, acl }));
  await insertAttributes(context, oid, spec);
  if (hasRowType) await insertRowType(context, spec, oid, rowType);
  await recordRelationDependencies(context, spec, oid, acl);
  return oid;
}

function aclOfKind(context: CommandContext, spec: RelationSpec): string | null {
  if ('rvmpf'.includes(spec.kind)) return defaultAcl(context, 'r', spec.owner, spec.schema);
  return spec.kind === 'S' ? defaultAcl(context, 'S', spec.owner, spec.schema) : null;
}

/** 42P07 where the schema has a relation of that name. */
export async function requireFreeRelationName(context: CommandContext, name: string, schema: number): Promise<void> {
  if (context.catalog.tables.findOne('pg_class', { relname: name, relnamespace: schema }) !== null) {
    throw pgError(SqlState.duplicateTable, `relation "${name}" already exists`);
  }
}

/** A fresh pg_class row: the values every kind of relation starts with. */
export function classRow(
  spec: RelationSpec,
  made: { readonly oid: number; readonly rowType: number; readonly acl: string | null },
): PgClassRow {
  const hasStorage = kindsWithStorage.includes(spec.kind);
  const isHeap = 'rm'.includes(spec.kind);
  return {
    oid: made.oid,
    relname: spec.name,
    relnamespace: spec.schema,
    reltype: made.rowType,
    reloftype: spec.ofType ?? 0,
    relowner: spec.owner,
    relam: spec.accessMethod ?? (isHeap ? heapAccessMethod : 0),
    relfilenode: hasStorage ? made.oid : 0,
    reltablespace: spec.tablespace ?? 0,
    relpages: spec.kind === 'S' ? 1 : 0,
    reltuples: spec.kind === 'S' ? 1 : spec.kind === 'i' ? 0 : -1,
    relallvisible: 0,
    reltoastrelid: 0,
    relhasindex: false,
    relisshared: false,
    relpersistence: spec.persistence,
    relkind: spec.kind,
    relnatts: spec.columns.length,
    relchecks: 0,
    relhasrules: false,
    relhastriggers: false,
    relhassubclass: false,
    relrowsecurity: false,
    relforcerowsecurity: false,
    relispopulated: spec.isPopulated ?? true,
    relreplident: 'rmp'.includes(spec.kind) ? 'd' : 'n',
    relispartition: false,
    relrewrite: 0,
    relfrozenxid: isHeap ? 3 : 0,
    relminmxid: isHeap ? 1 : 0,
    relacl: made.acl,
    reloptions: spec.options === null || spec.options.length === 0 ? null : spec.options,
    relpartbound: null,
  };
}

function checkColumns(context: CommandContext, spec: RelationSpec): void {
  if (spec.columns.length > tableColumnsMax) {
    throw pgError(SqlState.tooManyColumns, `tables can have at most ${tableColumnsMax} columns`);
  }
  const seen = new Set<string>();
  for (const column of spec.columns) {
    if (spec.kind !== 'v' && spec.kind !== 'c' && spec.kind !== 'i') requireNoSystemName(column);
    if (seen.has(column.name)) {
      throw pgError(SqlState.duplicateColumn, `column "${column.name}" specified more than once`);
    }
    seen.add(column.name);
    if (spec.kind !== 'i') requireColumnType(context, column);
  }
}

/** True for the names of the columns that every table has. */
export function isSystemColumn(name: string): boolean {
  return (systemColumns as readonly string[]).includes(name);
}

const systemColumns = ['ctid', 'xmin', 'cmin', 'xmax', 'cmax', 'tableoid'] as const;

/** 42701 for a column named like a system column. */
export function requireNoSystemName(column: { readonly name: string }): void {
  if (isSystemColumn(column.name)) {
    throw pgError(SqlState.duplicateColumn, `column name "${column.name}" conflicts with a system column name`);
  }
}

async function insertAttributes(context: CommandContext, relation: number, spec: RelationSpec): Promise<void> {
  const { tables } = context.catalog;
  for (const [index, column] of spec.columns.entries()) {
    await insertAttribute(context, { relation, number: index + 1, column, recordTypes: true });
  }
  if (spec.kind === 'v' || spec.kind === 'c' || spec.kind === 'i') return;
  for (const row of systemAttributeRows(relation)) await tables.insert(context.transaction, 'pg_attribute', row);
}

/** Inserts one column's row and its dependencies on type and collation. */
export async function insertAttribute(
  context: CommandContext,
  attribute: {
    readonly relation: number;
    readonly number: number;
    readonly column: ColumnSpec;
    readonly recordTypes: boolean;
  },
): Promise<void> {
  const { relation, number, column } = attribute;
  await context.catalog.tables.insert(
    context.transaction,
    'pg_attribute',
    attributeRow(context, relation, number, column),
  );
  if (!attribute.recordTypes) return;
  const address = objectAddress(ClassOid.class, relation, number);
  await recordDependency(context, address, objectAddress(ClassOid.type, column.type), 'n');
  if (column.collation !== 0)
    await recordDependency(context, address, objectAddress(ClassOid.collation, column.collation), 'n');
}

/** A column's pg_attribute row. */
export function attributeRow(
  context: CommandContext,
  relation: number,
  number: number,
  column: ColumnSpec,
): PgAttributeRow {
  const type = context.catalog.tables.findOne('pg_type', { oid: column.type })?.row;
  if (type === undefined) throw pgError(SqlState.undefinedObject, `type with OID ${column.type} does not exist`);
  return {
    attrelid: relation,
    attname: column.name,
    atttypid: column.type,
    attlen: type.typlen,
    attnum: number,
    attcacheoff: -1,
    atttypmod: column.typmod,
    attndims: column.dimensions,
    attbyval: type.typbyval,
    attalign: type.typalign,
    attstorage: column.storage ? column.storage : type.typstorage,
    attcompression: column.compression ?? '',
    attnotnull: column.notNull,
    atthasdef: false,
    atthasmissing: false,
    attidentity: column.identity ?? '',
    attgenerated: column.generated ?? '',
    attisdropped: false,
    attislocal: column.isLocal ?? true,
    attinhcount: column.inheritCount ?? 0,
    attcollation: column.collation,
    attstattarget: null,
    attacl: null,
    attoptions: null,
    attfdwoptions: null,
    attmissingval: null,
  };
}

/** Rows of the system columns, -1 to -6. */
function systemAttributeRows(relation: number): PgAttributeRow[] {
  const types = [
    [27, 6, false, 's'],
    [28, 4, true, 'i'],
    [29, 4, true, 'i'],
    [28, 4, true, 'i'],
    [29, 4, true, 'i'],
    [26, 4, true, 'i'],
  ] as const;
  return types.map(([type, length, byValue, align], index) => ({
    attrelid: relation,
    attname: systemColumns[index] as string,
    atttypid: type,
    attlen: length,
    attnum: -1 - index,
    attcacheoff: -1,
    atttypmod: -1,
    attndims: 0,
    attbyval: byValue,
    attalign: align,
    attstorage: 'p',
    attcompression: '',
    attnotnull: true,
    atthasdef: false,
    atthasmissing: false,
    attidentity: '',
    attgenerated: '',
    attisdropped: false,
    attislocal: true,
    attinhcount: 0,
    attcollation: 0,
    attstattarget: null,
    attacl: null,
    attoptions: null,
    attfdwoptions: null,
    attmissingval: null,
  }));
}

async function insertRowType(
  context: CommandContext,
  spec: RelationSpec,
  relation: number,
  oid: number,
): Promise<void> {
  await insertTypeWithArray(context, {
    oid,
    typname: spec.name,
    typnamespace: spec.schema,
    typowner: spec.owner,
    typtype: 'c',
    typcategory: 'C',
    typrelid: relation,
    ...recordFunctions,
  });
}

async function recordRelationDependencies(
  context: CommandContext,
  spec: RelationSpec,
  oid: number,
  acl: string | null,
): Promise<void> {
  if (spec.kind === 'c' || spec.kind === 'i') return;
  const address = objectAddress(ClassOid.class, oid);
  await recordDependency(context, address, schemaAddress(spec.schema), 'n');
  await recordOwner(context, ClassOid.class, oid, spec.owner);
  if (acl !== null) await recordAclDependencies(context, address, spec.owner, acl);
  if (spec.ofType) await recordDependency(context, address, objectAddress(ClassOid.type, spec.ofType), 'n');
  if (spec.accessMethod) await recordDependency(context, address, objectAddress(ClassOid.am, spec.accessMethod), 'n');
}
