// Rewrites package-lock.json after `npm install`: drops the addresses that packages were fetched from, so that the file
// says what is installed (versions and hashes) and not from where. Usage: npm install ... && node scripts/lock.js
import { readFileSync, writeFileSync } from 'node:fs';

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
for (const entry of Object.values(lock.packages)) delete entry.resolved;
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
