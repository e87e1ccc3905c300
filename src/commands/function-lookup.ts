// Functions, procedures, aggregates and operators by name and argument types, as DROP, COMMENT, ALTER and GRANT write them.
import type { FunctionParameter, Node, ObjectType, ObjectWithArgs, TypeName } from '@pgsql/types';
import type { FunctionDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { CommandContext } from './api.js';
import { formatType, resolveType } from './column-type.js';
import { nodeAs, qualifiedName, stringList } from './tree.js';

type RoutineType = 'OBJECT_FUNCTION' | 'OBJECT_PROCEDURE' | 'OBJECT_ROUTINE' | 'OBJECT_AGGREGATE';

const nouns: Readonly<Record<RoutineType, string>> = {
  OBJECT_FUNCTION: 'function',
  OBJECT_PROCEDURE: 'procedure',
  OBJECT_ROUTINE: 'function',
  OBJECT_AGGREGATE: 'aggregate',
};

/** Oid of a routine; throws 42883 where there is none, 42725 where the name alone is ambiguous, 42809 for another kind. */
export function lookupFunction(
  context: CommandContext,
  object: ObjectWithArgs,
  objectType: ObjectType,
  options: { readonly aggregates: boolean } = { aggregates: false },
): number {
  const type = objectType as RoutineType;
  const parts = stringList(object.objname);
  const name = qualifiedName(parts);
  const candidates = context.catalog.functionsNamed(name.schema, name.name);
  const text = parts.join('.');
  if (object.args_unspecified) return byNameAlone(context, candidates, { text, type }).oid;
  const argTypes = (object.objargs ?? []).map((node) => argumentType(context, node));
  const inputs = candidates.find((candidate) => fits(candidate, type) && sameTypes(candidate.argTypes, argTypes));
  const found =
    inputs ??
    candidates.find((candidate) => sameTypes(candidate.argTypes, argTypes)) ??
    byAllArguments(context, candidates, object);
  if (found === undefined) {
    const signature = `${text}(${argTypes.map((oid) => formatType(context, oid)).join(', ')})`;
    if (type === 'OBJECT_AGGREGATE' && argTypes.length === 0) {
      throw pgError(SqlState.undefinedFunction, `aggregate ${text}(*) does not exist`);
    }
    throw pgError(SqlState.undefinedFunction, `${nouns[type]} ${signature} does not exist`);
  }
  if (!(options.aggregates && found.kind === 'a' && type === 'OBJECT_FUNCTION'))
    requireRoutineKind(context, found, type);
  return found.oid;
}

/** DROP FUNCTION f(int, OUT text): procedures and functions may be written with their output arguments too. */
function byAllArguments(
  context: CommandContext,
  candidates: readonly FunctionDescriptor[],
  object: ObjectWithArgs,
): FunctionDescriptor | undefined {
  if (!object.objfuncargs) return undefined;
  const parameters = object.objfuncargs.flatMap(
    (node) => nodeAs(node, 'FunctionParameter') ?? [],
  ) as FunctionParameter[];
  const all = parameters.map((parameter) => resolveType(context, parameter.argType).type);
  return candidates.find(
    (candidate) => candidate.kind === 'p' && candidate.allArgTypes !== null && sameTypes(candidate.allArgTypes, all),
  );
}

function argumentType(context: CommandContext, node: Node): number {
  const typeName = nodeAs(node, 'TypeName') as TypeName | null;
  return typeName === null ? 0 : resolveType(context, typeName).type;
}

function sameTypes(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((type, index) => type === right[index]);
}

function fits(candidate: FunctionDescriptor, type: RoutineType): boolean {
  if (type === 'OBJECT_ROUTINE') return true;
  if (type === 'OBJECT_AGGREGATE') return candidate.kind === 'a';
  if (type === 'OBJECT_PROCEDURE') return candidate.kind === 'p';
  return candidate.kind !== 'p';
}

function byNameAlone(
  context: CommandContext,
  candidates: readonly FunctionDescriptor[],
  wanted: { readonly text: string; readonly type: RoutineType },
): FunctionDescriptor {
  const matching = candidates.filter((candidate) => fits(candidate, wanted.type));
  const noun = nouns[wanted.type];
  if (matching.length > 1) {
    const kind = wanted.type === 'OBJECT_ROUTINE' ? 'routine' : noun;
    throw pgError(SqlState.ambiguousFunction, `${kind} name "${wanted.text}" is not unique`, {
      hint: `Specify the argument list to select the ${kind} unambiguously.`,
    });
  }
  const found = matching[0] ?? candidates[0];
  if (found === undefined) throw pgError(SqlState.undefinedFunction, `could not find a ${noun} named "${wanted.text}"`);
  requireRoutineKind(context, found, wanted.type);
  return found;
}

function requireRoutineKind(context: CommandContext, found: FunctionDescriptor, type: RoutineType): void {
  if (fits(found, type) && !(type === 'OBJECT_FUNCTION' && found.kind === 'a')) return;
  const signature = `${found.name}(${found.argTypes.map((oid) => formatType(context, oid)).join(', ')})`;
  const noun = nouns[type];
  const article = noun === 'aggregate' ? 'an' : 'a';
  if (type === 'OBJECT_AGGREGATE') throw pgError(SqlState.wrongObjectType, `function ${signature} is not an aggregate`);
  if (found.kind === 'a') {
    throw pgError(SqlState.wrongObjectType, `function ${signature} is an aggregate function`, {
      hint: 'Use DROP AGGREGATE to drop aggregate functions.',
    });
  }
  throw pgError(SqlState.wrongObjectType, `${signature} is not ${article} ${noun}`);
}

/** Oid of an operator; throws 42883. */
export function lookupOperator(context: CommandContext, object: ObjectWithArgs): number {
  const parts = stringList(object.objname);
  const name = qualifiedName(parts);
  const [left, right] = (object.objargs ?? []).map((node) => argumentType(context, node)) as [number, number];
  const kind = left === 0 ? 'l' : 'b';
  const found = context.catalog
    .operatorsNamed(name.schema, name.name, kind)
    .find((candidate) => candidate.left === left && candidate.right === right);
  if (found !== undefined) return found.oid;
  const text = parts.join('.');
  if (right === 0) {
    throw pgError(SqlState.undefinedFunction, `postfix operators are not supported`);
  }
  const operands =
    left === 0
      ? `${text} ${formatType(context, right)}`
      : `${formatType(context, left)} ${text} ${formatType(context, right)}`;
  throw pgError(SqlState.undefinedFunction, `operator does not exist: ${operands}`);
}
