// TABLESAMPLE: its method, arguments and REPEATABLE seed.
import type { Node, RangeTableSample } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { stringsOf } from '../../trees/ast.js';
import { coerceToSpecific } from '../coercion/coerce.js';
import { analyzeExpr } from '../expressions/expression.js';
import { type NamespaceItem, type ParseState, withKind } from '../parse-state.js';
import { setTableSample } from '../range-table.js';
import { typeOid } from '../type-oids.js';
import type { FromItem } from './from-clause.js';

/** Binds a sampled table. Throws 42809 for what can't be sampled, 42704 for unknown methods, 2202H for argument counts. */
export function analyzeTableSample(
  state: ParseState,
  sample: RangeTableSample,
  bindItem: (state: ParseState, node: Node) => FromItem,
): NamespaceItem {
  if (sample.relation === undefined) throw new Error('invariant broken: TABLESAMPLE without a relation');
  const { item } = bindItem(state, sample.relation);
  const location = sample.location ?? 0;
  if (item.rte.kind !== 'relation' || !['r', 'm', 'p'].includes(item.rte.relkind)) {
    const at = 'RangeVar' in sample.relation ? (sample.relation.RangeVar.location ?? 0) : location;
    throw pgError(SqlState.wrongObjectType, 'TABLESAMPLE clause can only be applied to tables and materialized views', {
      location: at,
    });
  }
  const names = stringsOf(sample.method);
  const method = names[names.length - 1] ?? '';
  if (method !== 'system' && method !== 'bernoulli') {
    throw pgError(SqlState.undefinedObject, `tablesample method ${names.join('.')} does not exist`, { location });
  }
  const given = sample.args ?? [];
  if (given.length !== 1) {
    throw pgError(
      SqlState.invalidTablesampleArgument,
      `tablesample method ${names.join('.')} requires 1 argument, not ${given.length}`,
      {
        location,
      },
    );
  }
  const args = withKind(state, 'fromFunction', () =>
    given.map((arg) => coerceToSpecific(state, analyzeExpr(state, arg), typeOid.float4, 'TABLESAMPLE')),
  );
  const rawSeed = sample.repeatable;
  const repeatable =
    rawSeed === undefined
      ? null
      : withKind(state, 'fromFunction', () =>
          coerceToSpecific(state, analyzeExpr(state, rawSeed), typeOid.float8, 'REPEATABLE'),
        );
  setTableSample(state, item.rtIndex, { method, args, repeatable });
  return item;
}
