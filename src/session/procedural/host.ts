// The session as PL/pgSQL sees it.
import { resolveTypeName } from '../../analyzer/type-names.js';
import { timeSliceMs } from '../../base/limits.js';
import { withContext } from '../../errors/context.js';
import { PgError, pgError, SqlState } from '../../errors/pg-error.js';
import { parse, stackDepthExceeded } from '../../parser/parse.js';
import type { Host } from '../../procedural/host.js';
import { sqlBoundary, sqlTitle } from '../../procedural/run/boundary.js';
import type { FunctionFrame } from '../../procedural/run/frame.js';
import type { TypeUse } from '../../procedural/tree.js';
import type { Session } from '../session.js';
import { cursorOf, openCursor } from './cursors.js';
import type { FrameContext } from './frame-context.js';
import { prepareDynamic } from './dynamic-sql.js';
import { prepareSql } from './prepared-sql.js';
import { parseSqlText, placed } from './sql-source.js';

export function createHost(session: Session): Host {
  const { context } = session.procedural;
  const clock = { now: 0 };
  return {
    catalog: session.catalog,
    get io() {
      return session.catalog.io;
    },
    setting: (name) => session.settings.find(name),
    notice: (notice) => session.notice(notice),
    clock,
    charge: (frame, bytes) => ((frame as FunctionFrame).hostState as FrameContext).charge(bytes),
    checkInterrupts: () => session.checkInterrupts(),
    yieldToEventLoop() {
      const wait = session.timeSlice.yieldIfOver(timeSliceMs);
      if (wait !== undefined) clock.now += 1;
      return wait;
    },
    checkSyntax: (sql) => void parseSqlText(sql),
    resolveType: (text) => resolveType(session, text),
    prepare: (sql, names, frame) => prepareSql(session, sql, names, frame as FunctionFrame),
    prepareDynamic: (text, types, frame) => prepareDynamic(session, text, types, frame as FunctionFrame),
    castTypes: (from, fromTypmod, to, toTypmod) => session.procedural.casts.find(from, fromTypmod, to, toTypmod),
    beginSubtransaction: () => beginSubtransaction(session, clock),
    inSubtransaction: () => session.procedural.subtransactions > 0,
    async endTransaction(commit, chain) {
      if (commit) await session.procedural.holdLoops();
      else await session.procedural.holdLoops();
      await session.transactions.endWithin(commit, chain);
      clock.now += 1;
    },
    openCursor: (request, source) => openCursor(session, request, source),
    cursor: (name) => cursorOf(session, session.requireCursor(name)),
    hasCursor: (name) => session.portals.has(name),
    async closeCursor(name) {
      await session.closePortal(name);
    },
    within(sql, action) {
      const pop = context.push({ line: () => sqlTitle(sql) });
      const end = (): void => {
        clock.now += 1;
        pop();
      };
      const fail = (error: unknown): never => {
        end();
        throw sqlBoundary(error, sql);
      };
      try {
        const result = action();
        if (result instanceof Promise) {
          return result.then((value) => {
            end();
            return value;
          }, fail);
        }
        end();
        return result;
      } catch (error) {
        return fail(error);
      }
    },
    extraCheck: extraChecks(session),
    pushContext: (line) => context.push(line),
    context: () => context.text(),
    outerContext: () => context.outerText(),
    asError,
  };
}

/** The settings' lists, read again when a setting changes. */
function extraChecks(session: Session): Host['extraCheck'] {
  let generation = -1;
  let errors: readonly string[] = [];
  let warnings: readonly string[] = [];
  const read = (name: string): readonly string[] =>
    (session.settings.find(name) ?? '').split(',').map((item) => item.trim().toLowerCase());
  const has = (list: readonly string[], check: string): boolean => list.includes(check) || list.includes('all');
  return (check) => {
    if (generation !== session.settings.generation) {
      generation = session.settings.generation;
      errors = read('plpgsql.extra_errors');
      warnings = read('plpgsql.extra_warnings');
    }
    return has(errors, check) ? 'error' : has(warnings, check) ? 'warning' : null;
  };
}

function asError(thrown: unknown): PgError | null {
  if (thrown instanceof PgError) return thrown.severity === 'ERROR' ? thrown : null;
  if (thrown instanceof RangeError && /call stack/i.test(thrown.message)) return stackDepthExceeded();
  return null;
}

function beginSubtransaction(session: Session, clock: { now: number }) {
  const { transactions, procedural } = session;
  const depth = transactions.beginSubtransaction();
  procedural.subtransactions += 1;
  return {
    release() {
      procedural.subtransactions -= 1;
      transactions.releaseSubtransaction(depth);
    },
    rollback() {
      procedural.subtransactions -= 1;
      transactions.rollbackSubtransaction(depth);
      clock.now += 1;
    },
  };
}

/** A type's name as a declaration writes it. Throws 42601, 42704 with the position in the text. */
function resolveType(session: Session, text: string): TypeUse {
  const prefix = 'SELECT CAST(NULL AS ';
  const parsedText = `${prefix}${text})`;
  const sql = { text, use: 'statement', sourceAt: 0 } as const;
  try {
    return placed(sql, parsedText, () => {
      const node = parse(parsedText).statements[0]?.statement;
      const target = node !== undefined && 'SelectStmt' in node ? node.SelectStmt.targetList?.[0] : undefined;
      const value = target !== undefined && 'ResTarget' in target ? target.ResTarget.val : undefined;
      const name = value !== undefined && 'TypeCast' in value ? value.TypeCast.typeName : undefined;
      if (name === undefined) throw pgError(SqlState.syntaxError, `invalid type name "${text}"`);
      const context = {
        catalog: session.catalog,
        sourceText: parsedText,
        parameterTypes: [],
        variableParameters: false,
        notice: () => {},
      };
      const { type, typmod } = resolveTypeName(context, name);
      return { oid: type, typmod, collation: session.catalog.typeByOid(type).collation };
    });
  } catch (error) {
    if (error instanceof PgError && error.code === SqlState.syntaxError)
      withContext(error, `invalid type name "${text}"`);
    if (error instanceof PgError && error.fields.position !== undefined) {
      error.fields = { ...error.fields, position: Math.max(error.fields.position - prefix.length, 1) };
    }
    throw error;
  }
}
