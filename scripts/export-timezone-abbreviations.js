// Writes src/types/datetime/generated/abbreviations.ts: the time zone abbreviations that PostgreSQL's `Default` set knows,
// with their offsets in seconds east of UTC or the zone whose rules they follow.
// Usage: node scripts/export-timezone-abbreviations.js SHARE/timezonesets/Default
import { readFileSync, writeFileSync } from 'node:fs';

const fixed = [];
const dynamic = [];
for (const line of readFileSync(process.argv[2], 'utf8').split('\n')) {
  const [name, value, dst] = line.replace(/#.*/, '').trim().split(/\s+/);
  if (!name || name.startsWith('@')) continue;
  if (/^-?\d+$/.test(value)) fixed.push(`  ${name.toLowerCase()}: [${Number(value)}, ${dst === 'D'}],`);
  else dynamic.push(`  ${name.toLowerCase()}: '${value}',`);
}
writeFileSync(
  new URL('../src/types/datetime/generated/abbreviations.ts', import.meta.url),
  `// Time zone abbreviations of PostgreSQL's Default set. Written by scripts/export-timezone-abbreviations.js.

/** Seconds east of UTC, and whether it is a daylight-saving one. */
export const fixedAbbreviations: Readonly<Record<string, readonly [offset: number, isDst: boolean] | undefined>> = {
${fixed.join('\n')}
};

/** Abbreviations whose offset changed over time: the zone whose rules tell it. */
export const zoneAbbreviations: Readonly<Record<string, string | undefined>> = {
${dynamic.join('\n')}
};
`,
);
