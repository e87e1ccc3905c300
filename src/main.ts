// The program: reads the command line and does what it says. Mistakes of the user end in one sentence, not in a stack.
import { parseCommandLine, usage } from './config/command-line.js';
import { postgresqlVersion } from './config/generated/settings.js';
import { ConfigurationError } from './config/toml-file.js';
import { PgError } from './errors/pg-error.js';

try {
  await run();
} catch (error) {
  if (!(error instanceof ConfigurationError) && !(error instanceof PgError)) throw error;
  const more = error instanceof PgError ? [error.fields.detail, error.fields.hint] : [];
  process.stderr.write(`heliosdb: ${[error.message, ...more].filter(Boolean).join('\n')}\n`);
  process.exit(1);
}

async function run(): Promise<void> {
  const commandLine = parseCommandLine(process.argv.slice(2));
  if (commandLine.command === 'help') {
    process.stdout.write(usage);
    return;
  }
  // The addon is needed from here on: loaded late, so that --help works without it.
  const { addon } = await import('./base/addon.js');
  if (commandLine.command === 'version') {
    process.stdout.write(`HeliosDB ${addon.nativeVersion()} (PostgreSQL ${postgresqlVersion})\n`);
    return;
  }
  if (commandLine.command === 'verify') {
    const { verify } = await import('./server/verify.js');
    process.exit((await verify(commandLine)) ? 0 : 1);
  }
  const { init, start } = await import('./server/start.js');
  if (commandLine.command === 'init') await init(commandLine);
  else await start(commandLine);
}
