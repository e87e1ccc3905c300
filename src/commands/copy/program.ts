// Programs as COPY's source and sink: the server's shell runs the command, its output or input is the data (manual, COPY).
// Who may is decided before; a program that fails makes the command fail.
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CommandContext } from '../api.js';
import type { CopyInSource, CopyOutSink } from './api.js';

/** How often a wait for the program looks whether the statement was cancelled. */
const checkMs = 100;

/** What the program prints. Throws 38000 at the end where it failed. */
export async function* openProgramSource(context: CommandContext, command: string): CopyInSource {
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = exitOf(child);
  const stop = watch(context, (error) => {
    child.kill();
    child.stdout.destroy(error);
  });
  try {
    for await (const chunk of child.stdout) yield chunk as Buffer;
    requireSuccess(command, await exit);
  } finally {
    stop();
    // An error in the rows: the program finds its pipe closed.
    child.stdout.destroy();
  }
}

/** A sink that the program reads. */
export function openProgramSink(context: CommandContext, command: string): CopyOutSink {
  const child = spawn('/bin/sh', ['-c', command], { stdio: ['pipe', 'inherit', 'inherit'] });
  const exit = exitOf(child);
  let broken: Error | null = null;
  const { stdin } = child;
  stdin.on('error', (error) => {
    broken = error;
  });
  const requireWritable = async (): Promise<void> => {
    if (broken === null) return;
    requireSuccess(command, await exit);
    throw pgError(SqlState.ioError, 'could not write to COPY program: Broken pipe');
  };
  const settled = async (start: (done: () => void) => void): Promise<void> => {
    let stop = (): void => undefined;
    await new Promise<void>((resolve, reject) => {
      stop = watch(context, (error) => {
        child.kill();
        reject(error);
      });
      stdin.once('error', () => resolve());
      start(resolve);
    }).finally(() => stop());
    await requireWritable();
  };
  return {
    write: (chunk) =>
      broken === null && stdin.write(chunk) ? undefined : settled((done) => stdin.once('drain', done)),
    async end() {
      await settled((done) => {
        stdin.end(() => done());
      });
      await settled((done) => void exit.then(() => done()));
      requireSuccess(command, await exit);
    },
  };
}

interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(pgError(SqlState.ioError, `could not execute command: ${error.message}`)));
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
}

/** Calls `abort` once the statement is cancelled or timed out; returns how to stop looking. */
function watch(context: CommandContext, abort: (error: Error) => void): () => void {
  const execution = context.corridor.executionContext();
  const timer = setInterval(() => {
    try {
      execution.checkInterrupts();
    } catch (error) {
      clearInterval(timer);
      abort(error as Error);
    }
  }, checkMs);
  return () => clearInterval(timer);
}

function requireSuccess(command: string, { code, signal }: Exit): void {
  if (code === 0) return;
  throw pgError(SqlState.externalRoutineException, `program "${command}" failed`, {
    detail: signal === null ? codeText(code ?? 0) : signalText(signal),
  });
}

function codeText(code: number): string {
  if (code === 127) return 'command not found';
  if (code === 126) return 'command not executable';
  return `child process exited with exit code ${code}`;
}

const signalWords: Readonly<Partial<Record<NodeJS.Signals, string>>> = {
  SIGHUP: 'Hangup',
  SIGINT: 'Interrupt',
  SIGQUIT: 'Quit',
  SIGABRT: 'Aborted',
  SIGBUS: 'Bus error',
  SIGFPE: 'Floating point exception',
  SIGKILL: 'Killed',
  SIGSEGV: 'Segmentation fault',
  SIGPIPE: 'Broken pipe',
  SIGALRM: 'Alarm clock',
  SIGTERM: 'Terminated',
};

function signalText(signal: NodeJS.Signals): string {
  return `child process was terminated by signal ${constants.signals[signal]}: ${signalWords[signal] ?? signal}`;
}
