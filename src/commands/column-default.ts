// Defaults and generation expressions of columns: binding, storing in pg_attrdef, removing.
import type { Node } from '@pgsql/types';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Expression } from '../trees/expression.js';
import { treeToJson } from '../trees/json.js';
import type { CommandContext } from './api.js';
import { ClassOid, objectAddress, TypeOid } from './classes.js';
import { forgetAnnotations, forgetDependencies, recordDependency } from './depend.js';
import { recordExpressionDependencies } from './expression-dependencies.js';
import { staysMutable } from './volatility.js';

interface DefaultTarget {
  readonly relation: number;
  readonly number: number;
}

/** Binds a default or generation expression for a column that already has its row. */
export function bindDefault(context: CommandContext, target: DefaultTarget, raw: Node, generated: boolean): Expression {
  const row = context.catalog.tables.findOne('pg_attribute', { attrelid: target.relation, attnum: target.number })?.row;
  if (row === undefined) throw new Error('invariant broken: default for a column that is not there');
  const expression = context.corridor.analyzeExpression(
    raw,
    {
      use: generated ? 'generatedColumn' : 'columnDefault',
      relation: target.relation,
      target: { type: row.atttypid, typmod: row.atttypmod, collation: row.attcollation, columnName: row.attname },
    },
    context.sourceText,
  );
  if (generated && staysMutable(context, context.catalog.requireRelation(target.relation), expression))
    throw pgError(SqlState.invalidObjectDefinition, 'generation expression is not immutable');
  return expression;
}

/** True for a plain NULL: PostgreSQL keeps no default for it. */
export function isNullConst(expression: Expression): boolean {
  return expression.kind === 'Const' && expression.value === null;
}

/** Stores a bound default (or generation expression) in place of any old one. */
export async function storeDefault(
  context: CommandContext,
  target: DefaultTarget,
  expression: Expression,
  options: { readonly generated: boolean },
): Promise<void> {
  const { tables } = context.catalog;
  await removeDefault(context, target);
  const oid = tables.newOid('pg_attrdef');
  await tables.insert(context.transaction, 'pg_attrdef', {
    oid,
    adrelid: target.relation,
    adnum: target.number,
    adbin: treeToJson(expression),
  });
  const column = objectAddress(ClassOid.class, target.relation, target.number);
  const address = objectAddress(ClassOid.attrdef, oid);
  await recordDependency(context, address, column, options.generated ? 'i' : 'a');
  await recordExpressionDependencies(context, address, expression, {
    relation: target.relation,
    type: 'n',
    selfType: 'n',
  });
  await setHasDefault(context, target, true);
}

/** Removes a column's default, if there is one; true where there was. */
export async function removeDefault(context: CommandContext, target: DefaultTarget): Promise<boolean> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_attrdef', { adrelid: target.relation, adnum: target.number });
  if (entry === null) return false;
  await tables.delete(context.transaction, 'pg_attrdef', entry);
  const address = objectAddress(ClassOid.attrdef, entry.row.oid);
  await forgetDependencies(context, address);
  await forgetAnnotations(context, address);
  await setHasDefault(context, target, false);
  return true;
}

async function setHasDefault(context: CommandContext, target: DefaultTarget, atthasdef: boolean): Promise<void> {
  const { tables } = context.catalog;
  const entry = tables.findOne('pg_attribute', { attrelid: target.relation, attnum: target.number });
  if (entry !== null && entry.row.atthasdef !== atthasdef) {
    await tables.update(context.transaction, 'pg_attribute', entry, { atthasdef });
  }
}

const nextvalFunction = 1574;

/** nextval('sequence'::regclass), cast to the column's type where it isn't bigint: a serial column's default. */
export function nextvalExpression(context: CommandContext, sequence: number, type: number): Expression {
  const call: Expression = {
    kind: 'FuncExpr',
    function: nextvalFunction,
    type: TypeOid.int8,
    returnsSet: false,
    variadic: false,
    form: 'explicitCall',
    collation: 0,
    inputCollation: 0,
    args: [{ kind: 'Const', type: 2205, typmod: -1, collation: 0, value: sequence, location: -1 }],
    location: -1,
  };
  if (type === TypeOid.int8) return call;
  const cast = context.catalog.cast(TypeOid.int8, type);
  if (cast === null) throw new Error('invariant broken: serial column of a type that bigint has no cast to');
  return {
    kind: 'FuncExpr',
    function: cast.function,
    type,
    returnsSet: false,
    variadic: false,
    form: 'implicitCast',
    collation: 0,
    inputCollation: 0,
    args: [call],
    location: -1,
  };
}
