// What CREATE TRIGGER refuses in WHEN conditions and in REFERENCING clauses.
import type { CreateTrigStmt } from '@pgsql/types';
import type { RelationDescriptor } from '../catalog/descriptors.js';
import { pgError, SqlState } from '../errors/pg-error.js';
import type { Expression, Var } from '../trees/expression.js';
import { someExpressionDeep } from '../trees/walk.js';
import type { CommandContext } from './api.js';
import { kindNoun } from './relation-kind.js';
import { nodeOf } from './tree.js';

/** Bits of a parse tree's `events` and `timing`. */
export const triggerBit = { before: 2, insert: 4, delete: 8, update: 16, truncate: 32, instead: 64 } as const;

/** A WHEN condition names only rows that the trigger's events have. OLD is range table entry 1, NEW is 2. Throws 42P17
 *  and 0A000. */
export function checkWhen(statement: CreateTrigStmt, relation: RelationDescriptor, qual: Expression): void {
  someExpressionDeep(qual, (node, level) => {
    if (node.kind !== 'Var' || node.levelsUp !== level) return false;
    checkVariable(statement, relation, node);
    return false;
  });
}

function checkVariable(statement: CreateTrigStmt, relation: RelationDescriptor, variable: Var): void {
  const events = statement.events ?? 0;
  const refuse = (message: string, detail?: string): Error =>
    pgError(SqlState.invalidObjectDefinition, message, { location: variable.location, detail });
  if (!statement.row) throw refuse("statement trigger's WHEN condition cannot reference column values");
  if (variable.varno === 1) {
    if (events & triggerBit.insert) throw refuse("INSERT trigger's WHEN condition cannot reference OLD values");
    return;
  }
  if (events & triggerBit.delete) throw refuse("DELETE trigger's WHEN condition cannot reference NEW values");
  if (((statement.timing ?? 0) & triggerBit.before) === 0) return;
  if (variable.attno < 0) {
    throw pgError(SqlState.featureNotSupported, "BEFORE trigger's WHEN condition cannot reference NEW system columns", {
      location: variable.location,
    });
  }
  const message = "BEFORE trigger's WHEN condition cannot reference NEW generated columns";
  if (variable.attno === 0 && relation.attributes.some(({ generated }) => generated !== ''))
    throw refuse(message, 'A whole-row reference is used and the table contains generated columns.');
  const column = relation.attributes[variable.attno - 1];
  if (column !== undefined && column.generated !== '')
    throw refuse(message, `Column "${column.name}" is a generated column.`);
}

export interface TransitionNames {
  readonly oldTable: string | null;
  readonly newTable: string | null;
}

/** The transition tables that REFERENCING names. Throws 0A000, 42P17 and 42809. */
export function transitionNames(
  context: CommandContext,
  statement: CreateTrigStmt,
  relation: RelationDescriptor,
): TransitionNames {
  let names: TransitionNames = { oldTable: null, newTable: null };
  for (const node of statement.transitionRels ?? []) {
    const transition = nodeOf(node, 'TriggerTransition');
    if (!transition.isTable) {
      throw pgError(SqlState.featureNotSupported, 'ROW variable naming in the REFERENCING clause is not supported', {
        hint: 'Use OLD TABLE or NEW TABLE for naming transition tables.',
      });
    }
    checkTransition(context, statement, relation);
    const isNew = transition.isNew === true;
    checkEvents(statement, isNew);
    if ((isNew ? names.newTable : names.oldTable) !== null) {
      const word = isNew ? 'NEW' : 'OLD';
      throw pgError(SqlState.invalidObjectDefinition, `${word} TABLE cannot be specified multiple times`);
    }
    names = isNew ? { ...names, newTable: transition.name ?? null } : { ...names, oldTable: transition.name ?? null };
  }
  if (names.oldTable !== null && names.oldTable === names.newTable) {
    throw pgError(SqlState.invalidObjectDefinition, 'OLD TABLE name and NEW TABLE name cannot be the same');
  }
  return names;
}

/** Whether the trigger may have transition tables at all. */
function checkTransition(context: CommandContext, statement: CreateTrigStmt, relation: RelationDescriptor): void {
  const unsupported = (message: string): Error => pgError(SqlState.featureNotSupported, message);
  if (relation.kind === 'v') {
    throw pgError(SqlState.wrongObjectType, `"${relation.name}" is a ${kindNoun(relation)}`, {
      detail: 'Triggers on views cannot have transition tables.',
    });
  }
  const isChild = context.catalog.tables.find('pg_inherits', { inhrelid: relation.oid }).length > 0;
  if (statement.row && isChild)
    throw unsupported('ROW triggers with transition tables are not supported on inheritance children');
  if ((statement.timing ?? 0) !== 0) {
    throw pgError(SqlState.invalidObjectDefinition, 'transition table name can only be specified for an AFTER trigger');
  }
  const events = statement.events ?? 0;
  if (events & triggerBit.truncate) throw unsupported('TRUNCATE triggers with transition tables are not supported');
  const rowEvents = [triggerBit.insert, triggerBit.update, triggerBit.delete].filter((event) => events & event);
  if (rowEvents.length > 1)
    throw unsupported('transition tables cannot be specified for triggers with more than one event');
  if (statement.columns?.length)
    throw unsupported('transition tables cannot be specified for triggers with column lists');
}

function checkEvents(statement: CreateTrigStmt, isNew: boolean): void {
  const events = statement.events ?? 0;
  if (events & triggerBit.update || events & (isNew ? triggerBit.insert : triggerBit.delete)) return;
  const message = isNew
    ? 'NEW TABLE can only be specified for an INSERT or UPDATE trigger'
    : 'OLD TABLE can only be specified for a DELETE or UPDATE trigger';
  throw pgError(SqlState.invalidObjectDefinition, message);
}
