// Statements of the simple protocol by their text without literals: `... where id = 17` and `... = 18` share one analysis
// and one plan. A template is made when a skeleton comes for the second time, next to the statement itself, and only
// where it provably means the same (template.ts). Literals that are no parameters are part of what it is found by.
// Invariant: whatever a template can't answer exactly goes the parser's way, errors of literals included.
import { skeletonsMax } from '../../base/limits.js';
import type { ParsedStatement } from '../../parser/parse.js';
import { analyzeStatement, rewriteOne } from '../corridor.js';
import type { ParameterValue } from '../parameters.js';
import type { Session } from '../session.js';
import type { CachedStatement } from './cached-statement.js';
import { type Fingerprint, fingerprint } from './fingerprint.js';
import { type FoldCheck, foldCheck } from './fold-check.js';
import { type Slot, slotLiterals } from './literal-slots.js';
import { type PlanEnvironment, planEnvironment } from './plan-environment.js';
import { TemplateStatement, declaredTypeOf, parameterValues, standsFor, touchesOneRow } from './template.js';

export interface Template {
  readonly skeleton: string;
  readonly statement: TemplateStatement;
  readonly slots: readonly Slot[];
  readonly types: readonly number[];
  readonly check: FoldCheck;
  /** The literals that are not parameters, by index; undefined for those that are. */
  readonly fixed: readonly (string | undefined)[];
}

interface Skeleton {
  templates: readonly Template[];
  /** No statement of this form can be a template. */
  isRefused: boolean;
}

/** Different fixed literals for which a skeleton keeps templates. */
const templatesMax = 4;

const skeletons = new Map<string, Skeleton>();

/** A statement that needs no parser. */
export interface Found {
  readonly statement: CachedStatement;
  readonly parameters: readonly ParameterValue[];
  /** What it was found by, where that was not the whole text. */
  readonly template: Template | null;
}

/** What is known of a text before it is parsed. */
export interface Sighting {
  readonly found: Found | null;
  /** Makes a template of the statement once it has run; null where that is no use. */
  readonly learn: ((raw: ParsedStatement, bound: unknown) => void) | null;
}

const unknown: Sighting = { found: null, learn: null };

/** Looks for a template of the text. */
export function sightStatement(session: Session, sql: string): Sighting {
  if (!session.settings.bool('standard_conforming_strings')) return unknown;
  const print = fingerprint(sql);
  const environment = print === null ? null : planEnvironment(session);
  if (print === null || environment === null) return unknown;
  const key = `${environment.name} ${print.skeleton}`;
  const skeleton = skeletons.get(key);
  if (skeleton === undefined) {
    remember(key, { templates: [], isRefused: false });
    return unknown;
  }
  remember(key, skeleton);
  if (skeleton.isRefused) return unknown;
  const template = skeleton.templates.find(({ fixed }) => fixesSame(fixed, print));
  if (template?.statement.isCurrent(session)) {
    const parameters = parameterValues(session, template.types, template.slots, print.literals);
    if (parameters === null || !template.check.passes(session, parameters)) return unknown;
    template.statement.refresh(session);
    return { found: { statement: template.statement, parameters, template }, learn: null };
  }
  const learn = (raw: ParsedStatement, bound: unknown) =>
    learnTemplate(session, { sql, print, raw, bound, environment, skeleton });
  return { found: null, learn };
}

function remember(key: string, skeleton: Skeleton): void {
  skeletons.delete(key);
  skeletons.set(key, skeleton);
  if (skeletons.size <= skeletonsMax) return;
  const oldest = skeletons.keys().next();
  if (!oldest.done) skeletons.delete(oldest.value);
}

function fixesSame(fixed: readonly (string | undefined)[], print: Fingerprint): boolean {
  return fixed.every((text, index) => text === undefined || text === print.literals[index]?.text);
}

interface Lesson {
  readonly sql: string;
  readonly print: Fingerprint;
  readonly raw: ParsedStatement;
  readonly bound: unknown;
  readonly environment: PlanEnvironment;
  readonly skeleton: Skeleton;
}

function learnTemplate(session: Session, lesson: Lesson): void {
  const { sql, print, skeleton } = lesson;
  // The tree's places are bytes: with other characters they aren't the scan's.
  if (!isAscii.test(sql)) return;
  const current = skeleton.templates.filter(({ statement }) => statement.isCurrent(session));
  skeleton.templates = current;
  const template = makeTemplate(session, lesson);
  if (template === null) skeleton.isRefused = current.length === 0;
  else if (!current.some(({ fixed }) => fixesSame(fixed, print)))
    skeleton.templates = [template, ...current].slice(0, templatesMax);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: all of ASCII is meant.
const isAscii = /^[\x00-\x7f]*$/;

/** Null where the statement is none, or can't be shown to be one. */
function makeTemplate(session: Session, { sql, print, raw, bound, environment }: Lesson): Template | null {
  const slotted = slotLiterals(raw.statement, print.literals);
  if (slotted === null) return null;
  const declaredTypes = slotted.slots.map(({ literal }) => {
    const found = print.literals[literal];
    return found === undefined ? 0 : declaredTypeOf[found.kind];
  });
  const options = { name: '', sourceText: sql, queryString: sql, fromSql: false, preparedAt: 0n };
  try {
    const { parameterTypes, bound: template } = analyzeStatement(session, slotted.statement, sql, declaredTypes);
    const values = parameterValues(session, parameterTypes, slotted.slots, print.literals);
    const isSame =
      values !== null &&
      standsFor(
        template,
        bound,
        values.map(({ value }) => value),
      );
    if (!isSame || template.kind !== 'query') return null;
    const isOneRow = touchesOneRow(session.catalog, rewriteOne(session, template.query));
    const statement = new TemplateStatement(
      { ...options, raw: { ...raw, statement: slotted.statement }, declaredTypes: parameterTypes },
      environment,
      isOneRow,
    );
    const check = foldCheck(environment.catalog, statement.rewritten(session));
    if (check === null) return null;
    const parameters = new Set(slotted.slots.map(({ literal }) => literal));
    const fixed = print.literals.map(({ text }, index) => (parameters.has(index) ? undefined : text));
    return { skeleton: print.skeleton, statement, slots: slotted.slots, types: parameterTypes, check, fixed };
  } catch {
    return null;
  }
}
