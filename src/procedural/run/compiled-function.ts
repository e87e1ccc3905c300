// A function made ready to run in one session: its variables and the closures of its statements. Shared by all its calls
// there; whatever changes during a call is in the call's frame.
import type { SqlState } from '../../errors/pg-error.js';
import { pgError } from '../../errors/pg-error.js';
import type { RecordField as FieldShape } from '../../types/value.js';
import type { Host } from '../host.js';
import type { Datum, ParsedFunction, RecordVariable, TypeUse, Variable, VariableConflict } from '../tree.js';
import { compileBlock } from './block.js';
import type { FunctionFrame, Step } from './frame.js';
import { fieldsOf } from './records.js';

export class CompiledFunction {
  readonly datums: Datum[];
  readonly body: Step;
  readonly conflict: VariableConflict;
  readonly foundVariable: number;
  /** Types of CASE subjects, which follow their values. */
  private readonly changedTypes = new Map<number, TypeUse>();
  /** Version of the catalogs at which its types were last seen. */
  private checkedVersion: number;

  constructor(
    readonly parsed: ParsedFunction,
    readonly host: Host,
    /** f(integer), or inline_code_block: as CONTEXT names it. */
    readonly title: string,
    readonly oid: number,
    readonly returns: ReturnShape,
  ) {
    this.datums = [...parsed.datums];
    this.conflict = parsed.conflict;
    this.foundVariable = parsed.foundVariable;
    this.checkedVersion = host.catalog.version();
    this.body = compileBlock(this, parsed.body);
  }

  /** The types of its variables are still there. */
  isCurrent(): boolean {
    const { catalog } = this.host;
    const version = catalog.version();
    if (version === this.checkedVersion) return true;
    const isThere = this.datums.every(
      (datum) =>
        (datum.kind !== 'variable' && datum.kind !== 'record') || catalog.findTypeByOid(datum.type.oid) !== null,
    );
    if (isThere) this.checkedVersion = version;
    return isThere;
  }

  typeOf(variable: Variable): TypeUse {
    return this.changedTypes.size === 0 ? variable.type : (this.changedTypes.get(variable.number) ?? variable.type);
  }

  changeType(variable: number, type: TypeUse): void {
    this.changedTypes.set(variable, type);
  }

  /** The variable that stands for a record's field. */
  fieldDatum(record: number, name: string): Datum {
    const known = this.datums.find((datum) => datum.kind === 'field' && datum.record === record && datum.name === name);
    if (known !== undefined) return known;
    const made: Datum = { kind: 'field', number: this.datums.length, name, record };
    this.datums.push(made);
    return made;
  }

  rowShape(frame: FunctionFrame, record: number): readonly FieldShape[] {
    const datum = this.datums[record] as RecordVariable;
    const value = frame.values[record] ?? null;
    const isShapeless = value === null && datum.type.oid === 2249 && !frame.nullShapes?.has(record);
    if (isShapeless) return [];
    return fieldsOf(frame, datum, value);
  }

  /** plpgsql.extra_warnings and plpgsql.extra_errors, for a check that runs with the function. */
  extraCheck(check: string, says: ExtraCheck): void {
    const level = this.host.extraCheck(check);
    if (level === null) return;
    const { code, message, hint } = says;
    if (level === 'error') throw pgError(code, message, { detail: says.errorDetail, hint });
    this.host.notice({ severity: 'WARNING', code, message, fields: { detail: says.detail, hint } });
  }
}

export interface ExtraCheck {
  readonly code: SqlState;
  readonly message: string;
  readonly detail: string;
  readonly errorDetail: string;
  readonly hint: string;
}

/** What the function gives back. */
export interface ReturnShape {
  readonly kind: 'function' | 'procedure' | 'trigger' | 'eventTrigger' | 'inline';
  readonly type: number;
  readonly isSet: boolean;
  /** It returns rows of several columns. */
  readonly isRow: boolean;
  /** Its end may be reached without RETURN. */
  readonly endsFreely: boolean;
}
