// Which rule of pg_hba.conf a client falls under: the first whose type, database, user and address match.
import { lookup, reverse } from 'node:dns/promises';
import type { LoginRole } from '../wire/connection.js';
import { isOwnAddress } from './address-range.js';
import type { HbaAddress, HbaRule, HbaWord } from './hba-file.js';

export interface HbaClient {
  /** null for a Unix-domain socket. */
  readonly address: string | null;
  readonly isEncrypted: boolean;
  readonly database: string;
  readonly user: string;
  /** The user's role, null where there is none: for +group and samerole. */
  readonly role: LoginRole | null;
}

/** The rule that decides, null where none matches. Host names are looked up, both ways, as PostgreSQL does. */
export async function matchHba(rules: readonly HbaRule[], client: HbaClient): Promise<HbaRule | null> {
  for (const rule of rules) {
    if (!typeMatches(rule, client)) continue;
    if (!rule.databases.some((word) => databaseMatches(word, client))) continue;
    if (!rule.users.some((word) => userMatches(word, client))) continue;
    if (rule.address !== null && !(await addressMatches(rule.address, client.address ?? ''))) continue;
    return rule;
  }
  return null;
}

function typeMatches(rule: HbaRule, client: HbaClient): boolean {
  if (client.address === null || rule.type === 'local') return client.address === null && rule.type === 'local';
  if (rule.type === 'hostssl') return client.isEncrypted;
  if (rule.type === 'hostnossl') return !client.isEncrypted;
  return true;
}

function databaseMatches(word: HbaWord, client: HbaClient): boolean {
  const { text, quoted } = word;
  if (!quoted) {
    switch (text) {
      case 'all':
        return true;
      case 'sameuser':
        return client.database === client.user;
      case 'samerole':
      case 'samegroup':
        return client.role?.isMemberOf(client.database) ?? false;
      case 'replication':
        return false;
    }
    if (text.startsWith('/')) return new RegExp(text.slice(1)).test(client.database);
  }
  return text === client.database;
}

function userMatches(word: HbaWord, client: HbaClient): boolean {
  const { text, quoted } = word;
  if (!quoted) {
    if (text === 'all') return true;
    if (text.startsWith('+')) return client.role?.isMemberOf(text.slice(1)) ?? false;
    if (text.startsWith('/')) return new RegExp(text.slice(1)).test(client.user);
  }
  return text === client.user;
}

async function addressMatches(address: HbaAddress, client: string): Promise<boolean> {
  switch (address.kind) {
    case 'all':
      return true;
    case 'samehost':
      return isOwnAddress(client, false);
    case 'samenet':
      return isOwnAddress(client, true);
    case 'range':
      return address.range.contains(client);
    case 'host':
      return hostMatches(address.name, client);
  }
}

/** The client's name by reverse lookup must be the rule's (or end in it, for .suffix), and lead back to the address. */
async function hostMatches(name: string, client: string): Promise<boolean> {
  try {
    const wanted = name.toLowerCase();
    for (const found of await reverse(client)) {
      const host = found.toLowerCase();
      const fits = wanted.startsWith('.') ? host.endsWith(wanted) : host === wanted;
      if (fits && (await lookup(host, { all: true })).some((entry) => entry.address === client)) return true;
    }
  } catch {
    // A name that can't be resolved matches nothing.
  }
  return false;
}
