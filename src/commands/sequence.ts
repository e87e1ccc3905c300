// CREATE SEQUENCE and ALTER SEQUENCE: options, the pg_sequence row, the shared state in the store, OWNED BY.
import type { AlterSeqStmt, CreateSeqStmt, DefElem, RangeVar } from '@pgsql/types';
import type { PgSequenceRow } from '../catalog/generated/rows.js';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { SequenceDefinition } from '../storage/api.js';
import type { CommandContext, CommandResult } from './api.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { formatType, resolveType } from './column-type.js';
import { forgetDependencies, recordDependency } from './depend.js';
import { lockRelationByName, relationTarget } from './namespace.js';
import { kindDetail } from './relation-kind.js';
import { noticeExists, requireRelationOwner, wrongKind } from './permissions.js';
import { createRelation, type ColumnSpec } from './relation-create.js';
import { conflictingOptions, defBoolean, defElems, defInt8, nodeAs, qualifiedName, stringList } from './tree.js';
import { sequenceCacheService } from './services.js';

/** CREATE SEQUENCE. */
export async function createSequenceStatement(
  statement: CreateSeqStmt,
  context: CommandContext,
): Promise<CommandResult> {
  await createSequence(context, {
    relation: statement.sequence ?? {},
    options: defElems(statement.options),
    ifNotExists: statement.if_not_exists === true,
    forIdentity: statement.for_identity === true,
    owner: context.userId,
  });
  return { kind: 'done', tag: 'CREATE SEQUENCE' };
}

export interface NewSequence {
  readonly relation: RangeVar;
  readonly options: readonly DefElem[];
  readonly ifNotExists: boolean;
  readonly forIdentity: boolean;
  readonly owner: number;
}

/** Creates a sequence; returns its oid, or 0 where IF NOT EXISTS found one. */
export async function createSequence(context: CommandContext, made: NewSequence): Promise<number> {
  const { tables } = context.catalog;
  const { namespace, persistence } = await relationTarget(context, made.relation);
  const name = made.relation.relname ?? '';
  if (made.ifNotExists && tables.findOne('pg_class', { relname: name, relnamespace: namespace.oid }) !== null) {
    noticeExists(context, 'relation', name);
    return 0;
  }
  const parsed = parseSequenceOptions(made.options, null, made.forIdentity, context);
  const oid = await createRelation(context, {
    name,
    schema: namespace.oid,
    kind: 'S',
    persistence,
    owner: made.owner,
    columns: sequenceColumns,
    options: null,
  });
  await tables.insert(context.transaction, 'pg_sequence', { seqrelid: oid, ...parsed.row });
  const relation = context.catalog.requireRelation(oid);
  context.store.sequences.create(context.transaction.store, relation.file, storeDefinition(parsed.row));
  if (parsed.lastValue !== null && parsed.lastValue !== parsed.row.seqstart) {
    context.store.sequences.set(relation.file, parsed.lastValue, parsed.isCalled);
  }
  if (parsed.ownedBy !== null) await setOwnedBy(context, relation, parsed.ownedBy, made.forIdentity);
  return oid;
}

const sequenceColumn = (name: string, type: number): ColumnSpec => ({
  name,
  type,
  typmod: -1,
  collation: 0,
  dimensions: 0,
  notNull: true,
  storage: 'p',
});
const sequenceColumns: readonly ColumnSpec[] = [
  sequenceColumn('last_value', TypeOid.int8),
  sequenceColumn('log_cnt', TypeOid.int8),
  sequenceColumn('is_called', TypeOid.bool),
];

/** ALTER SEQUENCE. */
export async function alterSequenceStatement(statement: AlterSeqStmt, context: CommandContext): Promise<CommandResult> {
  const done: CommandResult = { kind: 'done', tag: 'ALTER SEQUENCE' };
  const relation = await lockRelationByName(context, statement.sequence ?? {}, 'ShareRowExclusiveLock', {
    missingOk: statement.missing_ok === true,
  });
  if (relation === null) {
    const name = statement.sequence?.relname ?? '';
    context.notice({
      severity: 'NOTICE',
      code: SqlState.successfulCompletion,
      message: `relation "${name}" does not exist, skipping`,
      fields: {},
    });
    return done;
  }
  if (relation.kind !== 'S') throw wrongKind(`cannot open relation "${relation.name}"`, relation);
  requireRelationOwner(context, relation);
  await alterSequence(context, relation, defElems(statement.options), statement.for_identity === true);
  return done;
}

/** Changes a sequence's definition and state. */
export async function alterSequence(
  context: CommandContext,
  relation: RelationDescriptor,
  options: readonly DefElem[],
  forIdentity: boolean,
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_sequence', { seqrelid: relation.oid });
  if (entry === null) throw new Error('invariant broken: sequence without a pg_sequence row');
  const state = context.store.sequences.read(relation.file);
  const parsed = parseSequenceOptions(
    options,
    { row: entry.row, lastValue: state.lastValue, isCalled: state.isCalled },
    forIdentity,
    context,
  );
  await tables.update(context.transaction, 'pg_sequence', entry, parsed.row);
  if (parsed.lastValue !== null && (parsed.lastValue !== state.lastValue || parsed.isCalled !== state.isCalled)) {
    await restartSequence(context, relation, storeDefinition(parsed.row), {
      value: parsed.lastValue,
      isCalled: parsed.isCalled,
    });
  }
  context.session.service(sequenceCacheService).forget(relation.oid);
  if (parsed.ownedBy !== null) await setOwnedBy(context, relation, parsed.ownedBy, forIdentity);
}

/** Gives the sequence a new file, so that its new state rolls back with the transaction. */
export async function restartSequence(
  context: CommandContext,
  relation: RelationDescriptor,
  definition: SequenceDefinition,
  state: { readonly value: bigint; readonly isCalled: boolean },
): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_class', { oid: relation.oid });
  if (entry === null) throw new Error('invariant broken: sequence without a pg_class row');
  const filenode = context.store.nextOid();
  await tables.update(context.transaction, 'pg_class', entry, { relfilenode: filenode });
  const file = { ...relation.file, filenode };
  context.store.sequences.create(context.transaction.store, file, { ...definition, start: state.value });
  if (state.isCalled) context.store.sequences.set(file, state.value, true);
  context.store.dropFile(context.transaction.store, relation.file);
}

/** A pg_sequence row as the store wants it. */
export function storeDefinition(row: Omit<PgSequenceRow, 'seqrelid'>): SequenceDefinition {
  return {
    start: row.seqstart,
    increment: row.seqincrement,
    min: row.seqmin,
    max: row.seqmax,
    cache: row.seqcache,
    cycle: row.seqcycle,
  };
}

interface ParsedSequence {
  readonly row: Omit<PgSequenceRow, 'seqrelid'>;
  /** State to set; null keeps it. */
  readonly lastValue: bigint | null;
  readonly isCalled: boolean;
  readonly ownedBy: readonly string[] | null;
}
interface OldSequence {
  readonly row: PgSequenceRow;
  readonly lastValue: bigint;
  readonly isCalled: boolean;
}

const ranges: Readonly<Record<number, readonly [bigint, bigint]>> = {
  [TypeOid.int2]: [-32768n, 32767n],
  [TypeOid.int4]: [-2147483648n, 2147483647n],
  [TypeOid.int8]: [-9223372036854775808n, 9223372036854775807n],
};

type OptionMap = ReadonlyMap<string, DefElem>;

/** Reads CREATE/ALTER SEQUENCE options over the old definition, with PostgreSQL's checks and messages. */
function parseSequenceOptions(
  options: readonly DefElem[],
  old: OldSequence | null,
  forIdentity: boolean,
  context: CommandContext,
): ParsedSequence {
  const given = collectOptions(options);
  const type = sequenceType(given, forIdentity, context) ?? old?.row.seqtypid ?? TypeOid.int8;
  const increment = given.has('increment') ? defInt8(given.get('increment') as DefElem) : (old?.row.seqincrement ?? 1n);
  if (increment === 0n) throw pgError(SqlState.invalidParameterValue, 'INCREMENT must not be zero');
  const { min, max } = sequenceBounds(given, old, { type, increment, context });
  const start = sequenceStart(given, old, { increment, min, max });
  const cache = given.has('cache') ? defInt8(given.get('cache') as DefElem) : (old?.row.seqcache ?? 1n);
  if (cache <= 0n) throw pgError(SqlState.invalidParameterValue, `CACHE (${cache}) must be greater than zero`);
  const cycle = given.has('cycle') ? defBoolean(given.get('cycle') as DefElem) : (old?.row.seqcycle ?? false);
  const row = {
    seqtypid: type,
    seqstart: start,
    seqincrement: increment,
    seqmax: max,
    seqmin: min,
    seqcache: cache,
    seqcycle: cycle,
  };
  const state = sequenceState(given, old, { start, min, max });
  const ownedBy = given.get('owned_by');
  return { row, ...state, ownedBy: ownedBy === undefined ? null : stringList(ownedBy.arg) };
}

function collectOptions(options: readonly DefElem[]): OptionMap {
  const given = new Map<string, DefElem>();
  for (const def of options) {
    const name = def.defname ?? '';
    if (name === 'sequence_name') {
      throw pgError(SqlState.syntaxError, 'invalid sequence option SEQUENCE NAME', { location: def.location ?? 0 });
    }
    if (given.has(name)) conflictingOptions(def);
    given.set(name, def);
  }
  return given;
}

function sequenceType(given: OptionMap, forIdentity: boolean, context: CommandContext): number | null {
  const arg = given.get('as')?.arg;
  const typeName = nodeAs(arg, 'TypeName');
  if (typeName === null) return null;
  const { type } = resolveType(context, typeName, true);
  if (ranges[type] === undefined) {
    throw pgError(
      SqlState.invalidParameterValue,
      forIdentity
        ? 'identity column type must be smallint, integer, or bigint'
        : 'sequence type must be smallint, integer, or bigint',
    );
  }
  return type;
}

function sequenceBounds(
  given: OptionMap,
  old: OldSequence | null,
  basis: { readonly type: number; readonly increment: bigint; readonly context: CommandContext },
): { readonly min: bigint; readonly max: bigint } {
  const [lowest, highest] = ranges[basis.type] as readonly [bigint, bigint];
  // A changed type moves limits that were the old type's own.
  const oldRange = old ? (ranges[old.row.seqtypid] as readonly [bigint, bigint]) : null;
  const typeChanged = old !== null && old.row.seqtypid !== basis.type;
  const resetMax = typeChanged && old.row.seqmax === oldRange?.[1];
  const resetMin = typeChanged && old.row.seqmin === oldRange?.[0];
  const maxGiven = given.get('maxvalue');
  const minGiven = given.get('minvalue');
  const max =
    maxGiven?.arg !== undefined
      ? defInt8(maxGiven)
      : old === null || maxGiven !== undefined || resetMax
        ? basis.increment > 0n || resetMax
          ? highest
          : -1n
        : old.row.seqmax;
  const min =
    minGiven?.arg !== undefined
      ? defInt8(minGiven)
      : old === null || minGiven !== undefined || resetMin
        ? basis.increment < 0n || resetMin
          ? lowest
          : 1n
        : old.row.seqmin;
  const typeText = formatType(basis.context, basis.type);
  if (max > highest || max < lowest) {
    throw pgError(
      SqlState.invalidParameterValue,
      `MAXVALUE (${max}) is out of range for sequence data type ${typeText}`,
    );
  }
  if (min > highest || min < lowest) {
    throw pgError(
      SqlState.invalidParameterValue,
      `MINVALUE (${min}) is out of range for sequence data type ${typeText}`,
    );
  }
  if (min >= max)
    throw pgError(SqlState.invalidParameterValue, `MINVALUE (${min}) must be less than MAXVALUE (${max})`);
  return { min, max };
}

interface Bounds {
  readonly min: bigint;
  readonly max: bigint;
}

function sequenceStart(
  given: OptionMap,
  old: OldSequence | null,
  basis: Bounds & { readonly increment: bigint },
): bigint {
  const def = given.get('start');
  const start = def ? defInt8(def) : (old?.row.seqstart ?? (basis.increment > 0n ? basis.min : basis.max));
  if (start < basis.min) {
    throw pgError(SqlState.invalidParameterValue, `START value (${start}) cannot be less than MINVALUE (${basis.min})`);
  }
  if (start > basis.max) {
    throw pgError(
      SqlState.invalidParameterValue,
      `START value (${start}) cannot be greater than MAXVALUE (${basis.max})`,
    );
  }
  return start;
}

function sequenceState(
  given: OptionMap,
  old: OldSequence | null,
  basis: Bounds & { readonly start: bigint },
): { readonly lastValue: bigint | null; readonly isCalled: boolean } {
  const restart = given.get('restart');
  let state: { lastValue: bigint | null; isCalled: boolean };
  if (restart !== undefined)
    state = { lastValue: restart.arg === undefined ? basis.start : defInt8(restart), isCalled: false };
  else if (old === null) state = { lastValue: basis.start, isCalled: false };
  else state = { lastValue: old.lastValue, isCalled: old.isCalled };
  const value = state.lastValue as bigint;
  if (value < basis.min) {
    throw pgError(
      SqlState.invalidParameterValue,
      `RESTART value (${value}) cannot be less than MINVALUE (${basis.min})`,
    );
  }
  if (value > basis.max) {
    throw pgError(
      SqlState.invalidParameterValue,
      `RESTART value (${value}) cannot be greater than MAXVALUE (${basis.max})`,
    );
  }
  return state;
}

/** OWNED BY table.column or NONE. */
export async function setOwnedBy(
  context: CommandContext,
  sequence: RelationDescriptor,
  parts: readonly string[],
  forIdentity: boolean,
): Promise<void> {
  const address = objectAddress(ClassOid.class, sequence.oid);
  const type = forIdentity ? 'i' : 'a';
  if (parts.length === 1) {
    if (parts[0] !== 'none') {
      throw pgError(SqlState.syntaxError, 'invalid OWNED BY option', {
        hint: 'Specify OWNED BY table.column or OWNED BY NONE.',
      });
    }
    if (!forIdentity) await requireNotIdentity(context, sequence);
    await forgetOwner(context, sequence.oid, type);
    return;
  }
  const name = qualifiedName(parts.slice(0, -1));
  const table = await lockRelationByName(
    context,
    { relname: name.name, ...(name.schema === null ? {} : { schemaname: name.schema }) },
    'AccessShareLock',
  );
  if (table === null) return;
  if (!'rfvp'.includes(table.kind)) {
    throw pgError(SqlState.wrongObjectType, `sequence cannot be owned by relation "${table.name}"`, {
      detail: kindDetail(table.kind),
    });
  }
  if (table.owner !== sequence.owner) {
    throw pgError(SqlState.objectNotInPrerequisiteState, 'sequence must have same owner as table it is linked to');
  }
  if (table.schema !== sequence.schema) {
    throw pgError(SqlState.objectNotInPrerequisiteState, 'sequence must be in same schema as table it is linked to');
  }
  const columnName = parts.at(-1) as string;
  const column = table.attributes.find((attribute) => attribute.name === columnName && !attribute.isDropped);
  if (column === undefined) {
    throw pgError(SqlState.undefinedColumn, `column "${columnName}" of relation "${table.name}" does not exist`);
  }
  if (!forIdentity) await requireNotIdentity(context, sequence);
  await forgetOwner(context, sequence.oid, type);
  await recordDependency(context, address, objectAddress(ClassOid.class, table.oid, column.number), type);
}

async function requireNotIdentity(context: CommandContext, sequence: RelationDescriptor): Promise<void> {
  const owner = ownerColumn(context, sequence.oid, 'i');
  if (owner === null) return;
  const table = context.catalog.requireRelation(owner.relation);
  throw pgError(SqlState.featureNotSupported, 'cannot change ownership of identity sequence', {
    detail: `Sequence "${sequence.name}" is linked to table "${table.name}".`,
  });
}

async function forgetOwner(context: CommandContext, sequence: number, type: 'a' | 'i'): Promise<void> {
  await forgetDependencies(context, objectAddress(ClassOid.class, sequence), { classId: ClassOid.class, type });
}

/** Table and column that own a sequence (a: serial, i: identity); null where none does. */
export function ownerColumn(
  context: CommandContext,
  sequence: number,
  type: 'a' | 'i',
): { readonly relation: number; readonly column: number } | null {
  for (const { row } of context.catalog.tables.find('pg_depend', { classid: ClassOid.class, objid: sequence })) {
    if (row.refclassid === ClassOid.class && row.deptype === type && row.refobjsubid !== 0) {
      return { relation: row.refobjid, column: row.refobjsubid };
    }
  }
  return null;
}

/** Sequences owned by a table's column; 0 stands for all columns. */
export function ownedSequences(
  context: CommandContext,
  table: number,
  column: number,
  types: readonly ('a' | 'i')[] = ['a', 'i'],
): number[] {
  const key = { refclassid: ClassOid.class, refobjid: table };
  return context.catalog.tables
    .find('pg_depend', key)
    .filter(({ row }) => row.classid === ClassOid.class && row.objsubid === 0 && row.refobjsubid !== 0)
    .filter(
      ({ row }) => (column === 0 || row.refobjsubid === column) && (types as readonly string[]).includes(row.deptype),
    )
    .filter(({ row }) => context.catalog.tables.findOne('pg_class', { oid: row.objid })?.row.relkind === 'S')
    .map(({ row }) => row.objid);
}

/** The identity sequence of a column; throws where there is none. */
export function identitySequence(context: CommandContext, table: number, column: number): number {
  const found = ownedSequences(context, table, column, ['i'])[0];
  if (found === undefined) throw pgError(SqlState.objectNotInPrerequisiteState, 'no owned sequence found');
  return found;
}
