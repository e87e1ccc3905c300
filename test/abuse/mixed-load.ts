// Many clients that read, transfer and count, while statements time out and are canceled at random. In the end the sums
// are right, and of every client's transactions exactly those are there that it was told of.
import { Source } from '../../conformance/queries/source.js';
import { WireClient, type WireResult } from '../../conformance/wire-client.js';
import type { TestServer } from '../support/server.js';

const accounts = 100;
const startBalance = 1000;

export const loadSchema = `
  create table account (id int primary key, balance int not null);
  create table done (client int, number int, primary key (client, number));
  insert into account select n, ${startBalance} from generate_series(1, ${accounts}) n;
`;

export interface LoadFigures {
  transactions: number;
  committed: number;
  reads: number;
  /** Errors by SQLSTATE. */
  readonly errors: Map<string, number>;
}

/** What may end a statement here: canceled or timed out (57014), a lock not had in time, a deadlock. */
const expectedErrors = new Set(['57014', '55P03', '40P01']);

export class LoadClient {
  private readonly told = new Set<number>();
  private number = 0;
  processId = 0;

  private constructor(
    private readonly id: number,
    private readonly client: WireClient,
    private readonly source: Source,
    private readonly figures: LoadFigures,
  ) {}

  static async connect(server: TestServer, id: number, seed: number, figures: LoadFigures): Promise<LoadClient> {
    const wire = await WireClient.connect({ ...server, user: 'postgres', database: 'postgres' });
    const client = new LoadClient(id, wire, new Source(seed * 1000 + id), figures);
    client.processId = Number((await wire.query('select pg_backend_pid()')).rows[0]?.[0]);
    return client;
  }

  /** Runs transactions until `isOver`. Rejects where the connection is lost or an error comes that should not. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      if (this.source.chance(0.3)) await this.read();
      else await this.transfer();
    }
    this.client.close();
  }

  private async read(): Promise<void> {
    const sum = await this.ask('select sum(balance), count(*) from account');
    this.figures.reads++;
    const [total, count] = sum.rows[0] ?? [];
    if (sum.error === null && (total !== String(accounts * startBalance) || count !== String(accounts)))
      throw new Error(`a reader saw ${total} in ${count} accounts`);
  }

  private async transfer(): Promise<void> {
    const { source } = this;
    const [from, to] = [1 + source.below(accounts), 1 + source.below(accounts)];
    const amount = source.below(50);
    const number = ++this.number;
    this.figures.transactions++;
    const timeout = source.chance(0.3) ? `set local statement_timeout = ${1 + source.below(20)};` : '';
    if (source.chance(0.4)) return this.transferByKey(from, to, amount, number);
    const steps = [
      `begin; set local lock_timeout = 200; ${timeout}`,
      `update account set balance = balance - ${amount} where id = ${from}`,
      source.chance(0.2) ? `select pg_sleep(${source.below(10) / 1000})` : 'select 1',
      `update account set balance = balance + ${amount} where id = ${to}`,
      `insert into done values (${this.id}, ${number})`,
    ];
    for (const step of steps) {
      if ((await this.ask(step)).error === null) continue;
      await this.ask('rollback');
      return;
    }
    // A block that failed in between says ROLLBACK: only a COMMIT that raises no error has committed.
    if ((await this.ask('commit')).error !== null) return;
    this.told.add(number);
    this.figures.committed++;
  }

  /** The same by prepared statements, which the server answers on its shortest way; the lower id first, since nothing but
   *  a deadlock or a cancel ends a wait here. */
  private async transferByKey(from: number, to: number, amount: number, number: number): Promise<void> {
    const [low, high] = from < to ? [from, to] : [to, from];
    const change = from < to ? -amount : amount;
    const update = 'update account set balance = balance + $1 where id = $2';
    const steps: readonly (readonly [sql: string, ...values: number[]])[] = [
      ['begin'],
      [update, change, low],
      ['select balance from account where id = $1', low],
      [update, -change, high],
      ['insert into done values ($1, $2)', this.id, number],
      ['commit'],
    ];
    for (const [sql, ...values] of steps) {
      const result = this.expected(await this.client.prepared(sql, values.map(String)), sql);
      if (result.error === null) continue;
      await this.ask('rollback');
      return;
    }
    this.told.add(number);
    this.figures.committed++;
  }

  private async ask(sql: string): Promise<WireResult> {
    return this.expected(await this.client.query(sql), sql);
  }

  private expected(result: WireResult, sql: string): WireResult {
    const code = result.error?.code;
    if (code !== undefined) {
      this.figures.errors.set(code, (this.figures.errors.get(code) ?? 0) + 1);
      // A cancel may hit any statement; one that hits ROLLBACK leaves nothing to roll back.
      if (!expectedErrors.has(code)) throw new Error(`${sql}: ${code} ${result.error?.message}`);
    }
    return result;
  }

  /** What is wrong with this client's transactions. */
  async verify(control: WireClient): Promise<string[]> {
    const { rows } = await control.query(`select number from done where client = ${this.id}`);
    const found = new Set(rows.map(([number]) => Number(number)));
    const lost = [...this.told].filter((number) => !found.has(number));
    const untold = [...found].filter((number) => !this.told.has(number));
    return [
      ...lost.map((number) => `transaction ${number} of client ${this.id} was acknowledged and is not there`),
      ...untold.map((number) => `transaction ${number} of client ${this.id} is there though it failed`),
    ];
  }
}

/** Cancels statements of random clients until `isOver`. */
export async function cancelAtRandom(
  control: WireClient,
  clients: readonly LoadClient[],
  source: Source,
  isOver: () => boolean,
): Promise<void> {
  while (!isOver()) {
    await control.query(`select pg_cancel_backend(${source.pick(clients).processId})`);
    await new Promise((resolve) => setTimeout(resolve, source.below(5)));
  }
}

/** What is wrong with the accounts as a whole. */
export async function verifySums(control: WireClient): Promise<string[]> {
  const { rows } = await control.query('select sum(balance), count(*) from account');
  const [sum, count] = rows[0] ?? [];
  return sum === String(accounts * startBalance) && count === String(accounts) ? [] : [`${sum} in ${count} accounts`];
}
