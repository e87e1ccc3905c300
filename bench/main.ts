// The benchmark: measures a server beside a peer in turns, prints medians, spreads and ratios, and says by its exit code
// whether all could be measured and all answers agreed: 0 so it is, 1 it is not, 2 it could not run. Missed targets are
// told, and are no failure. `npm run bench -- --help` shows the options.
import { UsageError } from '../conformance/command-line.js';
import { type CommandLine, parseCommandLine, usage } from './command-line.js';
import { openDuckdb } from './duckdb.js';
import { hasFailed, print, showMean, showResult, showStep, showSurroundings, showTotals, writeJson } from './report.js';
import { type MeanResult, type MeasureResult, meanResult, runWorkload, type RunOptions } from './run.js';
import { openServers, type Servers, surroundings } from './servers.js';
import { Sites } from './site.js';
import { sizeOf } from './size.js';
import { fetchTools } from './tools.js';
import { workloads } from './workloads.js';

// Whoever reads along may stop reading, or stop the run: the servers that were started end with it.
process.stdout.on('error', () => process.exit(2));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(2));

try {
  const commandLine = parseCommandLine(process.argv.slice(2), workloads);
  if (commandLine === 'help') process.stdout.write(usage(workloads));
  else if (commandLine === 'fetch-tools') process.exitCode = fetchTools() ? 0 : 2;
  else process.exitCode = (await run(commandLine)) ? 0 : 1;
} catch (error) {
  print(`bench: ${error instanceof UsageError ? error.message : (error as Error).stack}`);
  process.exitCode = 2;
}

async function run(commandLine: CommandLine): Promise<boolean> {
  const servers = await openServers(commandLine);
  const kill = () => {
    servers.server.kill();
    servers.peer.kill();
  };
  process.on('exit', kill);
  const { duration, limitSeconds } = commandLine;
  const size = sizeOf(commandLine.scale);
  const siteOptions = { size, duration, limitSeconds, bin: servers.bin };
  const sites = {
    server: new Sites(servers.server, 'server', siteOptions),
    peer: new Sites(servers.peer, 'peer', siteOptions),
  };
  const { rounds } = commandLine;
  const { profiler } = servers;
  const options: RunOptions = {
    ...sites,
    rounds,
    size,
    warmsUp: true,
    profiler,
    duckdb: openDuckdb,
    onStart: showStep,
  };
  try {
    return await measureAll(commandLine, servers, options);
  } finally {
    await sites.server.close();
    await sites.peer.close();
    await servers.server.stop();
    await servers.peer.stop();
    process.off('exit', kill);
  }
}

async function measureAll(commandLine: CommandLine, servers: Servers, options: RunOptions): Promise<boolean> {
  const around = await surroundings(servers);
  showSurroundings(around, commandLine);
  const results: MeasureResult[] = [];
  const means: MeanResult[] = [];
  for (const workload of commandLine.workloads) {
    const own: MeasureResult[] = [];
    for await (const result of runWorkload(workload, options)) {
      showResult(result);
      for (const line of options.profiler?.takeSummary() ?? []) print(`    ${line}`);
      own.push(result);
    }
    const mean = meanResult(workload, own);
    if (mean !== null) {
      showMean(mean);
      means.push(mean);
    }
    results.push(...own);
    // After each workload: what was measured stays if the run is stopped.
    if (commandLine.json !== null) writeJson(commandLine.json, { around, commandLine }, results, means);
  }
  showTotals(results, means);
  return !results.some((result) => hasFailed(result) || result.difference !== null);
}
