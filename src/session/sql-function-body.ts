// Bodies of SQL-language functions, bound: from prosqlbody where it was written as BEGIN ATOMIC or RETURN, else by
// parsing prosrc. Cached per function, argument types and catalog version.
import { analyze } from '../analyzer/analyze.js';
import type { AnalyzerContext } from '../analyzer/context.js';
import { coerceFunctionResult, type DeclaredResult } from '../analyzer/statements/function-result.js';
import type { Catalog } from '../catalog/api.js';
import type { FunctionDescriptor } from '../catalog/descriptors.js';
import { notSupported } from '../errors/pg-error.js';
import { parse } from '../parser/parse.js';
import { queryListFromJson } from '../trees/json.js';
import type { Expression } from '../trees/expression.js';
import type { Query } from '../trees/query.js';
import type { Session } from './session.js';

interface Bodies {
  readonly version: number;
  readonly byCall: Map<string, readonly Query[]>;
}

const cache = new WeakMap<Catalog, Bodies>();

/** The function's statements; null where it is not written in SQL. */
export function sqlFunctionBody(
  session: Session,
  functionOid: number,
  argTypes: readonly number[],
): readonly Query[] | null {
  const { catalog } = session;
  const descriptor = catalog.function(functionOid);
  if (descriptor?.language !== 'sql') return null;
  const version = catalog.version();
  let bodies = cache.get(catalog);
  if (!bodies || bodies.version !== version) {
    bodies = { version, byCall: new Map() };
    cache.set(catalog, bodies);
  }
  const key = `${functionOid}:${argTypes.join(',')}`;
  const known = bodies.byCall.get(key);
  if (known) return known;
  const body = bindBody(session, descriptor, argTypes);
  bodies.byCall.set(key, body);
  return body;
}

function bindBody(session: Session, descriptor: FunctionDescriptor, argTypes: readonly number[]): readonly Query[] {
  if (descriptor.sqlBody !== null) {
    const bodies = queryListFromJson(descriptor.sqlBody);
    const notice = (given: Parameters<Session['notice']>[0]) => session.notice(given);
    const context = { sourceText: '', parameterTypes: [...argTypes], variableParameters: false, notice };
    return fitted(bodies, descriptor, { catalog: session.catalog, ...context });
  }
  const sql = descriptor.source;
  const context = {
    catalog: session.catalog,
    sourceText: sql,
    parameterTypes: [...argTypes],
    variableParameters: false,
    notice: (notice: Parameters<Session['notice']>[0]) => session.notice(notice),
    resolveName: (names: readonly string[]) => argumentNamed(session.catalog, descriptor, argTypes, names),
  };
  const bodies = parse(sql).statements.map((raw) => {
    const bound = analyze(raw.statement, context);
    if (bound.kind !== 'query') throw notSupported('a command that is not a query in a SQL function');
    return bound.query;
  });
  return fitted(bodies, descriptor, context);
}

/** The last statement returns what the function declares. */
function fitted(bodies: readonly Query[], descriptor: FunctionDescriptor, context: AnalyzerContext): readonly Query[] {
  const last = bodies.at(-1);
  if (last === undefined || descriptor.kind === 'p') return bodies;
  if (last.commandType !== 'select' && last.returningList.length === 0) return bodies;
  const declared = { type: descriptor.returnType, outColumns: outColumnsOf(descriptor) };
  return [...bodies.slice(0, -1), coerceFunctionResult(last, declared, context)];
}

function outColumnsOf(descriptor: FunctionDescriptor): DeclaredResult['outColumns'] {
  const { argModes, allArgTypes } = descriptor;
  return (allArgTypes ?? []).flatMap((type, index) => {
    const mode = argModes?.[index];
    return mode === 'o' || mode === 'b' || mode === 't' ? [{ type, typmod: -1 }] : [];
  });
}

/** An argument by its name, or by function.name. */
function argumentNamed(
  catalog: Catalog,
  descriptor: FunctionDescriptor,
  argTypes: readonly number[],
  names: readonly string[],
): Expression | null {
  const [first, second] = names;
  const name = names.length === 2 && first === descriptor.name ? second : names.length === 1 ? first : undefined;
  if (name === undefined || !descriptor.argNames) return null;
  const inputs = descriptor.argModes
    ? descriptor.argNames.filter((_, index) => isInput(descriptor.argModes?.[index]))
    : descriptor.argNames;
  const index = inputs.indexOf(name);
  const type = argTypes[index];
  if (index < 0 || type === undefined) return null;
  return {
    kind: 'Param',
    paramKind: 'extern',
    id: index + 1,
    type,
    typmod: -1,
    collation: catalog.typeByOid(type).collation,
    location: -1,
  };
}

function isInput(mode: string | undefined): boolean {
  return mode === undefined || mode === 'i' || mode === 'b' || mode === 'v';
}
