// The bodies of the server's messages that a transcript shows: columns, rows, errors and notices.

export interface ErrorFields {
  readonly severity: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

export function errorFields(body: Buffer): ErrorFields {
  const fields = new Map(
    body
      .utf8Slice()
      .split('\0')
      .map((field) => [field.charAt(0), field.slice(1)] as const),
  );
  return {
    severity: fields.get('S') ?? '',
    message: fields.get('M') ?? '',
    detail: fields.get('D'),
    hint: fields.get('H'),
  };
}

/** A notice as a client prints it; its context is left out, as clients do for what is no error. */
export function noticeText(notice: ErrorFields): string {
  const detail = notice.detail === undefined ? '' : `DETAIL:  ${notice.detail}\n`;
  const hint = notice.hint === undefined ? '' : `HINT:  ${notice.hint}\n`;
  return `${notice.severity}:  ${notice.message}\n${detail}${hint}`;
}

/** Names of a RowDescription. */
export function rowColumns(body: Buffer): string[] {
  const names: string[] = [];
  let at = 2;
  for (let count = body.readInt16BE(0); count > 0; count--) {
    const end = body.indexOf(0, at);
    names.push(body.utf8Slice(at, end));
    at = end + 19;
  }
  return names;
}

/** Values of a DataRow, in text. */
export function rowValues(body: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let at = 2;
  for (let count = body.readInt16BE(0); count > 0; count--) {
    const length = body.readInt32BE(at);
    at += 4;
    values.push(length < 0 ? null : body.utf8Slice(at, at + length));
    at += Math.max(length, 0);
  }
  return values;
}
