// PostgreSQL's own test files, wherever the user has them: a folder with regress/ and isolation/, or a source tree.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The absolute path of `regress` or `isolation` in the folder; null where it has none. */
export function sourceFolder(sources: string, suite: 'regress' | 'isolation'): string | null {
  const places = [join(sources, suite), join(sources, 'src', 'test', suite)];
  return places.map((path) => resolve(path)).find((path) => existsSync(path)) ?? null;
}
