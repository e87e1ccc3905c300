// What is said of a session's statements: their text before they run (log_statement), how long they took after
// (log_duration, log_min_duration_statement, log_min_duration_sample, log_transaction_sample_rate). As every message of
// severity LOG it goes to the client too where client_min_messages asks for it.
import { currentMicroseconds } from '../../base/clock.js';
import type { SessionSettings } from '../../config/api.js';
import { type Notice, SqlState } from '../../errors/pg-error.js';
import { type CommandLevel, includes } from './command-level.js';

/** What a message of the protocol did, as the log names it. */
export interface LoggedStep {
  /** `statement`, `parse <unnamed>`, `bind name/portal`, `execute <unnamed>`: what stands before the text. */
  readonly title: string;
  readonly text: string;
  readonly detail?: string | undefined;
}

/** The settings, read again when one of them changed. */
interface Wanted {
  readonly generation: number;
  readonly statement: string;
  readonly duration: boolean;
  readonly minimum: number;
  readonly sampleMinimum: number;
  readonly sampleRate: number;
  readonly transactionRate: number;
  readonly isAny: boolean;
}

export class StatementLog {
  private wanted: Wanted | null = null;
  private startedAt = 0;
  private wasLogged = false;
  private isTransactionSampled = false;

  constructor(
    private readonly settings: SessionSettings,
    /** Logs and shows a message; `duration` in milliseconds. */
    private readonly tell: (notice: Notice, duration?: number) => void,
    /** The server's own sessions run nobody's statements. */
    private readonly isSilent: boolean,
  ) {}

  /** log_statement may want the statement, depending on its level. */
  get asksForText(): boolean {
    return this.current().statement !== 'none';
  }

  /** Something may be said of statements: their text, or how long they took. */
  get wantsAny(): boolean {
    return this.current().isAny;
  }

  /** A message that runs something came in. */
  begin(): void {
    this.startedAt = currentMicroseconds();
    this.wasLogged = false;
  }

  /** A transaction began, or a statement that needs none: is it one whose statements are all logged? */
  sampleTransaction(): void {
    const { transactionRate } = this.current();
    this.isTransactionSampled = isChosen(transactionRate);
  }

  /** Says what is about to run, where log_statement includes statements of this level. */
  starts(level: CommandLevel, step: () => LoggedStep): void {
    const { statement } = this.current();
    if (statement === 'none' || !includes(statement, level)) return;
    const { title, text, detail } = step();
    this.wasLogged = true;
    this.tell(logMessage(`${title}: ${text}`, detail));
  }

  /** Says how long it took, where the settings ask for it; a statement that nothing was said of yet with its text. */
  ended(step: () => LoggedStep): void {
    const wanted = this.current();
    if (!wanted.isAny && !this.isTransactionSampled) return;
    const microseconds = currentMicroseconds() - this.startedAt;
    const isLong = exceeds(microseconds, wanted.minimum);
    const isSample = exceeds(microseconds, wanted.sampleMinimum) && isChosen(wanted.sampleRate);
    const isNamed = isLong || isSample || this.isTransactionSampled;
    if (!isNamed && !wanted.duration) return;
    const duration = microseconds / 1000;
    const took = `duration: ${duration.toFixed(3)} ms`;
    if (!isNamed || this.wasLogged) {
      this.tell(logMessage(took), duration);
      return;
    }
    const { title, text, detail } = step();
    this.tell(logMessage(`${took}  ${title}: ${text}`, detail), duration);
  }

  /** A temporary file of so many bytes is done with. */
  temporaryFile(bytes: number): void {
    const minimumKb = this.settings.int('log_temp_files');
    if (minimumKb < 0 || bytes < minimumKb * 1024) return;
    this.tell(logMessage(`temporary file: size ${bytes}`));
  }

  private current(): Wanted {
    const { wanted, settings } = this;
    if (wanted !== null && wanted.generation === settings.generation) return wanted;
    this.wanted = this.isSilent ? silence(settings.generation) : read(settings);
    return this.wanted;
  }
}

function read(settings: SessionSettings): Wanted {
  const wanted = {
    generation: settings.generation,
    statement: settings.text('log_statement'),
    duration: settings.bool('log_duration'),
    minimum: settings.int('log_min_duration_statement'),
    sampleMinimum: settings.int('log_min_duration_sample'),
    sampleRate: settings.float('log_statement_sample_rate'),
    transactionRate: settings.float('log_transaction_sample_rate'),
  };
  const { statement, duration, minimum, sampleMinimum, transactionRate } = wanted;
  const isAny = statement !== 'none' || duration || minimum >= 0 || sampleMinimum >= 0 || transactionRate > 0;
  return { ...wanted, isAny };
}

function silence(generation: number): Wanted {
  return {
    generation,
    statement: 'none',
    duration: false,
    minimum: -1,
    sampleMinimum: -1,
    sampleRate: 0,
    transactionRate: 0,
    isAny: false,
  };
}

/** Is it as long as the setting (milliseconds, -1: off) asks? */
function exceeds(microseconds: number, minimumMs: number): boolean {
  return minimumMs >= 0 && microseconds >= minimumMs * 1000;
}

function isChosen(rate: number): boolean {
  return rate > 0 && (rate >= 1 || Math.random() <= rate);
}

function logMessage(message: string, detail?: string): Notice {
  const fields = detail === undefined ? {} : { detail };
  return { severity: 'LOG', code: SqlState.successfulCompletion, message, fields };
}
