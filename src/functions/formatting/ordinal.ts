// English ordinal suffixes and Roman numerals, for to_char.

/** st, nd, rd or th for a number, in the case asked for. */
export function ordinalSuffix(digits: string, style: 'TH' | 'th'): string {
  const last = digits.at(-1) ?? '';
  const isTeen = digits.at(-2) === '1';
  const suffix = isTeen ? 'th' : last === '1' ? 'st' : last === '2' ? 'nd' : last === '3' ? 'rd' : 'th';
  return style === 'TH' ? suffix.toUpperCase() : suffix;
}

const romanValues = [
  [1000, 'M'],
  [900, 'CM'],
  [500, 'D'],
  [400, 'CD'],
  [100, 'C'],
  [90, 'XC'],
  [50, 'L'],
  [40, 'XL'],
  [10, 'X'],
  [9, 'IX'],
  [5, 'V'],
  [4, 'IV'],
  [1, 'I'],
] as const;

/** 1 to 3999 in Roman numerals. */
export function romanNumeral(value: number): string {
  let rest = value;
  let text = '';
  for (const [size, letters] of romanValues) {
    while (rest >= size) {
      text += letters;
      rest -= size;
    }
  }
  return text;
}
