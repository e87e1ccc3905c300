// Runs `heliosdb verify` of this build.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const dist = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const program = join(dist, 'src', 'main.js');

export interface VerifyResult {
  readonly code: number | null;
  /** All that it printed. */
  readonly output: string;
  readonly problems: readonly string[];
}

/** Checks a data directory. */
export function runVerify(directory: string): Promise<VerifyResult> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, 'verify', directory], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    child.once('close', (code) => {
      const lines = output.split('\n').filter((line) => line.startsWith('PROBLEM '));
      resolve({ code, output, problems: lines.map((line) => line.slice('PROBLEM '.length)) });
    });
  });
}
