// The house rules: what STYLE demands of the tree and no other tool checks. Reads src/ as text; the rules are data in
// house-rules.json, whose exception lists may only shrink.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';

interface HouseRules {
  readonly rooms: Readonly<Record<string, readonly string[]>>;
  readonly typeOnly: Readonly<Record<string, readonly string[]>>;
  readonly mainFiles: readonly string[];
  readonly fileLinesMax: number;
  readonly functionLinesMax: number;
  readonly readmeLinesMax: number;
  readonly forbiddenFolderNames: readonly string[];
  readonly fileLinesExceptions: readonly string[];
  readonly functionLinesExceptions: readonly string[];
  readonly importExceptions: readonly string[];
}

const root = findRoot(dirname(fileURLToPath(import.meta.url)));
const rules = JSON.parse(readFileSync(join(root, 'test/tidy/house-rules.json'), 'utf8')) as HouseRules;
const sources = filesUnder(join(root, 'src')).filter((file) => file.endsWith('.ts'));
const handWritten = sources.filter((file) => !file.includes('/generated/') && !file.endsWith('.d.ts'));

test('rooms import only what the import table allows', async (t) => {
  const found: string[] = [];
  for (const file of handWritten) {
    for (const { target, isTypeOnly } of importsOf(file)) {
      const problem = importProblem(file, target, isTypeOnly);
      if (problem && !rules.importExceptions.includes(problem)) found.push(problem);
    }
  }
  t.same(found, []);
});

test('files stay under the size limit', async (t) => {
  const found = handWritten
    .filter((file) => !isPureTable(file))
    .map((file) => ({ file: relative(root, file), lines: linesOf(file).length }))
    .filter(({ file, lines }) => lines > rules.fileLinesMax && !rules.fileLinesExceptions.includes(file))
    .map(({ file, lines }) => `${file}: ${lines} lines`);
  t.same(found, []);
});

test('functions stay under the size limit', async (t) => {
  const found = handWritten
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap(longFunctions)
    .filter((name) => !rules.functionLinesExceptions.includes(name.replace(/: \d+ lines$/, '')));
  t.same(found, []);
});

test('every source file is imported by another one', async (t) => {
  const imported = new Set(sources.flatMap((file) => importsOf(file).map(({ target }) => target)));
  const urls = sources.map((file) => readFileSync(file, 'utf8')).join('\n');
  const dead = handWritten
    .filter((file) => !file.endsWith('.test.ts') && !imported.has(file))
    .filter((file) => !rules.mainFiles.includes(relative(join(root, 'src'), file)))
    .filter((file) => !urls.includes(`${basename(file, '.ts')}.js', import.meta.url`))
    .map((file) => relative(root, file));
  t.same(dead, []);
});

test('every folder has a README that lists what is in it', async (t) => {
  const found: string[] = [];
  for (const folder of foldersUnder(join(root, 'src'))) {
    const name = relative(root, folder);
    if (/generated|\/data(\/|$)|\/views(\/|$)/.test(name)) continue;
    const entries = readdirSync(folder);
    const readme = entries.includes('README.md') ? readFileSync(join(folder, 'README.md'), 'utf8') : null;
    if (readme === null) {
      found.push(`${name}: no README.md`);
      continue;
    }
    if (readme.split('\n').length > rules.readmeLinesMax + 1) found.push(`${name}/README.md: too long`);
    for (const entry of entries) {
      const stem = entry.replace(/\.ts$/, '');
      const isListed = readme.includes(entry) || readme.includes(stem);
      if (!entry.endsWith('.test.ts') && entry !== 'README.md' && !isListed)
        found.push(`${name}/README.md: ${entry} is missing`);
    }
  }
  t.same(found, []);
});

test('no folder has a name that says nothing', async (t) => {
  const found = foldersUnder(join(root, 'src')).filter((folder) =>
    rules.forbiddenFolderNames.includes(basename(folder)),
  );
  t.same(found, []);
});

test('no leftovers', async (t) => {
  const leftover = /\b(TODO|FIXME|XXX|HACK)\b|console\.log\(|\bdebugger\b|@ts-ignore|@ts-nocheck|: any\b|\bas any\b/;
  const found: string[] = [];
  for (const file of [...handWritten, ...filesUnder(join(root, 'test')).filter((name) => name.endsWith('.ts'))]) {
    if (file.endsWith('tidy.test.ts')) continue;
    const lines = linesOf(file);
    lines.forEach((line, index) => {
      if (/^\s*(\/\/|\/?\*)/.test(line) && !/\b(TODO|FIXME|HACK)\b/.test(line)) return;
      if (lines[index - 1]?.includes('biome-ignore')) return;
      if (leftover.test(line) || /\b(test|t)\.only\(/.test(line))
        found.push(`${relative(root, file)}:${index + 1}: ${line.trim()}`);
    });
  }
  t.same(
    found.filter((line) => !line.includes('main.ts')),
    [],
  );
});

test('exceptions are still needed', async (t) => {
  const names = new Set(handWritten.map((file) => relative(root, file)));
  t.same(
    rules.fileLinesExceptions.filter(
      (file) => !names.has(file) || linesOf(join(root, file)).length <= rules.fileLinesMax,
    ),
    [],
  );
});

function importProblem(file: string, target: string, isTypeOnly: boolean): string | null {
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === null || to === null || from === to || file.endsWith('.test.ts')) return null;
  const allowed = rules.rooms[from];
  if (allowed === undefined) return `${relative(root, file)}: room ${from} is not in the import table`;
  if (allowed.includes('*') || allowed.includes(to)) return null;
  if (isTypeOnly && rules.typeOnly[from]?.includes(to)) return null;
  return `${relative(root, file)} imports ${relative(root, target)}`;
}

function importsOf(file: string): { readonly target: string; readonly isTypeOnly: boolean }[] {
  const text = readFileSync(file, 'utf8');
  const found: { target: string; isTypeOnly: boolean }[] = [];
  for (const match of text.matchAll(
    /^(import|export)\s+(type\s)?[^;]*?from\s+'(\.[^']+)'|import\('(\.[^']+)'\)|^import\s+'(\.[^']+)'/gm,
  )) {
    const path = match[3] ?? match[4] ?? match[5];
    if (path)
      found.push({ target: join(dirname(file), path.replace(/\.js$/, '.ts')), isTypeOnly: match[2] !== undefined });
  }
  return found;
}

function roomOf(file: string): string | null {
  const parts = relative(join(root, 'src'), file).split('/');
  return parts.length > 1 && !parts[0]?.startsWith('.') ? (parts[0] ?? null) : null;
}

interface FunctionSpan {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

/** Functions whose own lines, those of functions nested in them left out, are too many. */
function longFunctions(file: string): string[] {
  const spans = functionSpans(linesOf(file));
  return spans.flatMap((span) => {
    const nested = spans.filter((other) => other.start > span.start && other.end <= span.end);
    const outermost = nested.filter(
      (other) => !nested.some((outer) => outer.start < other.start && outer.end >= other.end),
    );
    const own = span.end - span.start + 1 - outermost.reduce((sum, other) => sum + other.end - other.start + 1, 0);
    return own > rules.functionLinesMax ? [`${relative(root, file)} ${span.name}: ${own} lines`] : [];
  });
}

/** Functions and methods by indentation: formatted code closes a body at the indentation that opened it. */
function functionSpans(lines: readonly string[]): FunctionSpan[] {
  const keywords = ['if', 'for', 'while', 'switch', 'catch', 'return', 'constructor', 'test'];
  const head =
    /^(\s*)(?:export\s+)?(?:async\s+)?(?:function\*?\s+(\w+)|(?:private\s+|static\s+|override\s+|async\s+|\*)*(\w+)\([^;]*\)?(?::[^;]*)?\s\{$)/;
  return lines.flatMap((line, start) => {
    const match = head.exec(line);
    const name = match?.[2] ?? match?.[3];
    if (!match || !name || keywords.includes(name)) return [];
    const indent = match[1] ?? '';
    const end = lines.findIndex((other, at) => at > start && other.startsWith(`${indent}}`));
    return end < 0 ? [] : [{ name, start, end }];
  });
}

/** A file whose header calls it a table: data, not control flow. */
function isPureTable(file: string): boolean {
  return /^\/\/.*\btable\b/i.test(linesOf(file)[0] ?? '') && !/\bif \(|\bfor \(/.test(readFileSync(file, 'utf8'));
}

function linesOf(file: string): string[] {
  return readFileSync(file, 'utf8').split('\n');
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesUnder(join(folder, entry.name)) : [join(folder, entry.name)],
  );
}

function foldersUnder(folder: string): string[] {
  const inside = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [
    ...inside.map((entry) => join(folder, entry.name)),
    ...inside.flatMap((entry) => foldersUnder(join(folder, entry.name))),
  ];
}

/** The repository: the nearest folder above with a package.json. */
function findRoot(folder: string): string {
  return statSync(join(folder, 'package.json'), { throwIfNoEntry: false }) ? folder : findRoot(dirname(folder));
}
