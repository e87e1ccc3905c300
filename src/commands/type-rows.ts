// pg_type rows of the types that commands make: composite (row) types, enums, domains and the array type over each.
import type { PgTypeRow } from '../catalog/generated/rows.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import { identifierBytesMax } from '../base/limits.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress } from './classes.js';
import { recordDependency, recordOwner, schemaAddress } from './depend.js';
import { clipBytes } from './naming.js';
import { defaultAcl } from './default-acl.js';

/** What a new type's row says beside what all user types share. */
export type TypeRowValues = Pick<
  PgTypeRow,
  'oid' | 'typname' | 'typnamespace' | 'typowner' | 'typtype' | 'typcategory'
> &
  Partial<PgTypeRow>;

const pseudoDefaults = {
  typlen: -1,
  typbyval: false,
  typispreferred: false,
  typisdefined: true,
  typdelim: ',',
  typrelid: 0,
  typsubscript: 0,
  typelem: 0,
  typarray: 0,
  typmodin: 0,
  typmodout: 0,
  typanalyze: 0,
  typalign: 'd',
  typstorage: 'x',
  typnotnull: false,
  typbasetype: 0,
  typtypmod: -1,
  typndims: 0,
  typcollation: 0,
  typdefaultbin: null,
  typdefault: null,
  typacl: null,
} as const;

/** Input, output, receive and send functions by kind of type. */
export const recordFunctions = { typinput: 2290, typoutput: 2291, typreceive: 2402, typsend: 2403 } as const;
export const enumFunctions = { typinput: 3506, typoutput: 3507, typreceive: 3532, typsend: 3533 } as const;
const arrayFunctions = { typinput: 750, typoutput: 751, typreceive: 2400, typsend: 2401 } as const;
const arraySubscriptHandler = 6179;
const arrayTypanalyze = 3816;

/** Inserts a type and the array type over it. Row types and arrays are internal parts of what they belong to. */
export async function insertTypeWithArray(
  context: CommandContext,
  values: TypeRowValues & {
    readonly typinput: number;
    readonly typoutput: number;
    readonly typreceive: number;
    readonly typsend: number;
  },
): Promise<void> {
  const { tables } = context.catalog;
  const acl = values.typrelid ? null : defaultAcl(context, 'T', values.typowner, values.typnamespace);
  const arrayOid = tables.newOid('pg_type');
  const row: PgTypeRow = { ...pseudoDefaults, ...values, typarray: arrayOid, typacl: acl };
  await tables.insert(context.transaction, 'pg_type', row);
  await recordTypeDependencies(context, row);
  await insertArrayType(context, row, arrayOid);
}

async function insertArrayType(context: CommandContext, element: PgTypeRow, oid: number): Promise<void> {
  const { tables } = context.catalog;
  await tables.insert(context.transaction, 'pg_type', {
    ...pseudoDefaults,
    ...arrayFunctions,
    oid,
    typname: arrayTypeName(context, element.typname, element.typnamespace),
    typnamespace: element.typnamespace,
    typowner: element.typowner,
    typtype: 'b',
    typcategory: 'A',
    typdelim: element.typdelim,
    typsubscript: arraySubscriptHandler,
    typelem: element.oid,
    typmodin: element.typmodin,
    typmodout: element.typmodout,
    typanalyze: arrayTypanalyze,
    typalign: element.typalign === 'd' ? 'd' : 'i',
    typcollation: element.typcollation,
  });
  await recordDependency(context, objectAddress(ClassOid.type, oid), objectAddress(ClassOid.type, element.oid), 'i');
}

async function recordTypeDependencies(context: CommandContext, row: PgTypeRow): Promise<void> {
  const address = objectAddress(ClassOid.type, row.oid);
  if (row.typrelid !== 0) {
    // A composite type of its own owns its relation; a table owns its row type.
    const relation = objectAddress(ClassOid.class, row.typrelid);
    const isStandalone = context.catalog.tables.findOne('pg_class', { oid: row.typrelid })?.row.relkind === 'c';
    if (isStandalone) await recordDependency(context, relation, address, 'i');
    else await recordDependency(context, address, relation, 'i');
    if (!isStandalone) return;
  }
  await recordDependency(context, address, schemaAddress(row.typnamespace), 'n');
  await recordOwner(context, ClassOid.type, row.oid, row.typowner);
  if (row.typbasetype !== 0)
    await recordDependency(context, address, objectAddress(ClassOid.type, row.typbasetype), 'n');
  if (row.typcollation !== 0)
    await recordDependency(context, address, objectAddress(ClassOid.collation, row.typcollation), 'n');
}

/** `_name`, with more underscores until it is free. */
function arrayTypeName(context: CommandContext, name: string, schema: number): string {
  for (let pass = 0; ; pass++) {
    const prefix = '_';
    const suffix = pass === 0 ? '' : `_${pass}`;
    const candidate = prefix + clipBytes(name, identifierBytesMax - 1 - suffix.length) + suffix;
    if (context.catalog.tables.findOne('pg_type', { typname: candidate, typnamespace: schema }) === null)
      return candidate;
  }
}

/** Refuses a type name in use, or renames an automatic array type that has it. `forRelation` adds the hint. */
export async function requireFreeTypeName(
  context: CommandContext,
  name: string,
  schema: number,
  forRelation: boolean,
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_type', { typname: name, typnamespace: schema });
  if (entry === null) return;
  const { row } = entry;
  const isAutomaticArray =
    row.typelem !== 0 && tables.findOne('pg_type', { oid: row.typelem })?.row.typarray === row.oid;
  if (isAutomaticArray) {
    const element = tables.findOne('pg_type', { oid: row.typelem });
    const typname = arrayTypeName(context, element?.row.typname ?? name, schema);
    await tables.update(context.transaction, 'pg_type', entry, { typname });
    return;
  }
  throw pgError(
    SqlState.duplicateObject,
    `type "${name}" already exists`,
    forRelation
      ? {
          hint: "A relation has an associated type of the same name, so you must use a name that doesn't conflict with any existing type.",
        }
      : {},
  );
}

/** Renames a type, and its array type after it. */
export async function renameType(context: CommandContext, oid: number, name: string): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_type', { oid });
  if (entry === null) return;
  await requireFreeTypeName(context, name, entry.row.typnamespace, false);
  await tables.update(context.transaction, 'pg_type', entry, { typname: name });
  const array = entry.row.typarray === 0 ? null : tables.findOne('pg_type', { oid: entry.row.typarray });
  if (array !== null) {
    await tables.update(context.transaction, 'pg_type', array, {
      typname: arrayTypeName(context, name, entry.row.typnamespace),
    });
  }
}
