// concat, concat_ws and format: functions over arguments of any type, through each type's own output.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { parseInt32 } from '../../types/integer-types.js';
import { quoteIdentifier } from '../../types/quote.js';
import { characterCount } from '../../types/text-types.js';
import type { TypeDescriptor } from '../../types/type-descriptor.js';
import { PgArray, type Value } from '../../types/value.js';
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { quoteText } from './text.js';

interface Argument {
  readonly value: Value;
  readonly type: TypeDescriptor;
}

/** Splits (values..., info) into typed arguments from position `from`; VARIADIC spreads the last array. null where
 *  that array is NULL. */
function variadicArguments(values: readonly unknown[], from: number): { args: Argument[] | null; info: CallInfo } {
  const info = values[values.length - 1] as CallInfo;
  const given = values.slice(from, -1) as Value[];
  if (!info.isVariadic) {
    return { args: given.map((value, at) => ({ value, type: info.argTypes[from + at] ?? info.resultType })), info };
  }
  const array = given[given.length - 1];
  if (!(array instanceof PgArray)) return { args: null, info };
  const type = info.io.typeByOid(array.elementType);
  return { args: array.elements.map((value) => ({ value, type })), info };
}

function textOf({ value, type }: Argument, info: CallInfo): string {
  return type.behaviour.output(value, type, info.io);
}

fn('text_concat', {
  impl: (...values: unknown[]) => {
    const { args, info } = variadicArguments(values, 0);
    if (args === null) return null;
    return args.map((arg) => (arg.value === null ? '' : textOf(arg, info))).join('');
  },
});
fn('text_concat_ws', {
  impl: (...values: unknown[]) => {
    const separator = values[0] as string | null;
    if (separator === null) return null;
    const { args, info } = variadicArguments(values, 1);
    if (args === null) return null;
    return args.flatMap((arg) => (arg.value === null ? [] : [textOf(arg, info)])).join(separator);
  },
});
fn('text_format_nv', { impl: (template: string | null) => (template === null ? null : format(template, [], null)) });
fn('text_format', {
  impl: (...values: unknown[]) => {
    const template = values[0] as string | null;
    if (template === null) return null;
    const { args, info } = variadicArguments(values, 1);
    return format(template, args ?? [], info);
  },
});

interface Specifier {
  /** n$ of the value, 0 for the next one. */
  readonly position: number;
  /** Width as written, or the argument that holds it (0: the next one); null without a width. */
  readonly width: { readonly literal: number } | { readonly argument: number } | null;
  readonly leftAligned: boolean;
  readonly conversion: string;
  readonly next: number;
}

function format(template: string, args: readonly Argument[], info: CallInfo | null): string {
  let result = '';
  let nextArgument = 0;
  const take = (position: number): Argument => {
    const index = position > 0 ? position - 1 : nextArgument;
    const arg = args[index];
    if (arg === undefined) throw pgError(SqlState.invalidParameterValue, 'too few arguments for format()');
    nextArgument = index + 1;
    return arg;
  };
  for (let at = 0; at < template.length; ) {
    const percent = template.indexOf('%', at);
    if (percent < 0) return result + template.slice(at);
    result += template.slice(at, percent);
    if (percent + 1 >= template.length) throw unterminated();
    if (template[percent + 1] === '%') {
      result += '%';
      at = percent + 2;
      continue;
    }
    const specifier = parseSpecifier(template, percent + 1);
    at = specifier.next;
    let width = 0;
    let leftAligned = specifier.leftAligned;
    if (specifier.width !== null) {
      width =
        'literal' in specifier.width ? specifier.width.literal : widthArgument(take(specifier.width.argument), info);
      if (width < 0) {
        leftAligned = true;
        width = -width;
      }
    }
    const text = convert(take(specifier.position), specifier.conversion, info);
    const missing = ' '.repeat(Math.max(width - characterCount(text), 0));
    result += leftAligned ? text + missing : missing + text;
  }
  return result;
}

function parseSpecifier(template: string, start: number): Specifier {
  let at = start;
  const number = (): number | null => {
    const digits = /^\d+/.exec(template.slice(at, at + 20))?.[0];
    if (digits === undefined) return null;
    at += digits.length;
    if (Number(digits) > 2147483647) throw pgError(SqlState.numericValueOutOfRange, 'number is out of range');
    if (at >= template.length) throw unterminated();
    return Number(digits);
  };
  let position = 0;
  let width: Specifier['width'] = null;
  let leftAligned = false;
  const first = number();
  if (first !== null && template[at] === '$') {
    position = positive(first);
    at++;
  } else if (first !== null) {
    width = { literal: first };
  }
  if (width === null) {
    while (template[at] === '-') {
      leftAligned = true;
      at++;
    }
    if (template[at] === '*') {
      at++;
      const argument = number();
      if (argument !== null && template[at] !== '$') {
        throw pgError(SqlState.invalidParameterValue, 'width argument position must be ended by "$"');
      }
      if (argument !== null) at++;
      width = { argument: argument === null ? 0 : positive(argument) };
    } else {
      const literal = number();
      if (literal !== null) width = { literal };
    }
  }
  const conversion = template.slice(at)[0];
  if (conversion === undefined) throw unterminated();
  if (!'sIL'.includes(conversion)) {
    const shown = String.fromCodePoint(template.codePointAt(at) ?? 0);
    throw pgError(SqlState.invalidParameterValue, `unrecognized format() type specifier "${shown}"`, {
      hint: 'For a single "%" use "%%".',
    });
  }
  return { position, width, leftAligned, conversion, next: at + 1 };
}

function positive(position: number): number {
  if (position > 0) return position;
  throw pgError(SqlState.invalidParameterValue, 'format specifies argument 0, but arguments are numbered from 1');
}

function unterminated(): Error {
  return pgError(SqlState.invalidParameterValue, 'unterminated format() type specifier', {
    hint: 'For a single "%" use "%%".',
  });
}

function widthArgument(arg: Argument, info: CallInfo | null): number {
  if (arg.value === null || info === null) return 0;
  if (typeof arg.value === 'number') return Math.trunc(arg.value);
  return parseInt32(textOf(arg, info), 'integer', -2147483648, 2147483647);
}

function convert(arg: Argument, conversion: string, info: CallInfo | null): string {
  if (arg.value === null || info === null) {
    if (conversion === 'I') {
      throw pgError(SqlState.nullValueNotAllowed, 'null values cannot be formatted as an SQL identifier');
    }
    return conversion === 'L' ? 'NULL' : '';
  }
  const text = textOf(arg, info);
  return conversion === 's' ? text : conversion === 'I' ? quoteIdentifier(text) : quoteText(text);
}
