// Trigger functions: NEW, OLD and TG_* as their variables, what they return as the row to go on with.
import { withContext } from '../../errors/context.js';
import type { ExecutionContext } from '../../executor/api.js';
import type { TriggerCall } from '../../executor/services.js';
import type { FunctionDescriptor, RelationDescriptor, TriggerDescriptor } from '../../catalog/descriptors.js';
import type { FunctionToCall } from '../../procedural/functions.js';
import { shapeOf } from '../../procedural/run/assign.js';
import type { FunctionFrame } from '../../procedural/run/frame.js';
import { requireSameColumns } from '../../procedural/run/returns.js';
import { PgArray, PgRecord, type Row, type Value } from '../../types/value.js';
import type { Session } from '../session.js';
import { FrameContext } from './frame-context.js';

const triggerType = 2279;

/** Runs a trigger's function. Throws 2F005 where it ends without RETURN, 42804 where it returns another row type. */
export async function callTrigger(session: Session, call: TriggerCall, context: ExecutionContext): Promise<Row | null> {
  const { functions } = session.procedural;
  const isReadOnly = call.function.volatility !== 'v';
  const frame = functions.frame(functionOf(session, call), [], {
    isReadOnly,
    isAtomic: true,
    hostState: new FrameContext(session, isReadOnly ? context.view : null, call.transitionTables),
  });
  const newRecord = recordOf(session, call.relation, call.newRow);
  const oldRecord = recordOf(session, call.relation, call.oldRow);
  const { parsed } = frame.fn;
  if (call.level === 'row') {
    const empty = new PgRecord(call.relation.rowType, [], session.catalog.typeByOid(call.relation.rowType).attributes);
    frame.nullShapes = new Map([
      [parsed.newVariable, empty],
      [parsed.oldVariable, empty],
    ]);
  }
  frame.values[parsed.newVariable] = newRecord;
  frame.values[parsed.oldVariable] = oldRecord;
  for (const [name, value] of triggerVariables(call)) {
    const variable = parsed.triggerVariables.get(name);
    if (variable !== undefined) frame.values[variable] = value;
  }
  await functions.run(frame);
  if (call.level === 'statement' || frame.result === null) return null;
  if (frame.result === newRecord) return call.newRow;
  if (frame.result === oldRecord) return call.oldRow;
  frame.phase = 'during function exit';
  frame.phaseLine = 0;
  try {
    return rowOf(session, frame, call.relation, frame.result as PgRecord);
  } catch (error) {
    throw withContext(error, frame.line());
  }
}

/** By trigger: its function as it is called for each row. */
const known = new WeakMap<TriggerDescriptor, { readonly fn: FunctionDescriptor; readonly toCall: NamelessFunction }>();
type NamelessFunction = Omit<FunctionToCall, 'title'>;

function functionOf(session: Session, call: TriggerCall): FunctionToCall {
  const fn = call.function;
  let entry = known.get(call.trigger);
  if (entry?.fn !== fn) {
    entry = { fn, toCall: describe(call) };
    known.set(call.trigger, entry);
  }
  return {
    ...entry.toCall,
    // Asked for when it is compiled.
    get title() {
      return session.catalog.io.names.toText('regprocedure', fn.oid);
    },
  };
}

function describe({ function: fn, relation, trigger }: TriggerCall): NamelessFunction {
  return {
    name: fn.name,
    source: fn.source,
    args: fn.argTypes.map((type, index) => ({ type, mode: 'i', name: fn.argNames?.[index] ?? '' })),
    returnType: triggerType,
    returnsSet: false,
    kind: 'trigger',
    collation: 0,
    // Expressions over NEW and OLD are bound for the relation's columns.
    key: `${fn.oid} trigger ${relation.oid} ${trigger.oid} ${fn.source}`,
    oid: fn.oid,
    isRow: true,
    columns: null,
  };
}

/** A row of the relation as a record of its live columns. */
function recordOf(session: Session, relation: RelationDescriptor, row: Row | null): PgRecord | null {
  if (row === null) return null;
  const { attributes } = session.catalog.typeByOid(relation.rowType);
  const values = attributes.map(({ number }) => row[number - 1] ?? null);
  return new PgRecord(relation.rowType, values, attributes);
}

function rowOf(session: Session, frame: FunctionFrame, relation: RelationDescriptor, record: PgRecord): Row {
  const { attributes } = session.catalog.typeByOid(relation.rowType);
  if (record.type !== relation.rowType) {
    const message = 'returned row structure does not match the structure of the triggering table';
    requireSameColumns(frame, shapeOf(frame, record), attributes, message);
  }
  const row = new Array<Value>(relation.attributes.length).fill(null);
  attributes.forEach(({ number }, index) => {
    row[number - 1] = record.values[index] ?? null;
  });
  return row;
}

const times = { before: 'BEFORE', after: 'AFTER', instead: 'INSTEAD OF' } as const;

function triggerVariables(call: TriggerCall): readonly (readonly [string, Value])[] {
  const { trigger, relation } = call;
  const args = trigger.args;
  return [
    ['tg_name', trigger.name],
    ['tg_when', times[call.when]],
    ['tg_level', call.level.toUpperCase()],
    ['tg_op', call.operation.toUpperCase()],
    ['tg_relid', relation.oid],
    ['tg_relname', relation.name],
    ['tg_table_name', relation.name],
    ['tg_table_schema', relation.schemaName],
    ['tg_nargs', args.length],
    // PostgreSQL counts them from 0.
    ['tg_argv', args.length === 0 ? null : new PgArray(25, [args.length], [0], args)],
  ];
}
