// Text of type modifiers as they follow a type's name: (10,2), (3) without time zone, day to second(3). The built-in
// typmodout functions by symbol.

const intervalFields: ReadonlyMap<number, string> = new Map([
  [1 << 2, ' year'],
  [1 << 1, ' month'],
  [1 << 3, ' day'],
  [1 << 10, ' hour'],
  [1 << 11, ' minute'],
  [1 << 12, ' second'],
  [(1 << 2) | (1 << 1), ' year to month'],
  [(1 << 3) | (1 << 10), ' day to hour'],
  [(1 << 3) | (1 << 10) | (1 << 11), ' day to minute'],
  [(1 << 3) | (1 << 10) | (1 << 11) | (1 << 12), ' day to second'],
  [(1 << 10) | (1 << 11), ' hour to minute'],
  [(1 << 10) | (1 << 11) | (1 << 12), ' hour to second'],
  [(1 << 11) | (1 << 12), ' minute to second'],
]);

const printers: Readonly<Record<string, (typmod: number) => string>> = {
  numerictypmodout: (typmod) => `(${((typmod - 4) >> 16) & 0xffff},${(((typmod - 4) & 0x7ff) ^ 1024) - 1024})`,
  bpchartypmodout: (typmod) => (typmod > 4 ? `(${typmod - 4})` : ''),
  varchartypmodout: (typmod) => (typmod > 4 ? `(${typmod - 4})` : ''),
  bittypmodout: (typmod) => `(${typmod})`,
  varbittypmodout: (typmod) => `(${typmod})`,
  timetypmodout: (typmod) => `(${typmod}) without time zone`,
  timetztypmodout: (typmod) => `(${typmod}) with time zone`,
  timestamptypmodout: (typmod) => `(${typmod}) without time zone`,
  timestamptztypmodout: (typmod) => `(${typmod}) with time zone`,
  intervaltypmodout: (typmod) => {
    const precision = typmod & 0xffff;
    return `${intervalFields.get((typmod >> 16) & 0x7fff) ?? ''}${precision === 0xffff ? '' : `(${precision})`}`;
  },
};

/** What follows the type's name; `symbol` is its typmodout ('' prints the bare number). `typmod` is not negative. */
export function typmodText(symbol: string, typmod: number): string {
  const printer = printers[symbol];
  return printer === undefined ? `(${typmod})` : printer(typmod);
}
