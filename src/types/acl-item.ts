// aclitem: grantee=privileges/grantor, a letter per privilege, * after those with grant option (manual, section 5.8).
import { pgError, SqlState } from '../errors/pg-error.js';
import type { IoContext } from './io-context.js';
import { defineType } from './type-behaviour.js';
import type { AclItem } from './value.js';

/** Letters of the privileges in bit order: bit n is the nth letter. */
export const privilegeLetters = 'arwdDxtXUCTcsAm';

const bootstrapSuperuser = 10;

defineType<AclItem>({
  symbol: 'aclitemin',
  storage: 'varlen',
  input: (text, _type, _typmod, io) => parseAclItem(text, io),
  output: (value, _type, io) => formatAclItem(value, io),
  receive: () => {
    throw pgError(SqlState.undefinedFunction, 'no binary input function available for type aclitem');
  },
  send: () => {
    throw pgError(SqlState.undefinedFunction, 'no binary output function available for type aclitem');
  },
  store: (value, _type, writer) => {
    writer.uint32(value.grantee);
    writer.uint32(value.grantor);
    writer.uint32(value.privileges);
    writer.uint32(value.grantOptions);
  },
  load: (reader) => ({
    grantee: reader.uint32(),
    grantor: reader.uint32(),
    privileges: reader.uint32(),
    grantOptions: reader.uint32(),
  }),
  hashKey: (value) => `${value.grantee},${value.grantor},${value.privileges},${value.grantOptions}`,
});

/** Prints an item; roles that are gone print as their oid. */
export function formatAclItem(value: AclItem, io: IoContext): string {
  let letters = '';
  for (let bit = 0; bit < privilegeLetters.length; bit++) {
    if ((value.privileges & (1 << bit)) === 0) continue;
    letters += privilegeLetters[bit];
    if ((value.grantOptions & (1 << bit)) !== 0) letters += '*';
  }
  const grantee = value.grantee === 0 ? '' : roleText(value.grantee, io);
  return `${grantee}=${letters}/${roleText(value.grantor, io)}`;
}

function roleText(oid: number, io: IoContext): string {
  const name = io.names.roleName(oid);
  if (name === null) return String(oid);
  return /^[A-Za-z0-9_]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function parseAclItem(text: string, io: IoContext): AclItem {
  let [grantee, at] = roleWord(text, 0);
  if (text[at] !== '=') {
    if (grantee !== 'group' && grantee !== 'user') {
      throw pgError(SqlState.invalidTextRepresentation, `unrecognized key word: "${grantee}"`, {
        hint: 'ACL key word must be "group" or "user".',
      });
    }
    [grantee, at] = roleWord(text, at);
    if (grantee === '') {
      throw pgError(SqlState.invalidTextRepresentation, 'missing name', {
        hint: 'A name must follow the "group" or "user" key word.',
      });
    }
  }
  if (text[at] !== '=') throw pgError(SqlState.invalidTextRepresentation, 'missing "=" sign');
  const modes = privilegeBits(text, at + 1);
  at = modes.at;
  const granteeOid = grantee === '' || grantee === 'public' ? 0 : roleOid(grantee, io);
  let grantor = bootstrapSuperuser;
  if (text[at] === '/') {
    const [name, next] = roleWord(text, at + 1);
    if (name === '') throw pgError(SqlState.invalidTextRepresentation, 'a name must follow the "/" sign');
    grantor = roleOid(name, io);
    at = next;
  }
  if (/[^ \t\n\r\f\v]/.test(text.slice(at))) {
    throw pgError(SqlState.invalidTextRepresentation, 'extra garbage at the end of the ACL specification');
  }
  return { grantee: granteeOid, grantor, privileges: modes.privileges, grantOptions: modes.grantOptions };
}

function roleOid(name: string, io: IoContext): number {
  const oid = io.names.roleOid(name);
  if (oid === null) throw pgError(SqlState.undefinedObject, `role "${name}" does not exist`);
  return oid;
}

function roleWord(text: string, start: number): [string, number] {
  const match = /^[ \t\n\r\f\v]*((?:[A-Za-z0-9_\u0080-\uffff]|"(?:[^"]|"")*")*)[ \t\n\r\f\v]*/.exec(text.slice(start));
  const word = (match?.[1] ?? '').replace(/"((?:[^"]|"")*)"/g, (_all, inner: string) => inner.replaceAll('""', '"'));
  return [word, start + (match?.[0].length ?? 0)];
}

function privilegeBits(text: string, start: number): { at: number; privileges: number; grantOptions: number } {
  let privileges = 0;
  let grantOptions = 0;
  let last = 0;
  let at = start;
  for (; at < text.length && /[A-Za-z*]/.test(text[at] as string); at++) {
    if (text[at] === '*') {
      grantOptions |= last;
      continue;
    }
    const bit = privilegeLetters.indexOf(text[at] as string);
    if (bit < 0) {
      throw pgError(SqlState.invalidTextRepresentation, `invalid mode character: must be one of "${privilegeLetters}"`);
    }
    last = 1 << bit;
    privileges |= last;
  }
  return { at, privileges, grantOptions };
}
