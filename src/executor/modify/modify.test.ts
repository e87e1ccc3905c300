// Writing tables through hand-made plans: ON CONFLICT, foreign keys and their actions, concurrent changes. Messages are
// those of PostgreSQL 17.
import { test } from 'tap';
import type { ConstraintDescriptor, RelationDescriptor, TriggerDescriptor } from '../../catalog/descriptors.js';
import { type Expression, innerVar } from '../../trees/expression.js';
import type { Plan, PlanOnConflict } from '../../trees/plan.js';
import {
  type Bench,
  bench,
  common,
  constant,
  createPeople,
  entry,
  int4,
  modify,
  op,
  peopleBench,
  replaceRelation,
  run,
  seqScan,
  target,
  targets,
  text,
  values,
  variable,
  withLayout,
} from '../test-bench.js';

const ctid = variable(1, -1, 27);

function onConflict(
  action: 'nothing' | 'update',
  set: readonly Expression[],
  where: Expression | null = null,
): PlanOnConflict {
  return {
    action,
    arbiterIndexes: [],
    set: targets(...set),
    setColumns: set.length === 0 ? [] : [2],
    where,
    excludedRtIndex: innerVar,
  };
}

function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => null,
    (error: unknown) => error,
  );
}

test('ON CONFLICT skips or updates the row that is there', async (t) => {
  const { b, table } = await peopleBench();
  const clash = values([3, 'Eve'], [5, 'Zoe']);
  await run(b, modify('insert', clash, { onConflict: onConflict('nothing', []) }), table);
  t.same(await run(b, seqScan(), table), [
    [1, 'Ada'],
    [2, null],
    [3, 'Bob'],
    [4, 'Ada'],
    [5, 'Zoe'],
  ]);
  const update = onConflict(
    'update',
    [variable(innerVar, 2, text)],
    op(b, '=', variable(1, 2, text), constant(text, 'Bob')),
  );
  await run(b, modify('insert', values([3, 'Max'], [4, 'Ina'], [6, 'Kim']), { onConflict: update }), table);
  t.same(await run(b, seqScan(), table), [
    [1, 'Ada'],
    [2, null],
    [3, 'Max'],
    [4, 'Ada'],
    [5, 'Zoe'],
    [6, 'Kim'],
  ]);
  const twice = onConflict('update', [variable(innerVar, 2, text)]);
  const error = await failure(run(b, modify('insert', values([9, 'a'], [9, 'b']), { onConflict: twice }), table));
  t.match(error, { code: '21000', message: 'ON CONFLICT DO UPDATE command cannot affect row a second time' });
  b.manager.rollback();
});

interface Family {
  readonly b: Bench;
  readonly parents: RelationDescriptor;
  readonly children: RelationDescriptor;
}

/** A foreign key's own trigger: its function and, in pg_trigger.tgtype's bits, its event. */
function foreignKeyTrigger(constraint: ConstraintDescriptor, fn: number, event: number): TriggerDescriptor {
  return {
    oid: constraint.oid + fn,
    name: `RI_ConstraintTrigger_${constraint.oid + fn}`,
    function: fn,
    type: 1 | event,
    enabled: 'O',
    isInternal: true,
    args: [],
    columns: [],
    when: null,
    constraint: constraint.oid,
    deferrable: constraint.deferrable,
    initiallyDeferred: constraint.initiallyDeferred,
    oldTable: null,
    newTable: null,
  };
}

/** children.name is replaced by an int4 column that references parents.id. */
async function family(onDelete: string, initiallyDeferred = false): Promise<Family> {
  const b = await bench();
  b.manager.begin({ isolation: 'read committed', readOnly: false, deferrable: false });
  const parents = { ...createPeople(), name: 'parents' };
  const base = createPeople();
  const [id, name] = base.attributes;
  const children = {
    ...base,
    name: 'children',
    attributes: [id, { ...name, name: 'parent', type: int4, collation: 0 }],
  } as RelationDescriptor;
  const constraint: ConstraintDescriptor = {
    oid: children.oid + 50_000,
    name: 'children_parent_fkey',
    schema: 2200,
    kind: 'f',
    relation: children.oid,
    domain: 0,
    index: parents.indexes[0]?.oid ?? 0,
    deferrable: initiallyDeferred,
    initiallyDeferred,
    validated: true,
    isLocal: true,
    noInherit: false,
    keys: [2],
    foreignRelation: parents.oid,
    foreignKeys: [1],
    onUpdate: 'a',
    onDelete,
    match: 's',
    deleteSetColumns: [],
    equalityOperators: [96],
    expression: null,
  };
  const complete = {
    parents: withLayout(b, {
      ...parents,
      referencedBy: [constraint],
      triggers: [foreignKeyTrigger(constraint, 1654, 8), foreignKeyTrigger(constraint, 1655, 16)],
    }),
    children: withLayout(b, {
      ...children,
      constraints: [constraint],
      triggers: [foreignKeyTrigger(constraint, 1644, 4), foreignKeyTrigger(constraint, 1645, 16)],
    }),
  };
  await run(b, modify('insert', values([1, 'Ada'], [2, 'Bob'])), [entry(complete.parents)]);
  return { b, ...complete };
}

function childRows(...rows: readonly (readonly [number, number | null])[]): Plan {
  const make = ([id, parent]: readonly [number, number | null]): Plan => ({
    ...common(targets(constant(int4, id), constant(int4, parent))),
    kind: 'Result',
    outer: null,
    constantQual: [],
  });
  return { ...common(targets(variable(-1, 1, int4), variable(-1, 2, int4))), kind: 'Append', children: rows.map(make) };
}

function deleteWhereId(b: Bench, id: number): Plan {
  return modify(
    'delete',
    seqScan([op(b, '=', variable(1, 1, int4), constant(int4, id))], [target(ctid, 1, 'ctid', true)]),
  );
}

const childScan = () => seqScan([], targets(variable(1, 1, int4), variable(1, 2, int4)));

test('foreign keys demand parents and act on their removal', async (t) => {
  const { b, parents, children } = await family('c');
  await run(b, modify('insert', childRows([10, 1], [11, 2], [12, null])), [entry(children)]);
  const orphan = await failure(run(b, modify('insert', childRows([13, 7])), [entry(children)]));
  t.match(orphan, {
    code: '23503',
    message: 'insert or update on table "children" violates foreign key constraint "children_parent_fkey"',
    fields: { detail: 'Key (parent)=(7) is not present in table "parents".', table: 'children' },
  });
  await run(b, deleteWhereId(b, 1), [entry(parents)]);
  t.same((await run(b, childScan(), [entry(children)])).slice(0, 2), [
    [11, 2],
    [12, null],
  ]);
  b.manager.rollback();
});

test('NO ACTION refuses to leave children behind, SET NULL changes them', async (t) => {
  const refusing = await family('a');
  await run(refusing.b, modify('insert', childRows([10, 1])), [entry(refusing.children)]);
  const error = await failure(run(refusing.b, deleteWhereId(refusing.b, 1), [entry(refusing.parents)]));
  t.match(error, {
    code: '23503',
    message:
      'update or delete on table "parents" violates foreign key constraint "children_parent_fkey" on table "children"',
    fields: { detail: 'Key (id)=(1) is still referenced from table "children".' },
  });
  refusing.b.manager.rollback();
  const setting = await family('n');
  await run(setting.b, modify('insert', childRows([10, 1], [11, 2])), [entry(setting.children)]);
  await run(setting.b, deleteWhereId(setting.b, 1), [entry(setting.parents)]);
  t.same(await run(setting.b, childScan(), [entry(setting.children)]), [
    [10, null],
    [11, 2],
  ]);
  setting.b.manager.rollback();
});

test('deferred foreign keys wait for the commit', async (t) => {
  const { b, children } = await family('a', true);
  await run(b, modify('insert', childRows([10, 7])), [entry(children)]);
  const error = await failure(Promise.resolve(b.manager.commit({ synchronous: false })));
  t.match(error, { code: '23503', fields: { detail: 'Key (parent)=(7) is not present in table "parents".' } });
});

test('an update waits for the row and re-evaluates its conditions', async (t) => {
  const { b: first, people, table } = await peopleBench();
  await first.manager.commit({ synchronous: false });
  const second = await bench();
  replaceRelation(people);
  const rename = (b: Bench, from: string, to: string) =>
    modify(
      'update',
      seqScan(
        [op(b, '=', variable(1, 2, text), constant(text, from))],
        [target(constant(text, to), 1, 'name'), target(ctid, 2, 'ctid', true)],
      ),
      {
        updateColumns: [2],
        returningList: targets(variable(1, 1, int4)),
      },
    );
  t.same(await run(first, rename(first, 'Bob', 'Rob'), table), [[3]]);
  const waiting = run(second, rename(second, 'Bob', 'Bill'), table);
  await new Promise((resolve) => setTimeout(resolve, 20));
  await first.manager.commit({ synchronous: false });
  t.same(await waiting, [], 'the row is no Bob any more');
  second.manager.rollback();
  t.same(await run(first, rename(first, 'Rob', 'Ron'), table), [[3]]);
  second.manager.begin({ isolation: 'repeatable read', readOnly: false, deferrable: false });
  const serial = failure(run(second, rename(second, 'Rob', 'Rex'), table));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await first.manager.commit({ synchronous: false });
  t.match(await serial, { code: '40001', message: 'could not serialize access due to concurrent update' });
  second.manager.rollback();
});
