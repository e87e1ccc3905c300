// WITH RECURSIVE: which items refer to which, the order to bind them in, and the rules for recursive references. Works on
// the raw trees, before anything is bound.
import type { CommonTableExpr, Node, SelectStmt } from '@pgsql/types';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { nodeTag } from '../../trees/ast.js';

/** Order of binding (indexes into `items`) and the items that refer to themselves. Throws 42P19, 0A000. */
export function orderRecursive(items: readonly CommonTableExpr[]): {
  readonly order: number[];
  readonly recursive: ReadonlySet<CommonTableExpr>;
} {
  const names = items.map((item) => item.ctename ?? '');
  const uses = items.map((item) => referencedNames(item.ctequery, new Set(names)));
  const recursive = new Set(items.filter((item, index) => uses[index]?.has(names[index] ?? '') === true));
  const order = sortByDependency(items, names, uses);
  for (const index of order) {
    const item = items[index];
    if (item !== undefined && recursive.has(item)) checkRecursion(item);
  }
  return { order, recursive };
}

function sortByDependency(
  items: readonly CommonTableExpr[],
  names: readonly string[],
  uses: readonly Set<string>[],
): number[] {
  const order: number[] = [];
  const left = items.map((_, index) => index);
  while (left.length > 0) {
    const ready = left.findIndex((index) =>
      left.every((other) => other === index || uses[index]?.has(names[other] ?? '') !== true),
    );
    const index = left[ready];
    if (index === undefined) {
      const first = items[left[0] ?? 0];
      throw pgError(SqlState.featureNotSupported, 'mutual recursion between WITH items is not implemented', {
        location: first?.location ?? 0,
      });
    }
    order.push(index);
    left.splice(ready, 1);
  }
  return order;
}

/** Which of the names a raw tree refers to as tables (inner WITH clauses hide names). */
function referencedNames(tree: unknown, wanted: ReadonlySet<string>): Set<string> {
  const found = new Set<string>();
  visitReferences(tree, [], (name) => {
    if (wanted.has(name)) found.add(name);
  });
  return found;
}

function visitReferences(
  tree: unknown,
  hidden: readonly string[],
  report: (name: string, location: number) => void,
): void {
  if (typeof tree !== 'object' || tree === null) return;
  if (Array.isArray(tree)) {
    for (const item of tree) visitReferences(item, hidden, report);
    return;
  }
  const fields = tree as Readonly<Record<string, unknown>>;
  const range = fields.RangeVar as { relname?: string; schemaname?: string; location?: number } | undefined;
  if (range !== undefined) {
    const name = range.relname ?? '';
    if (range.schemaname === undefined && !hidden.includes(name)) report(name, range.location ?? 0);
    return;
  }
  const inner = innerNames(fields);
  const nowHidden = inner.length === 0 ? hidden : [...hidden, ...inner];
  for (const key in fields) visitReferences(fields[key], nowHidden, report);
}

/** Names that a statement's own WITH defines (its body is one level down, under its tag). */
function innerNames(fields: Readonly<Record<string, unknown>>): string[] {
  const clause = fields.withClause as { ctes?: readonly { CommonTableExpr?: { ctename?: string } }[] } | undefined;
  return (clause?.ctes ?? []).map((item) => item.CommonTableExpr?.ctename ?? '');
}

type Context = 'none' | 'nonRecursiveTerm' | 'subquery' | 'outerJoin' | 'intersect' | 'except';

const contextTexts: Readonly<Record<Exclude<Context, 'none'>, string>> = {
  nonRecursiveTerm: 'within its non-recursive term',
  subquery: 'within a subquery',
  outerJoin: 'within an outer join',
  intersect: 'within INTERSECT',
  except: 'within EXCEPT',
};

function checkRecursion(item: CommonTableExpr): void {
  const name = item.ctename ?? '';
  const { ctequery } = item;
  const location = item.location ?? 0;
  const invalid = (message: string, at = location): Error =>
    pgError(SqlState.invalidRecursion, message, { location: at });
  if (ctequery !== undefined && nodeTag(ctequery) !== 'SelectStmt') {
    throw invalid(`recursive query "${name}" must not contain data-modifying statements`);
  }
  const select = ctequery !== undefined && 'SelectStmt' in ctequery ? ctequery.SelectStmt : {};
  if (select.op !== 'SETOP_UNION') {
    throw invalid(`recursive query "${name}" does not have the form non-recursive-term UNION [ALL] recursive-term`);
  }
  if (select.withClause !== undefined) {
    const self = (select.withClause.ctes ?? []).some((inner) => referencedNames(inner, new Set([name])).has(name));
    if (self) throw invalid(`recursive reference to query "${name}" must not appear within a subquery`);
  }
  const checker = new RecursionChecker(name);
  checker.query(select.larg ?? {}, 'nonRecursiveTerm');
  checker.query(select.rarg ?? {}, 'none');
  if (checker.count === 0) {
    throw invalid(`recursive query "${name}" does not have the form non-recursive-term UNION [ALL] recursive-term`);
  }
  const unsupported = (what: string, node: Node | undefined): void => {
    if (node !== undefined) {
      throw pgError(SqlState.featureNotSupported, `${what} in a recursive query is not implemented`, {
        location: firstLocation(node),
      });
    }
  };
  unsupported('ORDER BY', select.sortClause?.[0]);
  unsupported('OFFSET', select.limitOffset);
  unsupported('LIMIT', select.limitCount);
  unsupported('FOR UPDATE/SHARE', select.lockingClause?.[0]);
}

function firstLocation(node: unknown): number {
  if (typeof node !== 'object' || node === null) return -1;
  const fields = node as Readonly<Record<string, unknown>>;
  for (const key in fields) {
    const value = fields[key];
    if (key === 'location' && typeof value === 'number' && value >= 0) return value;
    const inner = firstLocation(value);
    if (inner >= 0) return inner;
  }
  return -1;
}

/** Follows a recursive term and knows in what context each reference to the query stands. */
class RecursionChecker {
  count = 0;

  constructor(readonly name: string) {}

  query(select: SelectStmt, context: Context): void {
    if (innerNames(select as never).includes(this.name)) return;
    for (const inner of select.withClause?.ctes ?? []) {
      const body = 'CommonTableExpr' in inner ? inner.CommonTableExpr.ctequery : undefined;
      if (body !== undefined && 'SelectStmt' in body) this.query(body.SelectStmt, context);
      else this.anything(body, context);
    }
    if (select.op !== undefined && select.op !== 'SETOP_NONE') {
      this.operation(select, context);
      return;
    }
    for (const item of select.fromClause ?? []) this.fromItem(item, context);
    const { fromClause: _from, withClause: _with, larg: _left, rarg: _right, ...rest } = select;
    this.anything(rest, context);
  }

  private operation(select: SelectStmt, context: Context): void {
    const left = select.larg ?? {};
    const right = select.rarg ?? {};
    if (select.op === 'SETOP_INTERSECT') {
      const inner = select.all === true && context === 'none' ? 'intersect' : context;
      this.query(left, inner);
      this.query(right, inner);
    } else if (select.op === 'SETOP_EXCEPT') {
      this.query(left, select.all === true && context === 'none' ? 'except' : context);
      this.query(right, context === 'none' ? 'except' : context);
    } else {
      this.query(left, context);
      this.query(right, context);
    }
    this.anything({ sort: select.sortClause, limit: select.limitCount, offset: select.limitOffset }, context);
  }

  private fromItem(node: Node, context: Context): void {
    if ('RangeVar' in node) {
      if (node.RangeVar.schemaname === undefined && node.RangeVar.relname === this.name) {
        this.reference(context, node.RangeVar.location ?? 0);
      }
      return;
    }
    if ('JoinExpr' in node) {
      const join = node.JoinExpr;
      const outer = (side: boolean): Context => (side && context === 'none' ? 'outerJoin' : context);
      const full = join.jointype === 'JOIN_FULL';
      if (join.larg !== undefined) this.fromItem(join.larg, outer(full || join.jointype === 'JOIN_RIGHT'));
      if (join.rarg !== undefined) this.fromItem(join.rarg, outer(full || join.jointype === 'JOIN_LEFT'));
      this.anything(join.quals, context);
      return;
    }
    if ('RangeSubselect' in node) {
      const inner = node.RangeSubselect.subquery;
      if (inner !== undefined && 'SelectStmt' in inner) this.query(inner.SelectStmt, context);
      return;
    }
    this.anything(node, context);
  }

  /** Expressions: whatever refers to the query there stands in a subquery. */
  private anything(tree: unknown, context: Context): void {
    visitReferences(tree, [], (name, location) => {
      if (name === this.name) this.reference(context === 'none' ? 'subquery' : context, location);
    });
  }

  private reference(context: Context, location: number): void {
    if (context !== 'none') {
      throw pgError(
        SqlState.invalidRecursion,
        `recursive reference to query "${this.name}" must not appear ${contextTexts[context]}`,
        { location },
      );
    }
    if (++this.count > 1) {
      throw pgError(
        SqlState.invalidRecursion,
        `recursive reference to query "${this.name}" must not appear more than once`,
        {
          location,
        },
      );
    }
  }
}
