// The server's configuration from all its sources, in order of strength: heliosdb.toml, heliosdb.auto.toml, command line.
import { existsSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { autoFilePath } from '../config/auto-file.js';
import { BaseSettings } from '../config/base-settings.js';
import type { ConfiguredSetting } from '../config/base-settings.js';
import type { StartCommand } from '../config/command-line.js';
import { ConfigurationError, readTomlFile } from '../config/toml-file.js';
import { isLoopback, isLoopbackRange } from './address-range.js';
import { readHbaFile } from './hba-file.js';
import type { HbaRule } from './hba-file.js';

export interface Configuration {
  readonly dataDirectory: string;
  readonly configured: readonly ConfiguredSetting[];
  readonly settings: BaseSettings;
  readonly hbaFile: string;
}

/** Reads everything; throws ConfigurationError with file and line. */
export function readConfiguration(commandLine: StartCommand): Configuration {
  const dataDirectory = resolve(commandLine.dataDirectory);
  const file = commandLine.configFile ?? defaultConfigFile(dataDirectory);
  const fromFile = file === null ? [] : readTomlFile(resolve(file), { required: true });
  const configured = [
    ...fromFile,
    ...readTomlFile(autoFilePath(dataDirectory), { required: false }),
    ...commandLine.settings,
    fixed('data_directory', dataDirectory),
    ...(file === null ? [] : [fixed('config_file', resolve(file))]),
  ];
  const named = new BaseSettings(configured).text('hba_file');
  const hbaFile =
    named === '' ? join(dataDirectory, 'pg_hba.conf') : isAbsolute(named) ? named : join(dataDirectory, named);
  configured.push(fixed('hba_file', hbaFile));
  return { dataDirectory, configured, settings: new BaseSettings(configured), hbaFile };
}

/** Refuses rules with mistakes, and to listen for others who would get in without a password. */
export function checkAccess(configuration: Configuration): void {
  const { rules, mistakes } = readHbaFile(configuration.hbaFile);
  const [first] = mistakes;
  if (first !== undefined) throw new ConfigurationError(`${first.file}:${first.line}: ${first.message}`);
  const open = listenAddresses(configuration.settings).find((address) => !isLoopback(address));
  const trusting = rules.find(letsOthersIn);
  if (open === undefined || trusting === undefined) return;
  throw new ConfigurationError(
    `listen_addresses has "${open}", but line ${trusting.line} of ${trusting.file} lets other machines in without a password: ` +
      'use scram-sha-256 there, or listen on localhost only',
  );
}

/** listen_addresses as a list; * is every address. */
export function listenAddresses(settings: BaseSettings): string[] {
  const names = settings.text('listen_addresses').split(',');
  return names.map((name) => name.trim()).filter((name) => name !== '');
}

function letsOthersIn(rule: HbaRule): boolean {
  if (rule.method !== 'trust' || rule.address === null) return false;
  const { address } = rule;
  if (address.kind === 'range') return !isLoopbackRange(address.address, address.range.bits);
  return address.kind !== 'host' || address.name !== 'localhost';
}

function defaultConfigFile(dataDirectory: string): string | null {
  return [join(dataDirectory, 'heliosdb.toml'), 'heliosdb.toml'].find((path) => existsSync(path)) ?? null;
}

function fixed(name: string, text: string): ConfiguredSetting {
  return { name, text, source: 'override', file: null, line: null };
}
