// What a server answered, one readable line a message: two servers agree when their lines do.

const errorFields = 'SVCMDHPpqWstcdn';

export interface Reply {
  readonly type: string;
  readonly line: string;
  readonly body: Buffer;
}

/** Cuts whole messages off the front of what was received; the rest waits for more. */
export function takeReplies(received: Buffer): { readonly replies: Reply[]; readonly rest: Buffer } {
  const replies: Reply[] = [];
  let at = 0;
  while (received.length - at >= 5) {
    const end = at + 1 + received.readInt32BE(at + 1);
    if (received.length < end) break;
    const type = String.fromCharCode(received[at] as number);
    const body = received.subarray(at + 5, end);
    replies.push({ type, line: `${type} ${describeBody(type, body)}`, body });
    at = end;
  }
  return { replies, rest: received.subarray(at) };
}

function describeBody(type: string, body: Buffer): string {
  switch (type) {
    case 'E':
    case 'N':
      return fields(body);
    case 'T':
      return columns(body);
    case 'K':
      return '(key)';
    case 'A':
      return body.subarray(4).toString('latin1');
    default:
      return printable(body);
  }
}

/** All fields but file, line and routine of the server's own source. */
function fields(body: Buffer): string {
  return body
    .toString()
    .split('\0')
    .filter((field) => field !== '' && errorFields.includes(field.charAt(0)))
    .join(' | ');
}

/** Columns without the OIDs of the tables they come from: those differ from server to server. */
function columns(body: Buffer): string {
  const shown: string[] = [];
  let at = 2;
  for (let count = body.readInt16BE(0); count > 0; count--) {
    const end = body.indexOf(0, at);
    const name = body.utf8Slice(at, end);
    const isOfTable = body.readUInt32BE(end + 1) !== 0;
    const numbers = [body.readInt16BE(end + 5), body.readUInt32BE(end + 7), body.readInt16BE(end + 11)];
    shown.push(
      `${name}(${isOfTable} ${numbers.join(' ')} ${body.readInt32BE(end + 13)} ${body.readInt16BE(end + 17)})`,
    );
    at = end + 19;
  }
  return shown.join(', ');
}

function printable(body: Buffer): string {
  return JSON.stringify(body.toString('latin1'));
}
