// Functions written in PL/pgSQL, as the executor and commands call them: the catalog row and the call's types become
// what the procedural room runs, under the function's user and settings.
import type { Awaitable } from '../../base/awaitable.js';
import type { FunctionDescriptor } from '../../catalog/descriptors.js';
import { notSupported, pgError, SqlState } from '../../errors/pg-error.js';
import { withContext } from '../../errors/context.js';
import type { ExecutionContext } from '../../executor/api.js';
import { type FunctionCallSite, functionSettings, type ProcedureRunner } from '../../executor/services.js';
import type { FunctionToCall } from '../../procedural/functions.js';
import { statisticsService } from '../../functions/server-services.js';
import type { Column } from '../../procedural/host.js';
import type { CallSetting } from '../../procedural/run/frame.js';
import type { Session } from '../session.js';
import { FrameContext } from './frame-context.js';
import { resolvePolymorphic } from './polymorphic.js';
import { runInline } from './inline.js';
import { callTrigger } from './trigger.js';
import { validate } from './validate.js';

const recordType = 2249;
const triggerTypes: readonly number[] = [2279, 3838];

export function procedureRunnerOf(session: Session): ProcedureRunner {
  const calls = new WeakMap<FunctionCallSite, FunctionToCall>();
  const resolve = (site: FunctionCallSite): FunctionToCall => {
    let fn = calls.get(site);
    if (fn === undefined) {
      fn = functionOf(session, site);
      calls.set(site, fn);
    }
    return fn;
  };
  return {
    call(site, args, context) {
      const fn = resolve(site);
      const { descriptor } = site;
      const setting = settingOf(session, descriptor, context);
      return surrounded(session, descriptor, () => session.procedural.functions.call(fn, args, setting));
    },
    async rows(site, args, context) {
      const fn = resolve(site);
      const { descriptor } = site;
      const setting = settingOf(session, descriptor, context);
      const { functions } = session.procedural;
      const rows = await surrounded(session, descriptor, () => functions.rows(fn, args, setting));
      return held(rows, setting.hostState as FrameContext);
    },
    async procedure(site, args, context, isAtomic) {
      const fn = resolve(site);
      const { descriptor } = site;
      // A procedure under another user or settings can't end the transaction: what it must put back would be gone.
      const isPlain = !descriptor.securityDefiner && descriptor.config.length === 0;
      const setting = { ...settingOf(session, descriptor, context), isAtomic: isAtomic || !isPlain };
      return surrounded(session, descriptor, () => session.procedural.functions.call(fn, args, setting));
    },
    async inline(source, language, isAtomic) {
      if (language !== 'plpgsql') throw notSupported(`DO in language "${language}"`);
      await runInline(session, source, isAtomic);
    },
    validate: (fn, checksBody) => validate(session, fn, checksBody),
    trigger(call, context) {
      requirePlpgsql(call.function);
      return surrounded(session, call.function, () => callTrigger(session, call, context));
    },
  };
}

/** The rows of a call, which counts what it holds until they were read. */
function* held(rows: readonly unknown[], context: FrameContext): Iterable<unknown> {
  try {
    yield* rows;
  } finally {
    context.close();
  }
}

/** Runs a function's call, counted by track_functions, as its owner where it is SECURITY DEFINER, under its own settings. */
export function surrounded<T>(
  session: Session,
  descriptor: FunctionDescriptor,
  action: () => Awaitable<T>,
): Awaitable<T> {
  const counted = session.service(statisticsService).functionCalled(descriptor.oid, 'pl');
  const result = asOwner(session, descriptor, action);
  if (counted === null) return result;
  const succeeded = (value: T): T => {
    counted();
    return value;
  };
  return result instanceof Promise ? result.then(succeeded) : succeeded(result);
}

function asOwner<T>(session: Session, descriptor: FunctionDescriptor, action: () => Awaitable<T>): Awaitable<T> {
  if (!descriptor.securityDefiner && descriptor.config.length === 0) return action();
  const ends: (() => void)[] = [];
  if (descriptor.config.length > 0) ends.push(session.service(functionSettings).enter(descriptor.config));
  if (descriptor.securityDefiner) ends.push(session.users.enter(descriptor.owner));
  const end = (): void => {
    for (const each of ends.reverse()) each();
  };
  let result: Awaitable<T>;
  try {
    result = action();
  } catch (error) {
    end();
    throw error;
  }
  if (result instanceof Promise) return result.finally(end);
  end();
  return result;
}

function settingOf(session: Session, descriptor: FunctionDescriptor, context: ExecutionContext): CallSetting {
  const isReadOnly = descriptor.volatility !== 'v';
  return {
    isReadOnly,
    isAtomic: true,
    hostState: new FrameContext(session, isReadOnly ? context.view : null, []),
  };
}

function requirePlpgsql({ language }: FunctionDescriptor): void {
  if (language !== 'plpgsql') throw notSupported(`calling functions in language "${language}"`);
}

/** A function as it is called at a place: polymorphic types are those of the call. */
export function functionOf(session: Session, site: FunctionCallSite): FunctionToCall {
  const { descriptor } = site;
  requirePlpgsql(descriptor);
  if (triggerTypes.includes(descriptor.returnType)) {
    throw withContext(
      pgError(SqlState.featureNotSupported, 'trigger functions can only be called as triggers'),
      `compilation of PL/pgSQL function "${descriptor.name}" near line 1`,
    );
  }
  const resolved = resolvePolymorphic(session.catalog, descriptor, site.argTypes, site.resultType);
  const outputs = resolved.args.filter(({ mode }) => mode === 'o' || mode === 'b' || mode === 't');
  const columns = columnsOf(session, resolved.returnType, outputs, site.columns ?? null);
  return {
    name: descriptor.name,
    source: descriptor.source,
    args: resolved.args,
    returnType: resolved.returnType,
    returnsSet: descriptor.returnsSet,
    kind: descriptor.kind === 'p' ? 'procedure' : 'function',
    collation: site.collation,
    oid: descriptor.oid,
    key: keyOf(descriptor, resolved.args, site),
    title: session.catalog.io.names.toText('regprocedure', descriptor.oid),
    isRow: isRowType(session, resolved.returnType),
    columns,
  };
}

/** Whatever a compiled form depends on. */
function keyOf(descriptor: FunctionDescriptor, args: FunctionToCall['args'], site: FunctionCallSite): string {
  const shown = args.map(({ type, mode, name }) => `${mode}${type} ${name}`).join();
  const { oid, returnType, returnsSet, source } = descriptor;
  return `${oid} ${site.collation} ${returnType} ${site.resultType} ${returnsSet} (${shown}) ${source}`;
}

export function isRowType(session: Session, type: number): boolean {
  const base = session.catalog.typeByOid(session.catalog.baseType(type));
  return base.kind === 'c' || base.oid === recordType;
}

function columnsOf(
  session: Session,
  type: number,
  outputs: FunctionToCall['args'],
  definition: readonly Column[] | null,
): readonly Column[] | null {
  if (type === recordType && outputs.length > 0)
    return outputs.map(({ name, type: oid }, index) => ({
      name: name === '' ? `column${index + 1}` : name,
      type: oid,
      typmod: -1,
    }));
  if (type === recordType) return definition;
  const base = session.catalog.typeByOid(session.catalog.baseType(type));
  return base.kind === 'c' ? base.attributes : null;
}
