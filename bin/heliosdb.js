#!/usr/bin/env node
// Starts the built program; says what to do where it isn't built.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const main = new URL('../dist/src/main.js', import.meta.url);
if (!existsSync(fileURLToPath(main))) {
  console.error('HeliosDB is not built yet: run `npm run build` first.');
  process.exit(1);
}
await import(main.href);
