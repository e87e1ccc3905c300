// docs/compatibility.md is what its generator makes of conformance/status.tsv, the notSupported(...) calls and the facts.
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'tap';
import { compatibilityPage } from '../../conformance/compatibility.js';

const root = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));

test('docs/compatibility.md is up to date', async (t) => {
  const page = readFileSync(join(root, 'docs', 'compatibility.md'), 'utf8');
  t.equal(page, compatibilityPage(root), 'run: npm run conformance -- document');
});
