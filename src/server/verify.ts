// `heliosdb verify`: checks a data directory that no server runs in and prints what it looked at and what is wrong. The
// files come first (log, base, bulk files: native/crates/store/src/verify), then what is in them, where they are sound.
import { existsSync } from 'node:fs';
import type { StartCommand } from '../config/command-line.js';
import { ConfigurationError } from '../config/toml-file.js';
import { verifyStore } from '../storage/store.js';
import { readConfiguration } from './configuration.js';
import { storeDirectory } from './data-directory.js';
import { makeLog } from './log.js';
import { Supervisor } from './supervisor.js';

/** True where nothing is wrong. Throws F0001 where a server runs there, ConfigurationError where there is no directory. */
export async function verify(command: StartCommand): Promise<boolean> {
  const { settings, dataDirectory, configured } = readConfiguration(command);
  const directory = storeDirectory(dataDirectory);
  if (!existsSync(directory)) throw new ConfigurationError(`there is no data directory "${dataDirectory}"`);
  let problemCount = 0;
  const looked = (fact: string) => process.stdout.write(`${fact}\n`);
  const found = (problem: string) => {
    problemCount++;
    process.stdout.write(`PROBLEM ${problem}\n`);
  };
  const { facts, problems, isOpen } = verifyStore(directory);
  facts.forEach(looked);
  problems.forEach(found);
  if (isOpen) {
    const supervisor = new Supervisor({
      log: makeLog(settings, 0),
      dataDirectory,
      heapMb: settings.int('heliosdb.worker_memory'),
      configured: () => configured,
      onReloadWanted: () => {},
    });
    await supervisor.verify((report) => {
      if (report.kind === 'looked') looked(report.fact);
      else if (report.kind === 'found') found(report.problem);
    });
  }
  process.stdout.write(problemCount === 0 ? 'Nothing is wrong.\n' : `${problemCount} problems were found.\n`);
  return problemCount === 0;
}
