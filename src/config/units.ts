// Numbers with units: how settings' integers and reals are read and shown (manual, section 19.1.1).

/** Base units that settings are kept in, each in the smallest unit of its kind (bytes or microseconds). */
const baseUnits: Readonly<Record<string, { readonly kind: 'memory' | 'time'; readonly size: number }>> = {
  B: { kind: 'memory', size: 1 },
  kB: { kind: 'memory', size: 1024 },
  '8kB': { kind: 'memory', size: 8192 },
  MB: { kind: 'memory', size: 1024 ** 2 },
  ms: { kind: 'time', size: 1000 },
  s: { kind: 'time', size: 1000 ** 2 },
  min: { kind: 'time', size: 60 * 1000 ** 2 },
};

/** Units a user may write, largest first. */
const inputUnits = {
  memory: [
    ['TB', 1024 ** 4],
    ['GB', 1024 ** 3],
    ['MB', 1024 ** 2],
    ['kB', 1024],
    ['B', 1],
  ],
  time: [
    ['d', 86400 * 1000 ** 2],
    ['h', 3600 * 1000 ** 2],
    ['min', 60 * 1000 ** 2],
    ['s', 1000 ** 2],
    ['ms', 1000],
    ['us', 1],
  ],
} as const;

const unitHints = {
  memory: 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".',
  time: 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".',
} as const;

export type ParsedNumber =
  | { readonly ok: true; readonly value: number }
  | { readonly ok: false; readonly hint?: string };

/** Reads an integer setting: decimal, 0x hexadecimal, 0 octal, or a fraction that is rounded; then a unit. */
export function parseInteger(text: string, unit: string | null): ParsedNumber {
  const number = scanNumber(text);
  if (number === null) return { ok: false };
  const scaled = applyUnit(number, unit);
  if (!scaled.ok) return scaled;
  const rounded = roundHalfEven(scaled.value);
  if (rounded > 2147483647 || rounded < -2147483648) return { ok: false, hint: 'Value exceeds integer range.' };
  return { ok: true, value: rounded };
}

/** Reads a real setting with its unit. */
export function parseReal(text: string, unit: string | null): ParsedNumber {
  const number = scanNumber(text);
  if (number === null || !Number.isFinite(number.value)) return { ok: false };
  return applyUnit(number, unit);
}

/** SHOW's form: the largest unit that holds the value whole. */
export function formatWithUnit(value: number, unit: string | null, isReal: boolean): string {
  const print = isReal ? formatReal : String;
  const base = unit === null ? undefined : baseUnits[unit];
  if (base === undefined || value <= 0) return print(value);
  const total = value * base.size;
  for (const [name, size] of inputUnits[base.kind]) {
    const count = total / size;
    if (Math.abs(count - Math.round(count)) <= 1e-8 * count)
      return `${print(isReal ? count : Math.round(count))}${name}`;
  }
  return print(value);
}

/** C's %g: six significant digits, exponents of two digits at least. */
export function formatReal(value: number): string {
  if (value === 0) return '0';
  const [mantissa = '0', exponentText = '0'] = value.toExponential(5).split('e');
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    const digits = Math.abs(exponent).toString().padStart(2, '0');
    return `${trimZeros(mantissa)}e${exponent < 0 ? '-' : '+'}${digits}`;
  }
  return trimZeros(value.toFixed(5 - exponent));
}

interface ScannedNumber {
  readonly value: number;
  readonly unit: string;
}

function scanNumber(text: string): ScannedNumber | null {
  const match = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(\S*)\s*$/.exec(text);
  if (match === null) return null;
  const [, sign, digits = '', unit = ''] = match;
  let value = Number(digits);
  let rest = unit;
  if (/^0\d+$/.test(digits)) {
    // C's octal: digits past the first 8 or 9 are left over, like any other wrong unit.
    const octal = /^[0-7]+/.exec(digits)?.[0] ?? '0';
    value = Number.parseInt(octal, 8);
    rest = digits.slice(octal.length) + unit;
  }
  return { value: sign === '-' ? -value : value, unit: rest };
}

function applyUnit(number: ScannedNumber, unit: string | null): ParsedNumber {
  if (number.unit === '') return { ok: true, value: number.value };
  const base = unit === null ? undefined : baseUnits[unit];
  if (base === undefined) return { ok: false };
  const found = inputUnits[base.kind].find(([name]) => name === number.unit);
  if (found === undefined) return { ok: false, hint: unitHints[base.kind] };
  return { ok: true, value: (number.value * found[1]) / base.size };
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const fraction = value - floor;
  if (fraction !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

function trimZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
}
