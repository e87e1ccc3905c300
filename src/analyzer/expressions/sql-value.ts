// CURRENT_DATE, CURRENT_TIMESTAMP(n), CURRENT_USER and their kin.
import type { SQLValueFunction } from '@pgsql/types';
import { SqlState } from '../../errors/pg-error.js';
import type { Expression, SqlValueFunction as BoundFunction } from '../../trees/expression.js';
import type { ParseState } from '../parse-state.js';
import { typeOid } from '../type-oids.js';

const functions: Readonly<Record<string, readonly [op: BoundFunction['op'], type: number, name: string]>> = {
  SVFOP_CURRENT_DATE: ['current_date', typeOid.date, ''],
  SVFOP_CURRENT_TIME: ['current_time', typeOid.timetz, 'TIME'],
  SVFOP_CURRENT_TIME_N: ['current_time', typeOid.timetz, 'TIME'],
  SVFOP_CURRENT_TIMESTAMP: ['current_timestamp', typeOid.timestamptz, 'TIMESTAMP'],
  SVFOP_CURRENT_TIMESTAMP_N: ['current_timestamp', typeOid.timestamptz, 'TIMESTAMP'],
  SVFOP_LOCALTIME: ['localtime', typeOid.time, 'TIME'],
  SVFOP_LOCALTIME_N: ['localtime', typeOid.time, 'TIME'],
  SVFOP_LOCALTIMESTAMP: ['localtimestamp', typeOid.timestamp, 'TIMESTAMP'],
  SVFOP_LOCALTIMESTAMP_N: ['localtimestamp', typeOid.timestamp, 'TIMESTAMP'],
  SVFOP_CURRENT_ROLE: ['current_role', typeOid.name, ''],
  SVFOP_CURRENT_USER: ['current_user', typeOid.name, ''],
  SVFOP_USER: ['user', typeOid.name, ''],
  SVFOP_SESSION_USER: ['session_user', typeOid.name, ''],
  SVFOP_CURRENT_CATALOG: ['current_catalog', typeOid.name, ''],
  SVFOP_CURRENT_SCHEMA: ['current_schema', typeOid.name, ''],
};

/** Binds a parameterless SQL function; a precision above 6 is cut with a WARNING. */
export function analyzeSqlValue(state: ParseState, node: SQLValueFunction): Expression {
  const found = functions[node.op ?? ''];
  if (found === undefined) throw new Error(`invariant broken: unknown SQL value function ${node.op}`);
  const [op, type, name] = found;
  let typmod = node.typmod ?? 0;
  if (node.op?.endsWith('_N') !== true) typmod = -1;
  else if (typmod > 6) {
    const zone = op.startsWith('current') ? ' WITH TIME ZONE' : '';
    state.context.notice({
      severity: 'WARNING',
      code: SqlState.invalidParameterValue,
      message: `${name}(${typmod})${zone} precision reduced to maximum allowed, 6`,
      fields: {},
    });
    typmod = 6;
  }
  return { kind: 'SqlValueFunction', op, type, typmod, location: node.location ?? 0 };
}
