// SQLsmith's random queries over our catalogs and a few tables: whatever they are, the session lives on and nothing ends
// in an internal error. The program is Debian's `sqlsmith`.
import { spawn } from 'node:child_process';
import type { TestServer } from '../support/server.js';

export interface SmithFigures {
  queries: number;
  /** Its own report of errors, most frequent first: count, then the message's start. */
  report: string[];
  isLost: boolean;
}

/** Runs `count` queries; rejects where the program is not installed. `progress` gets the count of queries so far. */
export function smith(
  server: TestServer,
  { count, seed, progress }: { count: number; seed: number; progress: (queries: number) => void },
): Promise<SmithFigures> {
  const target = `host=${server.host} port=${server.port} dbname=postgres user=postgres`;
  const child = spawn('sqlsmith', [`--target=${target}`, `--seed=${seed}`, `--max-queries=${count}`, '--verbose'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const figures: SmithFigures = { queries: 0, report: [], isLost: false };
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    let rest = '';
    child.stderr.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) noteLine(line, figures, progress);
    });
    child.on('close', () => {
      figures.queries = count;
      resolve(figures);
    });
  });
}

/** Its progress: a letter a query (`C`: the connection was lost), and now and then a report. */
function noteLine(line: string, figures: SmithFigures, progress: (queries: number) => void): void {
  if (/^[.eStCtL]+$/.test(line) && line.includes('C')) figures.isLost = true;
  const queries = /^queries: (\d+)/.exec(line);
  if (queries !== null) {
    figures.report = [];
    progress(Number(queries[1]));
  }
  if (/^\d+\t/.test(line)) figures.report.push(line);
}
