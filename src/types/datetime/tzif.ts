// Time zone rules from TZif data (RFC 8536): the list of past transitions and the POSIX rule for all later times.
import type { PosixRule } from './posix-zone.js';
import { parsePosixZone, posixOffset } from './posix-zone.js';

export interface ZoneOffset {
  /** Seconds east of UTC. */
  readonly offset: number;
  readonly isDst: boolean;
  readonly abbreviation: string;
}

export interface ZoneRules {
  /** Unix seconds of transitions, ascending, and what holds from each on. */
  readonly transitions: readonly number[];
  readonly offsets: readonly ZoneOffset[];
  /** Before the first transition. */
  readonly initial: ZoneOffset;
  /** After the last one; null where nothing changes any more. */
  readonly rule: PosixRule | null;
}

/** Reads version 2 or later data. */
export function parseTzif(data: Buffer): ZoneRules {
  const first = header(data, 0);
  const bodyBytes =
    first.transitionCount * 5 +
    first.typeCount * 6 +
    first.abbreviationBytes +
    first.leapCount * 8 +
    first.standardCount +
    first.utCount;
  const start = headerBytes + bodyBytes;
  const counts = header(data, start);
  let at = start + headerBytes;
  const times: number[] = [];
  for (let index = 0; index < counts.transitionCount; index++) times.push(Number(data.readBigInt64BE(at + index * 8)));
  at += counts.transitionCount * 8;
  const typeIndexes = data.subarray(at, at + counts.transitionCount);
  at += counts.transitionCount;
  const names = data.latin1Slice(at + counts.typeCount * 6, at + counts.typeCount * 6 + counts.abbreviationBytes);
  const types: ZoneOffset[] = [];
  for (let index = 0; index < counts.typeCount; index++) {
    const entry = at + index * 6;
    const nameAt = data[entry + 5] ?? 0;
    types.push({
      offset: data.readInt32BE(entry),
      isDst: data[entry + 4] === 1,
      abbreviation: names.slice(nameAt, names.indexOf('\0', nameAt)),
    });
  }
  at += counts.typeCount * 6 + counts.abbreviationBytes + counts.leapCount * 12 + counts.standardCount + counts.utCount;
  const footer = data.latin1Slice(at + 1, data.length - 1);
  const fallback: ZoneOffset = { offset: 0, isDst: false, abbreviation: 'UTC' };
  const initial = types[0] ?? fallback;
  return {
    transitions: times,
    offsets: [...typeIndexes].map((index) => types[index] ?? initial),
    initial,
    rule: footer === '' ? null : parsePosixZone(footer),
  };
}

/** What holds at a moment (Unix seconds). */
export function offsetAt(rules: ZoneRules, unixSeconds: number): ZoneOffset {
  const { transitions, offsets } = rules;
  const last = transitions.length - 1;
  if (last < 0 || unixSeconds < (transitions[0] ?? 0))
    return transitions.length === 0 && rules.rule ? posixOffset(rules.rule, unixSeconds) : rules.initial;
  if (unixSeconds >= (transitions[last] ?? 0)) {
    return rules.rule ? posixOffset(rules.rule, unixSeconds) : (offsets[last] ?? rules.initial);
  }
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((transitions[middle] ?? 0) <= unixSeconds) low = middle;
    else high = middle;
  }
  return offsets[low] ?? rules.initial;
}

/** What an abbreviation stood for at a moment, last before it, or else first after it; null where it never did. */
export function abbreviatedOffset(rules: ZoneRules, abbreviation: string, unixSeconds: number): ZoneOffset | null {
  const { transitions, offsets, initial, rule } = rules;
  const fits = (zone: ZoneOffset | undefined) => zone?.abbreviation === abbreviation;
  if (rule !== null && unixSeconds >= (transitions.at(-1) ?? 0)) {
    if (fits(rule.standard)) return rule.standard;
    if (rule.daylight !== null && fits(rule.daylight.zone)) return rule.daylight.zone;
  }
  let later: ZoneOffset | null = null;
  for (let index = transitions.length - 1; index >= 0; index--) {
    if (!fits(offsets[index])) continue;
    later = offsets[index] ?? null;
    if ((transitions[index] ?? 0) <= unixSeconds) return later;
  }
  return fits(initial) ? initial : later;
}

const headerBytes = 44;

function header(data: Buffer, at: number) {
  return {
    utCount: data.readUInt32BE(at + 20),
    standardCount: data.readUInt32BE(at + 24),
    leapCount: data.readUInt32BE(at + 28),
    transitionCount: data.readUInt32BE(at + 32),
    typeCount: data.readUInt32BE(at + 36),
    abbreviationBytes: data.readUInt32BE(at + 40),
  };
}
