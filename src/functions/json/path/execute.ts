// Runs a JSON path over a document (manual, section 9.16.2). Items flow along the path's chain, each accessor giving none,
// one or more for each; the last ones are collected, or where only their existence counts the first one ends the run.
// In lax mode arrays are unwrapped and single items wrapped where an accessor wants the other, and what is not there is
// no error. A fault that predicates and silent runs suppress is a PathFault; every other error goes through.
import type { PgError } from '../../../errors/pg-error.js';
import { pgError, SqlState } from '../../../errors/pg-error.js';
import { type Jsonb, type JsonbNode, JsonbObject } from '../../../types/jsonb.js';
import type { JsonPath, PathChain, PathNode, SubscriptRange } from '../../../types/jsonpath/path.js';
import { Numeric } from '../../../types/numeric.js';
import { negateNumeric, truncateNumeric } from '../../../types/numeric-math.js';
import type { CallInfo } from '../../call-info.js';
import { arithmetic } from './arithmetic.js';
import { PathDateTime } from './datetime.js';
import { ContainerOffsets } from './keyvalue-ids.js';
import { applyMethod, isMethod, type MethodNode } from './methods.js';
import { type ItemPredicate, compareItems, likeRegex, startsWith } from './predicates.js';

export type PathItem = JsonbNode | PathDateTime;

/** Where items are collected; null where only their existence counts. */
type Found = PathItem[] | null;

/** An error of the path language that a predicate makes unknown and a silent run leaves out. */
export class PathFault extends Error {
  constructor(readonly error: PgError) {
    super(error.message);
  }
}

export interface PathRun {
  readonly call: CallInfo;
  readonly variables: Jsonb | null;
  /** The *_tz functions: casts may use the session's time zone. */
  readonly mayUseZone: boolean;
}

/** What is true, false or (null) unknown. */
export type Truth = boolean | null;

interface Base {
  readonly root: JsonbNode;
  readonly id: number;
  offsets: ContainerOffsets | null;
}

const int32Max = 2147483647;
/** Ids of objects from other documents than the first are this much higher, document by document. */
const idStep = 10_000_000_000;

export class PathExecution {
  private readonly isLax: boolean;
  private ignoresStructure: boolean;
  /** The size of the array whose subscripts are evaluated; -1 outside. */
  private arraySize = -1;
  private current: PathItem;
  private base: Base;
  private generatedIds = 1;

  constructor(
    private readonly path: JsonPath,
    private readonly root: JsonbNode,
    private readonly run: PathRun,
  ) {
    this.isLax = path.isLax;
    this.ignoresStructure = path.isLax;
    this.current = root;
    this.base = { root, id: 0, offsets: null };
  }

  /** Collects all items into `found`, which keeps those before a PathFault. */
  collect(found: PathItem[]): void {
    this.item(this.path.chain, 0, this.root, found, this.isLax);
  }

  /** Whether there is an item. Strict paths are run to their end, since an error anywhere counts. */
  exists(): boolean {
    if (this.isLax) return this.item(this.path.chain, 0, this.root, null, true);
    const found: PathItem[] = [];
    this.collect(found);
    return found.length > 0;
  }

  /** Applies the node at `index` to an item and goes on; true where something was found. `unwraps`: an array that the
   *  node does not take is replaced by its elements. */
  private item(chain: PathChain, index: number, item: PathItem, found: Found, unwraps: boolean): boolean {
    const node = chain[index] as PathNode;
    switch (node.kind) {
      case 'root':
        return this.based(this.rootBase, () => this.next(chain, index, this.root, found));
      case 'current':
        return this.next(chain, index, this.current, found);
      case 'literal':
        return this.next(chain, index, node.value, found);
      case 'variable': {
        const value = this.variable(node.name);
        return this.based(
          () => this.newBase(value),
          () => this.next(chain, index, value, found),
        );
      }
      case 'last':
        return this.next(chain, index, Numeric.fromInteger(this.arraySize - 1), found);
      case 'key':
        return this.key(chain, index, node.name, item, found, unwraps);
      case 'anyKey':
        return this.anyKey(chain, index, item, found, unwraps);
      case 'anyElement':
        return this.anyElement(chain, index, item, found);
      case 'subscripts':
        return this.subscripts(chain, index, node.ranges, item, found);
      case 'any':
        return this.anyLevel(chain, index, node.from, node.to, item, found);
      case 'filter':
        if (unwraps && isArray(item)) return this.elements(chain, index, item, found, false);
        return this.nested(node.argument, item) === true && this.next(chain, index, item, found);
      case 'arithmetic':
        return this.operation(chain, index, item, found);
      case 'sign':
        return this.sign(chain, index, item, found);
      default:
        if (isMethod(node)) return this.method(chain, index, node, item, found, unwraps);
        return this.next(chain, index, this.truth(node, item), found);
    }
  }

  private next(chain: PathChain, index: number, item: PathItem, found: Found): boolean {
    if (index + 1 < chain.length) return this.item(chain, index + 1, item, found, this.isLax);
    found?.push(item);
    return true;
  }

  /** Applies the node (or, beyond the chain, nothing) to each element. */
  private elements(
    chain: PathChain,
    index: number,
    items: readonly PathItem[],
    found: Found,
    unwraps: boolean,
  ): boolean {
    let any = false;
    for (const element of items) {
      if (index < chain.length) any = this.item(chain, index, element, found, unwraps) || any;
      else {
        found?.push(element);
        any = true;
      }
      if (any && found === null) return true;
    }
    return any;
  }

  private key(chain: PathChain, index: number, name: string, item: PathItem, found: Found, unwraps: boolean): boolean {
    if (item instanceof JsonbObject) {
      const value = item.get(name);
      if (value !== undefined) return this.next(chain, index, value, found);
      return this.structureFault(SqlState.sqlJsonMemberNotFound, `JSON object does not contain key "${name}"`);
    }
    if (unwraps && isArray(item)) return this.elements(chain, index, item, found, false);
    return this.structureFault(
      SqlState.sqlJsonMemberNotFound,
      'jsonpath member accessor can only be applied to an object',
    );
  }

  private anyKey(chain: PathChain, index: number, item: PathItem, found: Found, unwraps: boolean): boolean {
    if (item instanceof JsonbObject) return this.elements(chain, index + 1, item.values, found, this.isLax);
    if (unwraps && isArray(item)) return this.elements(chain, index, item, found, false);
    return this.structureFault(
      SqlState.sqlJsonObjectNotFound,
      'jsonpath wildcard member accessor can only be applied to an object',
    );
  }

  private anyElement(chain: PathChain, index: number, item: PathItem, found: Found): boolean {
    if (isArray(item)) return this.elements(chain, index + 1, item, found, this.isLax);
    if (this.isLax) return this.next(chain, index, item, found);
    return this.structureFault(
      SqlState.sqlJsonArrayNotFound,
      'jsonpath wildcard array accessor can only be applied to an array',
    );
  }

  private subscripts(
    chain: PathChain,
    index: number,
    ranges: readonly SubscriptRange[],
    item: PathItem,
    found: Found,
  ): boolean {
    if (!isArray(item) && !this.isLax)
      return this.structureFault(
        SqlState.sqlJsonArrayNotFound,
        'jsonpath array accessor can only be applied to an array',
      );
    const elements: readonly PathItem[] = isArray(item) ? item : [item];
    const outer = this.arraySize;
    this.arraySize = elements.length;
    let any = false;
    try {
      for (const { from, to } of ranges) {
        const first = this.subscript(from, item);
        const last = to === null ? first : this.subscript(to, item);
        if (!this.ignoresStructure && (first < 0 || first > last || last >= elements.length))
          throw fault(SqlState.invalidSqlJsonSubscript, 'jsonpath array subscript is out of bounds');
        for (let at = Math.max(first, 0); at <= Math.min(last, elements.length - 1); at++) {
          any = this.next(chain, index, elements[at] as PathItem, found) || any;
          if (any && found === null) return true;
        }
      }
    } finally {
      this.arraySize = outer;
    }
    return any;
  }

  private subscript(chain: PathChain, item: PathItem): number {
    const found: PathItem[] = [];
    this.item(chain, 0, item, found, this.isLax);
    const [only] = found;
    if (found.length !== 1 || !(only instanceof Numeric))
      throw fault(SqlState.invalidSqlJsonSubscript, 'jsonpath array subscript is not a single numeric value');
    const value = only.isFinite ? truncateNumeric(only, 0).coefficient : 1n << 32n;
    if (value > int32Max || value < -int32Max - 1)
      throw fault(SqlState.invalidSqlJsonSubscript, 'jsonpath array subscript is out of integer range');
    return Number(value);
  }

  private anyLevel(
    chain: PathChain,
    index: number,
    from: number | null,
    to: number | null,
    item: PathItem,
    found: Found,
  ): boolean {
    const outer = this.ignoresStructure;
    this.ignoresStructure = true;
    try {
      const levels = { from: from ?? Number.POSITIVE_INFINITY, to: to ?? Number.POSITIVE_INFINITY };
      let any = false;
      if (from === 0) {
        any = this.next(chain, index, item, found);
        if (any && found === null) return true;
      }
      return this.descend(chain, index, levels, 1, item, found) || any;
    } finally {
      this.ignoresStructure = outer;
    }
  }

  /** The members and elements below an item, level by level; with both bounds `last` only those that hold no others. */
  private descend(
    chain: PathChain,
    index: number,
    levels: { readonly from: number; readonly to: number },
    level: number,
    item: PathItem,
    found: Found,
  ): boolean {
    if (level > levels.to) return false;
    const isLeaves = levels.from === Number.POSITIVE_INFINITY && levels.to === Number.POSITIVE_INFINITY;
    const inner = item instanceof JsonbObject ? item.values : isArray(item) ? item : [];
    let any = false;
    for (const value of inner) {
      const holdsOthers = value instanceof JsonbObject || isArray(value);
      if (level >= levels.from || (isLeaves && !holdsOthers)) {
        any = this.next(chain, index, value, found) || any;
        if (any && found === null) return true;
      }
      if (holdsOthers) any = this.descend(chain, index, levels, level + 1, value, found) || any;
      if (any && found === null) return true;
    }
    return any;
  }

  private operation(chain: PathChain, index: number, item: PathItem, found: Found): boolean {
    const node = chain[index];
    if (node?.kind !== 'arithmetic') return false;
    const operand = (side: 'left' | 'right'): Numeric => {
      const values = this.unwrapped(node[side], item);
      const [only] = values;
      if (values.length === 1 && only instanceof Numeric) return only;
      throw fault(
        SqlState.singletonSqlJsonItemRequired,
        `${side} operand of jsonpath operator ${node.operator} is not a single numeric value`,
      );
    };
    const [left, right] = [operand('left'), operand('right')];
    return this.next(
      chain,
      index,
      faulting(() => arithmetic[node.operator](left, right)),
      found,
    );
  }

  private sign(chain: PathChain, index: number, item: PathItem, found: Found): boolean {
    const node = chain[index];
    if (node?.kind !== 'sign') return false;
    let any = false;
    for (const value of this.unwrapped(node.argument, item)) {
      if (!(value instanceof Numeric)) {
        if (found === null && index + 1 === chain.length) continue;
        throw fault(
          SqlState.sqlJsonNumberNotFound,
          `operand of unary jsonpath operator ${node.operator} is not a numeric value`,
        );
      }
      any = this.next(chain, index, node.operator === '-' ? negateNumeric(value) : value, found) || any;
      if (any && found === null) return true;
    }
    return any;
  }

  private method(
    chain: PathChain,
    index: number,
    node: MethodNode,
    item: PathItem,
    found: Found,
    unwraps: boolean,
  ): boolean {
    const isWhole = node.kind === 'method' && (node.name === 'type' || node.name === 'size');
    if (unwraps && isArray(item) && !isWhole) return this.elements(chain, index, item, found, false);
    if (node.kind === 'method' && node.name === 'size' && !isArray(item) && !this.isLax)
      return this.structureFault(
        SqlState.sqlJsonArrayNotFound,
        'jsonpath item method .size() can only be applied to an array',
      );
    if (node.kind === 'method' && node.name === 'keyvalue') return this.keyvalue(chain, index, item, found);
    return this.next(chain, index, applyMethod(node, item, this.run), found);
  }

  private keyvalue(chain: PathChain, index: number, item: PathItem, found: Found): boolean {
    if (!(item instanceof JsonbObject))
      throw fault(SqlState.sqlJsonObjectNotFound, 'jsonpath item method .keyvalue() can only be applied to an object');
    this.base.offsets ??= new ContainerOffsets(this.base.root);
    const id = Numeric.fromBigInt(BigInt(this.base.offsets.of(item)) + BigInt(this.base.id) * BigInt(idStep));
    let any = false;
    for (const [at, key] of item.keys.entries()) {
      const pair = JsonbObject.from([
        ['key', key],
        ['value', item.values[at] as JsonbNode],
        ['id', id],
      ]);
      const base = { root: pair, id: this.generatedIds++, offsets: null };
      any =
        this.based(
          () => base,
          () => this.next(chain, index, pair, found),
        ) || any;
      if (any && found === null) return true;
    }
    return any;
  }

  private readonly rootBase = (): Base => ({ root: this.root, id: 0, offsets: null });

  private newBase(root: PathItem): Base {
    return { root: root instanceof PathDateTime ? null : root, id: 1, offsets: null };
  }

  private based(make: () => Base, run: () => boolean): boolean {
    const outer = this.base;
    this.base = make();
    try {
      return run();
    } finally {
      this.base = outer;
    }
  }

  private variable(name: string): JsonbNode {
    const variables = this.run.variables?.root;
    const value = variables instanceof JsonbObject ? variables.get(name) : undefined;
    if (value === undefined) throw pgError(SqlState.undefinedObject, `could not find jsonpath variable "${name}"`);
    return value;
  }

  /** The items of an expression; in lax mode arrays among them give their elements. */
  private unwrapped(chain: PathChain, item: PathItem): PathItem[] {
    const found: PathItem[] = [];
    this.item(chain, 0, item, found, this.isLax);
    return this.isLax ? found.flatMap((value): readonly PathItem[] => (isArray(value) ? value : [value])) : found;
  }

  /** A filter's predicate: its @ is the item. */
  private nested(chain: PathChain, item: PathItem): Truth {
    const outer = this.current;
    this.current = item;
    try {
      return this.truth(chain[0] as PathNode, item);
    } finally {
      this.current = outer;
    }
  }

  private truth(node: PathNode, item: PathItem): Truth {
    const of = (chain: PathChain) => this.truth(chain[0] as PathNode, item);
    switch (node.kind) {
      case 'and': {
        const left = of(node.left);
        if (left === false) return false;
        const right = of(node.right);
        return right === true ? left : right;
      }
      case 'or': {
        const left = of(node.left);
        if (left === true) return true;
        const right = of(node.right);
        return right === false ? left : right;
      }
      case 'not': {
        const value = of(node.argument);
        return value === null ? null : !value;
      }
      case 'isUnknown':
        return of(node.argument) === null;
      case 'exists':
        return unknownOnFault(() => this.existsIn(node.argument, item));
      case 'comparison':
        return this.predicate(node.left, node.right, item, (left, right) =>
          compareItems(node.operator, left, right, this.run),
        );
      case 'startsWith':
        return this.predicate(node.left, node.right, item, startsWith, false);
      case 'likeRegex':
        return this.predicate(node.argument, null, item, (value) => likeRegex(node, value));
      default:
        throw pgError(SqlState.internalError, `jsonpath item ${node.kind} is no predicate`);
    }
  }

  private existsIn(chain: PathChain, item: PathItem): boolean {
    if (this.isLax) return this.item(chain, 0, item, null, true);
    const found: PathItem[] = [];
    this.item(chain, 0, item, found, false);
    return found.length > 0;
  }

  /** True where it holds for a pair of items; in strict mode unknown where it is unknown for any. */
  private predicate(
    left: PathChain,
    right: PathChain | null,
    item: PathItem,
    holds: ItemPredicate,
    unwrapsRight = true,
  ): Truth {
    const lefts = unknownOnFault(() => this.unwrapped(left, item));
    const rights: readonly PathItem[] | null =
      right === null
        ? [null]
        : unknownOnFault(() => (unwrapsRight ? this.unwrapped(right, item) : this.all(right, item)));
    if (lefts === null || rights === null) return null;
    let [isFound, isUnknown] = [false, false];
    for (const one of lefts) {
      for (const other of rights) {
        const result = holds(one, other);
        if (result === null && !this.isLax) return null;
        if (result === true && this.isLax) return true;
        isUnknown ||= result === null;
        isFound ||= result === true;
      }
    }
    return isFound ? true : isUnknown ? null : false;
  }

  private all(chain: PathChain, item: PathItem): PathItem[] {
    const found: PathItem[] = [];
    this.item(chain, 0, item, found, this.isLax);
    return found;
  }

  private structureFault(code: SqlState, message: string): false {
    if (this.ignoresStructure) return false;
    throw fault(code, message);
  }
}

export function isArray(item: PathItem): item is readonly JsonbNode[] {
  return Array.isArray(item);
}

/** An error of the path language. */
export function fault(code: SqlState, message: string): PathFault {
  return new PathFault(pgError(code, message));
}

/** Runs what raises errors of SQL (a division by zero), and makes them faults. */
export function faulting<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (error instanceof Error && 'fields' in error) throw new PathFault(error as PgError);
    throw error;
  }
}

function unknownOnFault<T>(run: () => T): T | null {
  try {
    return run();
  } catch (error) {
    if (error instanceof PathFault) return null;
    throw error;
  }
}
