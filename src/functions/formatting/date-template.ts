// Date/time templates of to_char, to_timestamp and to_date, cut into fields, separators and text (manual, section 9.8,
// tables 9.27 and 9.28).
import { pgError, SqlState } from '../../errors/pg-error.js';

export interface TemplateField {
  readonly kind: 'field';
  /** The pattern in upper case: DAY, HH24, FF3, ... */
  readonly name: string;
  /** As written: its case decides the case of names. */
  readonly text: string;
  /** FM: no padding. */
  readonly fill: boolean;
  /** TM: names of the locale, not padded. */
  readonly translate: boolean;
  /** TH or th: ordinal suffix in that case; '' none. */
  readonly ordinal: '' | 'TH' | 'th';
}
export interface TemplateText {
  readonly kind: 'text' | 'separator' | 'space';
  readonly text: string;
}
export type TemplateNode = TemplateField | TemplateText;

export interface DateTemplate {
  readonly nodes: readonly TemplateNode[];
  /** FX: input must match the template's layout exactly. */
  readonly isExact: boolean;
}

/** Longest first, so that HH24 is not read as HH. */
const patterns = [
  'Y,YYY',
  'SSSSS',
  'MONTH',
  'A.D.',
  'A.M.',
  'B.C.',
  'P.M.',
  'HH12',
  'HH24',
  'IDDD',
  'IYYY',
  'SSSS',
  'YYYY',
  'DAY',
  'DDD',
  'FF1',
  'FF2',
  'FF3',
  'FF4',
  'FF5',
  'FF6',
  'IYY',
  'MON',
  'TZH',
  'TZM',
  'YYY',
  'AD',
  'AM',
  'BC',
  'CC',
  'DD',
  'DY',
  'FX',
  'HH',
  'ID',
  'IW',
  'IY',
  'MI',
  'MM',
  'MS',
  'OF',
  'PM',
  'RM',
  'SS',
  'TZ',
  'US',
  'WW',
  'YY',
  'D',
  'I',
  'J',
  'Q',
  'W',
  'Y',
] as const;

/** Templates kept at a time. */
const cacheEntriesMax = 200;
const cache = new Map<string, DateTemplate>();

/** Cuts a template; the last ones are remembered. */
export function dateTemplate(format: string): DateTemplate {
  const known = cache.get(format);
  if (known) return known;
  const template = parse(format, false);
  if (cache.size >= cacheEntriesMax) cache.clear();
  cache.set(format, template);
  return template;
}

/** A template as the SQL standard has them, for JSON paths: only its separators may stand outside quotes. Throws 22007. */
export function standardTemplate(format: string): DateTemplate {
  return parse(format, true);
}

function parse(format: string, isStandard: boolean): DateTemplate {
  const nodes: TemplateNode[] = [];
  let isExact = false;
  let at = 0;
  while (at < format.length) {
    const field = readField(format, at);
    if (field) {
      if (field.node.name === 'FX') isExact = true;
      else nodes.push(field.node);
      at = field.end;
      continue;
    }
    const character = String.fromCodePoint(format.codePointAt(at) ?? 0);
    if (character === '"') {
      at = readQuoted(format, at + 1, nodes);
      continue;
    }
    if (character === '\\' && format[at + 1] === '"') {
      nodes.push({ kind: 'text', text: '"' });
      at += 2;
      continue;
    }
    if (isStandard && !"-./,':; ".includes(character))
      throw pgError(SqlState.invalidDatetimeFormat, `invalid datetime format separator: "${character}"`);
    nodes.push({ kind: kindOf(character), text: character });
    at += character.length;
  }
  return { nodes, isExact };
}

function kindOf(character: string): TemplateText['kind'] {
  if (/^\s$/.test(character)) return 'space';
  return /^[!-/:-@[-`{-~]$/.test(character) ? 'separator' : 'text';
}

function readQuoted(format: string, start: number, nodes: TemplateNode[]): number {
  let at = start;
  while (at < format.length && format[at] !== '"') {
    if (format[at] === '\\' && at + 1 < format.length) at++;
    const character = String.fromCodePoint(format.codePointAt(at) ?? 0);
    nodes.push({ kind: 'text', text: character });
    at += character.length;
  }
  return at + 1;
}

function readField(format: string, start: number): { readonly node: TemplateField; readonly end: number } | null {
  let at = start;
  let fill = false;
  let translate = false;
  for (;;) {
    const prefix = format.slice(at, at + 2).toUpperCase();
    if (prefix === 'FM') fill = true;
    else if (prefix === 'TM') translate = true;
    else break;
    at += 2;
  }
  const name = patterns.find((pattern) => isWritten(format, at, pattern));
  if (name === undefined) return at > start ? { node: emptyField(fill), end: at } : null;
  const text = format.slice(at, at + name.length);
  at += name.length;
  const suffix = format.slice(at, at + 2);
  let ordinal: TemplateField['ordinal'] = '';
  if (suffix === 'TH' || suffix === 'th') {
    ordinal = suffix;
    at += 2;
  }
  if (format.slice(at, at + 2).toUpperCase() === 'SP') at += 2;
  return { node: { kind: 'field', name, text, fill, translate, ordinal }, end: at };
}

/** Patterns stand in upper or lower case; names of months and days capitalized too. No other mixture is one. */
function isWritten(format: string, at: number, pattern: string): boolean {
  if (format.startsWith(pattern, at) || format.startsWith(pattern.toLowerCase(), at)) return true;
  if (!/^(MONTH|MON|DAY|DY)$/.test(pattern)) return false;
  return format.startsWith(pattern.slice(0, 1) + pattern.slice(1).toLowerCase(), at);
}

/** FM before something that is no field says nothing. */
function emptyField(fill: boolean): TemplateField {
  return { kind: 'field', name: '', text: '', fill, translate: false, ordinal: '' };
}
