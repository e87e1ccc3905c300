// Records and fields: whatever the chunk borders are, the same records come out.
import { test } from 'tap';
import { decoderFor } from './encoding.js';
import { fieldSplitter, useDefault } from './fields.js';
import { RecordCutter } from './lines.js';
import { readCopyOptions, type CopyOptions } from './options.js';

function options(format: 'text' | 'csv', more: Partial<CopyOptions> = {}): CopyOptions {
  const def = { DefElem: { defname: 'format', arg: { String: { sval: format } } } };
  return { ...readCopyOptions({ is_from: true, options: [def] }), ...more };
}

function records(text: string, chunkBytes: number, chosen: CopyOptions): string[] {
  const cutter = new RecordCutter(chosen, decoderFor('UTF8'));
  const bytes = Buffer.from(text);
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    const lines = cutter.lines(bytes.subarray(at, at + chunkBytes));
    found.push(...cutter.cutBytes(lines).map((record) => record.text));
  }
  found.push(...cutter.finish().map((record) => record.text));
  return found;
}

test('records do not depend on chunk borders', async (t) => {
  const cases = [
    [options('text'), 'a\tä\nb\\\nc\td\n\\.\nafter\n', ['a\tä', 'b\\\nc\td']],
    [options('text'), 'a\r\nb\r\n', ['a', 'b']],
    [options('csv'), '1,"x\ny"\n2,"""q"""\n', ['1,"x\ny"', '2,"""q"""']],
    [options('csv'), 'last,line', ['last,line']],
  ] as const;
  for (const [chosen, text, expected] of cases) {
    for (const size of [1, 2, 3, 7, 1000])
      t.same(records(text, size, chosen), expected, `${JSON.stringify(text)} by ${size}`);
  }
});

test('text fields', async (t) => {
  const split = fieldSplitter(options('text', { defaultText: '\\D' }), { notNull: [], asNull: [] });
  t.same(split('a\\tb\t\\N\t\\x41\\102\t\\D\t\\q'), ['a\tb', null, 'AB', useDefault, 'q']);
  t.same(split(''), ['']);
});

test('CSV fields', async (t) => {
  const split = fieldSplitter(options('csv'), { notNull: [false, false, true], asNull: [false, true, false] });
  t.same(split(',"",'), [null, null, '']);
  t.same(split('"a,""b"'), ['a,"b']);
  t.throws(() => split('"open'), { code: '22P04' });
});
