// The data directory: what is in it, how a new one is made. The store holds the lock that keeps two servers apart.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigurationError } from '../config/toml-file.js';
import { closeStore, openStore } from '../storage/store.js';

const version = '17';

/** Files that may be put there before the first start, and those that it makes itself. */
const givenNames = new Set(['heliosdb.toml', 'heliosdb.auto.toml', 'pg_hba.conf', 'lost+found']);
const ownNames = new Set([...givenNames, 'store', 'authentication_secret']);

const defaultHba = `# Who may connect, from where and how: PostgreSQL's format (manual, section 20.1). The first line that matches decides.
# Only this machine gets in without a password; add lines like
#   hostssl all all 10.0.0.0/8 scram-sha-256
# for others, and set listen_addresses in heliosdb.toml.

# TYPE  DATABASE  USER  ADDRESS        METHOD
local   all       all                  trust
host    all       all   127.0.0.1/32   trust
host    all       all   ::1/128        trust
`;

/** Makes the directory and its first files where there are none; true where it is new. Throws ConfigurationError for a
 *  directory of something else. */
export function prepareDataDirectory(directory: string): boolean {
  const marker = join(directory, 'PG_VERSION');
  if (existsSync(marker)) {
    const found = readFileSync(marker, 'utf8').trim();
    if (found !== version || !existsSync(join(directory, 'store'))) {
      throw new ConfigurationError(
        `"${directory}" is not a data directory of this version of HeliosDB (PG_VERSION ${found})`,
      );
    }
    return false;
  }
  const found = existsSync(directory) ? readdirSync(directory) : [];
  // A first start that was interrupted leaves these and no PG_VERSION: begin again.
  if (found.includes('store') && found.every((name) => ownNames.has(name))) {
    // Opening throws F0001 where that start is still under way.
    openStore(storeDirectory(directory));
    closeStore();
    rmSync(storeDirectory(directory), { recursive: true });
  } else if (found.some((name) => !givenNames.has(name))) {
    throw new ConfigurationError(`directory "${directory}" exists but is not empty and no data directory of HeliosDB`);
  }
  mkdirSync(storeDirectory(directory), { recursive: true, mode: 0o700 });
  const hba = join(directory, 'pg_hba.conf');
  if (!existsSync(hba)) writeFileSync(hba, defaultHba, { mode: 0o600 });
  return true;
}

/** Marks the directory as whole: the catalogs are in the store. */
export function finishDataDirectory(directory: string): void {
  writeFileSync(join(directory, 'PG_VERSION'), `${version}\n`, { mode: 0o600 });
}

/**
 * The secret that the salts of roles without a password derive from. It outlives the server, as the salts of real ones do:
 * one that changed would tell which role exists. Made where there is none yet; the store's lock is held by then.
 */
export function authenticationSecret(directory: string): Buffer {
  const file = join(directory, 'authentication_secret');
  if (!existsSync(file)) writeFileSync(file, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  return Buffer.from(readFileSync(file, 'utf8').trim(), 'hex');
}

/** Where the store keeps its files. */
export function storeDirectory(directory: string): string {
  return join(directory, 'store');
}
