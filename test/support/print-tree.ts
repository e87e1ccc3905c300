// Bound trees as indented text, for golden tests: kinds and the fields that say something (zero values, locations and
// empty lists are left out).

/** Prints a bound tree (expression, query, plan): one node a line, two blanks of indent a level. */
export function printTree(tree: unknown): string {
  const lines: string[] = [];
  print(tree, '', '', lines);
  return `${lines.join('\n')}\n`;
}

function print(value: unknown, label: string, indent: string, lines: string[]): void {
  const prefix = label === '' ? indent : `${indent}${label}: `;
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object' || item === null)) {
      lines.push(`${prefix}[${value.map(scalar).join(', ')}]`);
      return;
    }
    lines.push(`${indent}${label}`);
    for (const item of value) print(item, '-', `${indent}  `, lines);
    return;
  }
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value) || !isPlain(value)) {
    lines.push(`${prefix}${scalar(value)}`);
    return;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const scalars: string[] = [];
  const nested: (readonly [string, unknown])[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (name === 'kind' || name === 'location' || isZero(name, field)) continue;
    if (typeof field === 'object' && field !== null && (Array.isArray(field) || isPlain(field)))
      nested.push([name, field]);
    else scalars.push(`${name}=${scalar(field)}`);
  }
  const head = typeof fields.kind === 'string' ? fields.kind : '';
  lines.push(`${prefix}${[head, ...scalars].filter((part) => part !== '').join(' ')}`.trimEnd());
  for (const [name, field] of nested) print(field, name, `${indent}  `, lines);
}

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype === Object.prototype || prototype === null;
}

function isZero(name: string, value: unknown): boolean {
  if (value === undefined || value === 0 || value === false || value === '') return true;
  if (value === null) return name !== 'value';
  if (name === 'typmod' && value === -1) return true;
  return Array.isArray(value) && value.length === 0;
}

function scalar(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'bigint') return `${value}n`;
  if (Buffer.isBuffer(value)) return `\\x${value.toString('hex')}`;
  if (typeof value === 'object' && value !== null) {
    const text = Object.hasOwn(value.constructor?.prototype ?? {}, 'toString')
      ? String(value)
      : JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? `${part}n` : part));
    return text;
  }
  return String(value);
}
