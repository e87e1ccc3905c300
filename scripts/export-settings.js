// Writes src/config/generated/settings.ts from a running PostgreSQL 17: names, types, units, ranges, contexts, built-in
// values, categories and flags of all settings. Descriptions are not exported: ours are in src/config/descriptions.ts.
// Usage: node scripts/export-settings.js PSQL [psql options to reach the server]
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';

const [psql, ...options] = process.argv.slice(2);
const query = `
  select json_agg(json_build_array(name, vartype, context, unit, min_val, max_val, enumvals, boot_val, category,
    array_remove(pg_settings_get_flags(name), 'NOT_IN_SAMPLE')) order by lower(name)) from pg_settings`;
const rows = JSON.parse(execFileSync(psql, [...options, '-XAtc', query], { encoding: 'utf8' }));
const [version, versionNumber] = execFileSync(
  psql,
  [...options, '-XAtc', 'show server_version; show server_version_num'],
  {
    encoding: 'utf8',
  },
)
  .trim()
  .split('\n');

const lines = rows.map((row) => `  ${JSON.stringify(row)},`);
writeFileSync(
  new URL('../src/config/generated/settings.ts', import.meta.url),
  `// Settings of PostgreSQL ${version}, as pg_settings lists them. Written by scripts/export-settings.js.\n\n` +
    `export const postgresqlVersion = '${version}';\nexport const postgresqlVersionNumber = ${versionNumber};\n\n` +
    `/** name, vartype, context, unit, min, max, enum values, boot value, category, flags */\n` +
    `export type SettingFacts = readonly [\n  string,\n  'bool' | 'integer' | 'real' | 'string' | 'enum',\n  string,\n  string | null,\n  string | null,\n  string | null,\n  readonly string[] | null,\n  string | null,\n  string,\n  readonly string[],\n];\n\n` +
    `export const settingFacts: readonly SettingFacts[] = [\n${lines.join('\n')}\n];\n`,
);
