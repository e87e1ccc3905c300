// Reads pg_hba.conf in PostgreSQL's format (manual, section 20.1): text in, rules and mistakes out, each with its line.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { isIP } from 'node:net';
import { dirname, isAbsolute, join } from 'node:path';
import { parseAddressRange } from './address-range.js';
import type { AddressRange } from './address-range.js';

export type HbaMethod = 'trust' | 'reject' | 'password' | 'md5' | 'scram-sha-256';

export interface HbaRule {
  readonly file: string;
  readonly line: number;
  readonly type: 'local' | 'host' | 'hostssl' | 'hostnossl' | 'hostgssenc' | 'hostnogssenc';
  readonly databases: readonly HbaWord[];
  readonly users: readonly HbaWord[];
  /** null for local. */
  readonly address: HbaAddress | null;
  readonly method: HbaMethod;
  readonly options: readonly string[];
}

/** A name as written: quoted ones lose the meaning of key words. */
export interface HbaWord {
  readonly text: string;
  readonly quoted: boolean;
}

export type HbaAddress =
  | { readonly kind: 'all' | 'samehost' | 'samenet' }
  | { readonly kind: 'range'; readonly range: AddressRange; readonly address: string; readonly mask: string }
  | { readonly kind: 'host'; readonly name: string };

export interface HbaMistake {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

export interface HbaFile {
  readonly rules: readonly HbaRule[];
  readonly mistakes: readonly HbaMistake[];
}

const methods: ReadonlySet<string> = new Set(['trust', 'reject', 'password', 'md5', 'scram-sha-256']);
/** Methods that PostgreSQL knows and we don't have: refused as a build of PostgreSQL without them does. */
const otherMethods = new Set(['gss', 'sspi', 'ident', 'peer', 'ldap', 'radius', 'cert', 'pam', 'bsd']);
const types = new Set(['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc']);
const includeDepthMax = 10;

/** Reads a file and what it includes. */
export function readHbaFile(path: string): HbaFile {
  const rules: HbaRule[] = [];
  const mistakes: HbaMistake[] = [];
  new HbaReader(rules, mistakes).read(path, 0, null);
  return { rules, mistakes };
}

/** As readHbaFile, for text: included files are looked for beside `path`. */
export function parseHba(text: string, path: string): HbaFile {
  const rules: HbaRule[] = [];
  const mistakes: HbaMistake[] = [];
  new HbaReader(rules, mistakes).parse(text, path, 0);
  return { rules, mistakes };
}

class HbaReader {
  constructor(
    private readonly rules: HbaRule[],
    private readonly mistakes: HbaMistake[],
  ) {}

  read(path: string, depth: number, from: { readonly file: string; readonly line: number } | null): void {
    const where = from ?? { file: path, line: 0 };
    if (depth > includeDepthMax) {
      this.mistakes.push({ ...where, message: `could not open file "${path}": maximum nesting depth exceeded` });
      return;
    }
    if (!existsSync(path)) {
      this.mistakes.push({ ...where, message: `could not open file "${path}": No such file or directory` });
      return;
    }
    this.parse(readFileSync(path, 'utf8'), path, depth);
  }

  parse(text: string, file: string, depth: number): void {
    const lines = text.split('\n');
    for (let index = 0; index < lines.length; index++) {
      const line = index + 1;
      let content = (lines[index] as string).replace(/\r$/, '');
      while (content.endsWith('\\') && index + 1 < lines.length)
        content = content.slice(0, -1) + (lines[++index] as string);
      const fields = splitFields(content);
      if (fields.length === 0) continue;
      try {
        if (!this.include(fields, file, line, depth)) this.rules.push(parseRule(fields, file, line));
      } catch (error) {
        this.mistakes.push({ file, line, message: (error as Error).message });
      }
    }
  }

  /** include, include_if_exists, include_dir. */
  private include(fields: readonly HbaWord[][], file: string, line: number, depth: number): boolean {
    const word = fields[0]?.[0]?.text ?? '';
    if (word !== 'include' && word !== 'include_if_exists' && word !== 'include_dir') return false;
    const target = fields[1]?.[0]?.text;
    if (fields.length !== 2 || target === undefined) throw new Error(`wrong number of arguments for "${word}"`);
    const path = isAbsolute(target) ? target : join(dirname(file), target);
    if (word === 'include_dir') {
      const names = readdirSync(path).filter((name) => name.endsWith('.conf') && !name.startsWith('.'));
      for (const name of names.sort()) this.read(join(path, name), depth + 1, { file, line });
    } else if (word === 'include' || existsSync(path)) {
      this.read(path, depth + 1, { file, line });
    }
    return true;
  }
}

/** Fields of a line, each a comma-separated list; a # outside quotes ends it. */
function splitFields(line: string): HbaWord[][] {
  const fields: HbaWord[][] = [];
  let continues = false;
  const pattern = /\s*(?:(#.*$)|(,)|((?:"[^"]*"|[^\s,#"])+))/gy;
  for (let match = pattern.exec(line); match !== null; match = pattern.exec(line)) {
    const [, comment, comma, raw] = match;
    if (comment !== undefined) break;
    if (comma !== undefined) {
      continues = true;
      continue;
    }
    const word = { text: (raw as string).replaceAll('"', ''), quoted: (raw as string).startsWith('"') };
    const field = fields.at(-1);
    if (continues && field !== undefined) field.push(word);
    else fields.push([word]);
    continues = false;
  }
  return fields;
}

function parseRule(fields: readonly HbaWord[][], file: string, line: number): HbaRule {
  const type = single(fields[0], 'connection type').text;
  if (!types.has(type)) throw new Error(`invalid connection type "${type}"`);
  if (type === 'hostgssenc')
    throw new Error('hostgssenc record cannot match because GSSAPI is not supported by this build');
  const databases = fields[1] ?? missing('end-of-line before database specification');
  const users = fields[2] ?? missing('end-of-line before role specification');
  let next = 3;
  let address: HbaAddress | null = null;
  if (type !== 'local') {
    const text = single(fields[next] ?? missing('end-of-line before IP address specification'), 'host address');
    next++;
    const mask = fields[next]?.[0]?.text ?? '';
    const hasMask = isIP(text.text) !== 0 && isIP(mask) !== 0;
    address = parseAddress(text, hasMask ? mask : null, fields[next] === undefined);
    if (hasMask) next++;
  }
  const method = single(
    fields[next] ?? missing('end-of-line before authentication method'),
    'authentication type',
  ).text;
  if (otherMethods.has(method))
    throw new Error(`invalid authentication method "${method}": not supported by this build`);
  if (!methods.has(method)) throw new Error(`invalid authentication method "${method}"`);
  const options = fields.slice(next + 1).map((words) => words.map((word) => word.text).join(','));
  for (const option of options) checkOption(option);
  return { file, line, type: type as HbaRule['type'], databases, users, address, method: method as HbaMethod, options };
}

function parseAddress(word: HbaWord, mask: string | null, isLast: boolean): HbaAddress {
  const { text, quoted } = word;
  if (!quoted && (text === 'all' || text === 'samehost' || text === 'samenet')) return { kind: text };
  const [address = '', length] = text.split('/');
  if (isIP(address) !== 0) {
    if (length === undefined && mask === null) {
      throw new Error(isLast ? 'end-of-line before netmask specification' : `invalid IP mask "${text}"`);
    }
    const range = parseAddressRange(address, length ?? (mask as string));
    if (range === null)
      throw new Error(
        length === undefined ? `IP address and mask do not match` : `invalid CIDR mask in address "${text}"`,
      );
    return { kind: 'range', range, address, mask: range.mask };
  }
  if (length !== undefined) throw new Error(`specifying both host name and CIDR mask is invalid: "${text}"`);
  return { kind: 'host', name: text };
}

function checkOption(option: string): void {
  const [name = '', value] = option.split('=');
  if (value === undefined) throw new Error(`authentication option not in name=value format: ${option}`);
  throw new Error(`unrecognized authentication option name: "${name}"`);
}

function single(words: readonly HbaWord[] | undefined, what: string): HbaWord {
  const [word, more] = words ?? [];
  if (word === undefined) throw new Error(`end-of-line before ${what} specification`);
  if (more !== undefined) throw new Error(`multiple values specified for ${what}`);
  return word;
}

function missing(message: string): never {
  throw new Error(message);
}
