// One server as workloads see it: a database of the benchmark's own for each dataset, made when it is first needed and
// dropped at the end; queries, programs and limits.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { clientEnvironment } from '../conformance/programs.js';
import { statements } from '../conformance/scratch-database.js';
import { WireClient } from '../conformance/wire-client.js';
import { processesOf, processorSeconds, type StartedServer } from './servers.js';
import type { Size } from './size.js';
import type { Answer, Dataset, Sample, Site } from './workload.js';

export interface SiteOptions {
  readonly size: Size;
  readonly duration: Site['duration'];
  readonly limitSeconds: number;
  readonly bin: string;
}

const canceled = '57014';

/** The sites of one server, by dataset. */
export class Sites {
  private readonly open = new Map<string, Promise<OpenSite>>();

  /** `side` tells the databases of two sides apart, which may be one server. */
  constructor(
    private readonly server: StartedServer,
    private readonly side: string,
    private readonly options: SiteOptions,
  ) {}

  /** The site that holds the dataset. Rejects, each time, with why its data could not be made. */
  with(dataset: Dataset): Promise<Site> {
    const known = this.open.get(dataset.name);
    if (known !== undefined) return known;
    const made = this.make(dataset);
    this.open.set(dataset.name, made);
    return made;
  }

  /** Drops every database that was made. */
  async close(): Promise<void> {
    for (const name of this.open.keys()) {
      const site = await this.open.get(name)?.catch(() => null);
      site?.close();
      // The server may be gone: then the reason was told where it went.
      await statements(this.server.address, [`drop database if exists ${this.database(name)} with (force)`]).catch(
        () => undefined,
      );
    }
  }

  private database(dataset: string): string {
    return `bench_${dataset}_${this.side}_${process.pid}`;
  }

  private async make(dataset: Dataset): Promise<OpenSite> {
    const database = this.database(dataset.name);
    await statements(this.server.address, [
      `drop database if exists ${database} with (force)`,
      `create database ${database} template template0`,
    ]);
    const site = new OpenSite(this.server, database, this.options);
    await dataset.setUp(site);
    return site;
  }
}

class OpenSite implements Site {
  readonly address;
  readonly size;
  readonly duration;
  readonly statementLimitMs;
  private client: WireClient | null = null;

  constructor(
    private readonly server: StartedServer,
    database: string,
    private readonly options: SiteOptions,
  ) {
    this.address = { ...server.address, database };
    this.size = options.size;
    this.duration = options.duration;
    this.statementLimitMs = Math.round(options.limitSeconds * 1000);
  }

  processes(): readonly number[] {
    return processesOf(this.server);
  }

  processorSeconds(): number {
    return processorSeconds(this.server);
  }

  program(name: string, args: readonly string[], input = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(join(this.options.bin, name), args, { env: clientEnvironment(this.address) });
      const chunks: Buffer[] = [];
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.once('error', reject);
      child.once('close', (code) => {
        const output = Buffer.concat(chunks).toString();
        if (code === 0) resolve(output);
        else reject(new Error(`${name}: ${output.trim().slice(-600)}`));
      });
      // It may end without reading.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }

  async query(sql: string): Promise<Answer> {
    const answer = await this.ask(sql);
    if ('code' in answer) throw new Error(`${answer.code} ${answer.message}`);
    return answer;
  }

  async timed(sql: string): Promise<Sample> {
    await this.query(`set statement_timeout = ${this.statementLimitMs}`);
    const begun = performance.now();
    const answer = await this.ask(sql);
    const value = (performance.now() - begun) / 1000;
    await this.query('reset statement_timeout');
    if (!('code' in answer)) return { value, answer };
    if (answer.code === canceled) return { value: this.statementLimitMs / 1000, isLimited: true };
    throw new Error(`${answer.code} ${answer.message}`);
  }

  close(): void {
    this.client?.close();
  }

  private async ask(sql: string): Promise<Answer | { readonly code: string; readonly message: string }> {
    this.client ??= await WireClient.connect(this.address);
    try {
      const { columns, rows, error } = await this.client.query(sql);
      return error ?? { columns, rows };
    } catch (error) {
      // The connection is gone; the next workload gets a new one.
      this.client = null;
      throw error;
    }
  }
}
