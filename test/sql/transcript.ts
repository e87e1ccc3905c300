// What a server says to a list of statements, one after the other: notices, rows, command tags, errors with detail, hint
// and context. The same from a real PostgreSQL 17 is what a test expects.
import type pg from 'pg';

/** One text for each statement. */
export async function transcript(client: pg.Client, statements: readonly string[]): Promise<string[]> {
  const texts: string[] = [];
  let lines: string[] = [];
  const listen = (notice: { severity?: string | undefined; message?: string | undefined }): void => {
    lines.push(`${notice.severity ?? ''}: ${notice.message ?? ''}`);
  };
  client.on('notice', listen);
  for (const text of statements) {
    lines = [];
    try {
      const { command, rowCount, rows } = await client.query({
        text,
        rowMode: 'array',
        types: { getTypeParser: () => String },
      });
      for (const row of rows as unknown[][]) lines.push(row.map((value) => value ?? 'NULL').join('|'));
      lines.push(`${command} ${rowCount ?? ''}`.trim());
    } catch (error) {
      lines.push(...errorLines(error as Partial<pg.DatabaseError>));
    }
    texts.push(`${lines.join('\n')}\n`);
  }
  client.off('notice', listen);
  return texts;
}

function errorLines({ code, message, detail, hint, where }: Partial<pg.DatabaseError>): string[] {
  const lines = [`ERROR ${code ?? ''}: ${message ?? ''}`];
  if (detail !== undefined) lines.push(`DETAIL: ${detail}`);
  if (hint !== undefined) lines.push(`HINT: ${hint}`);
  if (where !== undefined) lines.push(`CONTEXT: ${where}`);
  return lines;
}
