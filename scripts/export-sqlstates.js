// Writes src/errors/sqlstate.ts from the error-code table of a PostgreSQL source tree: codes and condition names.
// Usage: node scripts/export-sqlstates.js PATH/src/backend/utils/errcodes.txt
import { readFileSync, writeFileSync } from 'node:fs';

const lines = readFileSync(process.argv[2], 'utf8').split('\n');
const seen = new Set();
const rows = [];
for (const line of lines) {
  const match = /^([0-9A-Z]{5})\s+[ESW]\s+ERRCODE_(\w+)/.exec(line);
  if (!match) continue;
  const [, code, macro] = match;
  const name = macro.toLowerCase().replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  if (seen.has(name)) continue;
  seen.add(name);
  rows.push(`  ${name}: '${code}',`);
}
writeFileSync(
  new URL('../src/errors/sqlstate.ts', import.meta.url),
  `// PostgreSQL's SQLSTATE codes by condition name (manual, appendix A). Written by scripts/export-sqlstates.js.\n\nexport const SqlState = {\n${rows.join('\n')}\n} as const;\n\nexport type SqlState = (typeof SqlState)[keyof typeof SqlState];\n`,
);
