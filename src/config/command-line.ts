// The command line: `heliosdb start|init|verify|version` with its options.
import { parseArgs } from 'node:util';
import { ConfigurationError, commandLineSetting } from './toml-file.js';
import type { ConfiguredSetting } from './base-settings.js';

export type CommandLine = { readonly command: 'help' } | { readonly command: 'version' } | StartCommand;

export interface StartCommand {
  readonly command: 'start' | 'init' | 'verify';
  readonly dataDirectory: string;
  /** null: heliosdb.toml of the current directory, if there is one. */
  readonly configFile: string | null;
  readonly settings: readonly ConfiguredSetting[];
}

export const usage = `HeliosDB, a PostgreSQL 17 drop-in server.

Usage:
  heliosdb start [options]   serve; creates the data directory where there is none
  heliosdb init [options]    create the data directory and stop
  heliosdb verify [DIRECTORY]
                             check a data directory that no server runs in;
                             ends with 1 where something is wrong
  heliosdb version           print the version

Options:
  -D, --data DIRECTORY       data directory (default: $HELIOSDB_DATA, else ./data)
  -p, --port PORT            port to listen on (default 5432)
  -c, --config FILE          configuration file (default: heliosdb.toml, if there)
  -c NAME=VALUE              set one setting; may be given several times
  -h, --help                 this text
  -V, --version              print the version
`;

const options = {
  data: { type: 'string', short: 'D' },
  port: { type: 'string', short: 'p' },
  config: { type: 'string', short: 'c', multiple: true },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'V' },
} as const;

/** Reads the arguments after the program's name; throws ConfigurationError on a mistake. */
export function parseCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parseStrictly(args);
  const [command = 'help', ...rest] = positionals;
  if (values.help || command === 'help') return { command: 'help' };
  if (values.version || command === 'version') return { command: 'version' };
  if (command !== 'start' && command !== 'init' && command !== 'verify')
    throw new ConfigurationError(`unknown command "${command}"`);
  const directory = command === 'verify' ? rest.shift() : undefined;
  if (rest.length > 0) throw new ConfigurationError(`unexpected argument "${rest[0]}"`);
  const settings = (values.config ?? []).filter((text) => text.includes('='));
  const files = (values.config ?? []).filter((text) => !text.includes('='));
  if (files.length > 1) throw new ConfigurationError('only one configuration file can be given');
  return {
    command,
    dataDirectory: directory ?? values.data ?? process.env.HELIOSDB_DATA ?? 'data',
    configFile: files[0] ?? null,
    settings: [
      ...settings.map((text) =>
        commandLineSetting(text.slice(0, text.indexOf('=')), text.slice(text.indexOf('=') + 1)),
      ),
      ...(values.port === undefined ? [] : [commandLineSetting('port', values.port)]),
    ],
  };
}

function parseStrictly(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw new ConfigurationError((error as Error).message);
  }
}
