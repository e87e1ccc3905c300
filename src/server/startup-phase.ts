// From an accepted socket to a session: start-up packets, TLS, authentication, role and database, limits (manual, section
// 53.2.1). Everything that goes wrong is a FATAL error to the client and a closed socket.
import { addon } from '../base/addon.js';
import type { TLSSocket } from 'node:tls';
import { ByteWriter } from '../base/bytes.js';
import { fatalError, PgError, SqlState } from '../errors/pg-error.js';
import { writeAuthenticationOk, writeNegotiateProtocolVersion } from '../wire/backend.js';
import { hostAndPort } from '../wire/connection.js';
import type { ClientConnection, LoginDatabase, LoginRole, SessionHost, StartupParameters } from '../wire/connection.js';
import { writeErrorResponse } from '../wire/error-response.js';
import { decodeStartupPacket, protocolMinorVersion, splitOptions, startupPacketLength } from '../wire/startup.js';
import type { StartupPacket } from '../wire/startup.js';
import { authenticate, ClientLeft } from './authentication.js';
import { BackendSlot, requestCancel } from './backend-slot.js';
import { logConnection, logRefusal } from './connection-log.js';
import { ClientSocket, terminated } from './client-socket.js';
import type { WorkerState } from './worker-state.js';
import { startTls } from './tls.js';
import { StreamSocket } from './stream-socket.js';
import type { Transport, TransportOwner } from './transport.js';

/** Serves one accepted socket from its first byte to its end. Never rejects. */
export async function serveSocket(
  state: WorkerState,
  host: SessionHost,
  accepted: Transport,
  isLocal: boolean,
): Promise<void> {
  const opening = new Opening(accepted);
  const timer = setTimeout(() => opening.abandon(), state.settings.int('authentication_timeout') * 1000);
  state.opening.add(opening);
  const client = isLocal ? null : opening.peer;
  logConnection(state, { client }, `connection received: ${hostAndPort(client)}`);
  try {
    const packet = await readPackets(state, opening);
    if (packet === null) return;
    await openSession(state, host, opening, packet, isLocal, () => {
      clearTimeout(timer);
      state.opening.delete(opening);
    });
  } catch (error) {
    opening.fail(error, state, client);
  } finally {
    clearTimeout(timer);
    state.opening.delete(opening);
    opening.transport.close();
  }
}

/** A client that hasn't logged in yet. */
export class Opening implements TransportOwner {
  encrypted: TLSSocket | null = null;
  private bytes: Buffer = Buffer.alloc(0);
  private waiting: (() => void) | null = null;
  private hasEnded = false;
  readonly peer: Transport['peer'];

  constructor(public transport: Transport) {
    this.peer = transport.peer;
    transport.own(this);
  }

  /** The next `count` bytes; null where the client left. */
  async read(count: number): Promise<Buffer | null> {
    while (this.bytes.length < count) {
      if (this.hasEnded) return null;
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
    }
    const taken = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    return taken;
  }

  /** The first byte, left where it is; null where the client left. */
  async peek(): Promise<number | null> {
    const first = await this.read(1);
    if (first === null) return null;
    this.bytes = Buffer.concat([first, this.bytes]);
    return first[0] as number;
  }

  get hasMore(): boolean {
    return this.bytes.length > 0;
  }

  /** Stops listening; returns what was read ahead. */
  handOver(): Buffer {
    this.transport.own(null);
    const rest = this.bytes;
    this.bytes = Buffer.alloc(0);
    return rest;
  }

  /** Continues on a stream (TLS over the first). */
  switchTo(socket: TLSSocket): void {
    this.encrypted = socket;
    this.transport = new StreamSocket(socket);
    this.transport.own(this);
  }

  fail(error: unknown, state: WorkerState, client: ClientConnection['client']): void {
    if (error instanceof ClientLeft || this.transport.isClosed) return;
    if (!(error instanceof PgError)) state.log.error({ err: error }, 'a connection could not be opened');
    const shown = error instanceof PgError ? error : fatalError(SqlState.internalError, (error as Error).message);
    shown.severity = 'FATAL';
    logRefusal(state, { client }, shown);
    const writer = new ByteWriter();
    writeErrorResponse(writer, shown);
    this.transport.send(writer);
  }

  /** authentication_timeout is over, or the worker stops. */
  abandon(): void {
    this.transport.destroy();
  }

  ended(): void {
    this.hasEnded = true;
    this.wake();
  }

  received = (chunk: Buffer): void => {
    this.bytes = this.bytes.length === 0 ? chunk : Buffer.concat([this.bytes, chunk]);
    this.wake();
  };

  private wake(): void {
    this.waiting?.();
    this.waiting = null;
  }
}

type Startup = Extract<StartupPacket, { kind: 'startup' }>;

/** First byte of a TLS handshake: a client that doesn't ask first (sslnegotiation=direct). */
const tlsHandshakeByte = 0x16;

/** Answers requests for encryption until the start-up message comes; null where there is nothing more to do. */
async function readPackets(state: WorkerState, opening: Opening): Promise<Startup | null> {
  if (state.tls !== null && (await opening.peek()) === tlsHandshakeByte) await encrypt(state, opening);
  const asked = new Set<StartupPacket['kind']>();
  for (;;) {
    const head = await opening.read(4);
    if (head === null) return null;
    const length = startupPacketLength(head) as number;
    const body = await opening.read(length - 4);
    if (body === null) return null;
    const packet = decodeStartupPacket(Buffer.concat([head, body]));
    switch (packet.kind) {
      case 'cancel':
        requestCancel(packet.processId, packet.secretKey);
        return null;
      case 'startup':
        return packet;
      case 'ssl':
      case 'gssEncryption': {
        // Each may be asked for once; more is a client gone mad.
        if (asked.has(packet.kind) || opening.encrypted !== null)
          throw fatalError(
            SqlState.featureNotSupported,
            `unsupported frontend protocol 1234.${packet.kind === 'ssl' ? 5679 : 5680}: server supports 3.0 to 3.0`,
          );
        asked.add(packet.kind);
        const accepts = packet.kind === 'ssl' && state.tls !== null;
        if (accepts && opening.hasMore) throw unencryptedData('SSL');
        opening.transport.write(Buffer.from(accepts ? 'S' : 'N'));
        if (accepts) await encrypt(state, opening);
        else if (opening.hasMore && packet.kind === 'gssEncryption') throw unencryptedData('GSSAPI encryption');
      }
    }
  }
}

async function encrypt(state: WorkerState, opening: Opening): Promise<void> {
  const ahead = opening.handOver();
  try {
    opening.switchTo(await startTls(opening.transport, ahead, state.tls as NonNullable<typeof state.tls>));
  } catch (error) {
    state.log.info({ err: error }, 'TLS handshake failed');
    throw new ClientLeft();
  }
}

async function openSession(
  state: WorkerState,
  host: SessionHost,
  opening: Opening,
  packet: Startup,
  isLocal: boolean,
  opened: () => void,
): Promise<void> {
  const startup = startupParameters(packet);
  const slot = BackendSlot.open(state.id, state.limits);
  try {
    const client = isLocal ? null : opening.peer;
    addon.backendSetClient(slot.slot, client?.address ?? '', client?.port ?? -1);
    const rest = opening.handOver();
    const checkIdle = () => {
      // The addon soon leaves a statement that waits there to the session, which finds the interrupt.
      if (!slot.pending || socket.isParked()) return;
      if (slot.take() === 'terminate') throw terminated();
    };
    const socket: ClientSocket = new ClientSocket(opening.transport, rest, checkIdle);
    slot.subscribe(() => socket.interrupt());
    if (packet.minorVersion > protocolMinorVersion || packet.protocolOptions.length > 0) {
      writeNegotiateProtocolVersion(socket.out, protocolMinorVersion, packet.protocolOptions);
    }
    await logInAndServe(state, host, { opening, socket, slot, startup, client, opened });
  } finally {
    slot.close();
  }
}

interface LoginRequest {
  readonly opening: Opening;
  readonly socket: ClientSocket;
  readonly slot: BackendSlot;
  readonly startup: StartupParameters;
  readonly client: ClientConnection['client'];
  opened(): void;
}

async function logInAndServe(state: WorkerState, host: SessionHost, request: LoginRequest): Promise<void> {
  const { opening, socket, slot, startup, client } = request;
  const tls = tlsFacts(opening.encrypted);
  try {
    const { role, database, systemUser } = await logIn(state, host, request);
    request.opened();
    if (tls !== null) addon.backendSetTls(slot.slot, tls.protocol, tls.cipher, tls.bits);
    writeAuthenticationOk(socket.out);
    const { processId, secretKey } = slot;
    logAuthorized(state, request, tls);
    const { out } = socket;
    const { points } = socket;
    const facts = {
      processId,
      secretKey,
      slot: slot.slot,
      startup,
      role,
      database,
      client,
      tls,
      systemUser,
      points,
      out,
    };
    await host.serve(makeConnection(socket, slot, facts));
  } catch (error) {
    if (error instanceof PgError) {
      const known = { client, processId: slot.processId, user: startup.user, database: startup.database };
      logRefusal(state, known, asFatal(error));
      writeErrorResponse(socket.out, error);
    } else if (!(error instanceof ClientLeft)) throw error;
  } finally {
    socket.close();
  }
}

/** log_connections: who got in, to what, and how well encrypted. */
function logAuthorized(
  state: WorkerState,
  { startup, client, slot }: LoginRequest,
  tls: ClientConnection['tls'],
): void {
  const { user, database, settings } = startup;
  const applicationName = settings.find(([name]) => name === 'application_name')?.[1];
  const encryption =
    tls === null ? '' : ` SSL enabled (protocol=${tls.protocol}, cipher=${tls.cipher}, bits=${tls.bits})`;
  const named = applicationName === undefined ? '' : ` application_name=${applicationName}`;
  const known = { client, processId: slot.processId, user, database };
  logConnection(state, known, `connection authorized: user=${user} database=${database}${named}${encryption}`);
}

type SessionFacts = Omit<
  ClientConnection,
  | 'interrupts'
  | 'flush'
  | 'flushSoon'
  | 'poll'
  | 'pollCopyData'
  | 'receive'
  | 'receiveThen'
  | 'setEncoding'
  | 'isClosed'
  | 'close'
>;

function makeConnection(socket: ClientSocket, interrupts: BackendSlot, facts: SessionFacts): ClientConnection {
  return {
    ...facts,
    interrupts,
    flush: () => socket.flush(),
    flushSoon: () => socket.flushSoon(),
    poll: () => socket.poll(),
    pollCopyData: () => socket.pollCopyData(),
    receive: (timeout, check) => socket.receive(timeout, check),
    receiveThen: (resolve, reject, timeout) => socket.receiveThen(resolve, reject, timeout),
    setEncoding: (encoding) => socket.setEncoding(encoding),
    get isClosed() {
      return socket.isClosed;
    },
    close: () => socket.close(),
  };
}

interface LogIn {
  readonly role: LoginRole;
  readonly database: LoginDatabase;
  readonly systemUser: string | null;
}

/** Authenticates, then checks role, limits and database in PostgreSQL's order. */
async function logIn(state: WorkerState, host: SessionHost, request: LoginRequest): Promise<LogIn> {
  const { opening, socket, slot, startup, client } = request;
  const { user } = startup;
  const found = host.findRole(user);
  const method = await authenticate({
    socket,
    rules: state.hba.rules,
    user,
    database: startup.database,
    role: found,
    address: client?.address ?? null,
    isEncrypted: opening.encrypted !== null,
    channelBinding: opening.encrypted === null ? null : (state.tls?.channelBinding ?? null),
    secret: state.authenticationSecret,
    scramIterations: state.settings.int('scram_iterations'),
  });
  const role = found ?? refuse(SqlState.invalidAuthorizationSpecification, `role "${user}" does not exist`);
  if (!role.canLogin) refuse(SqlState.invalidAuthorizationSpecification, `role "${user}" is not permitted to log in`);
  if (startup.isReplication) refuse(SqlState.featureNotSupported, 'replication connections are not supported yet');
  const database =
    host.findDatabase(startup.database) ??
    refuse(SqlState.undefinedDatabase, `database "${startup.database}" does not exist`);
  if (!database.allowsConnections) {
    refuse(SqlState.objectNotInPrerequisiteState, `database "${database.name}" is not currently accepting connections`);
  }
  if (!role.isSuperuser && !database.mayConnect(role)) {
    throw fatalError(SqlState.insufficientPrivilege, `permission denied for database "${database.name}"`, {
      detail: 'User does not have CONNECT privilege.',
    });
  }
  slot.logIn(role, database, state.limits);
  const known = { client, processId: slot.processId, user, database: startup.database };
  logConnection(state, known, `connection authenticated: identity="${user}" method=${method ?? 'trust'}`);
  return { role, database, systemUser: method === null ? null : `${method}:${user}` };
}

/** What the packet asks for: user, database, and settings from its parameters and `options`. */
function startupParameters(packet: Startup): StartupParameters {
  const { parameters } = packet;
  const user = parameters.get('user') ?? '';
  if (user === '')
    refuse(SqlState.invalidAuthorizationSpecification, 'no PostgreSQL user name specified in startup packet');
  const replication = parameters.get('replication') ?? 'false';
  const settings: [string, string][] = [];
  for (const [name, value] of parameters) {
    if (name === 'user' || name === 'database' || name === 'replication') continue;
    if (name === 'options') settings.push(...optionSettings(value));
    else settings.push([name, value]);
  }
  const database = parameters.get('database') || user;
  return { user, database, settings, isReplication: !/^(?:false|off|no|0)$/i.test(replication) };
}

/** `-c name=value`, `-cname=value` and `--name=value`; dashes in long names stand for underscores. */
function optionSettings(options: string): [string, string][] {
  const settings: [string, string][] = [];
  const words = splitOptions(options);
  for (let index = 0; index < words.length; index++) {
    const word = words[index] as string;
    const text =
      word === '-c' ? (words[++index] ?? '') : word.startsWith('-c') || word.startsWith('--') ? word.slice(2) : null;
    if (text === null) refuse(SqlState.syntaxError, `invalid command-line argument for server process: ${word}`);
    const equals = (text as string).indexOf('=');
    if (equals < 0) refuse(SqlState.syntaxError, `-c ${text} requires a value`);
    settings.push([(text as string).slice(0, equals).replaceAll('-', '_'), (text as string).slice(equals + 1)]);
  }
  return settings;
}

function tlsFacts(socket: TLSSocket | null): ClientConnection['tls'] {
  if (socket === null) return null;
  const cipher = socket.getCipher();
  const bits = /256|CHACHA20/.test(cipher.standardName ?? cipher.name) ? 256 : 128;
  return { protocol: socket.getProtocol() ?? '', cipher: cipher.standardName ?? cipher.name, bits };
}

function unencryptedData(request: string): PgError {
  return fatalError(SqlState.protocolViolation, `received unencrypted data after ${request} request`, {
    detail: 'This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.',
  });
}

function asFatal(error: PgError): PgError {
  error.severity = 'FATAL';
  return error;
}

function refuse(code: SqlState, message: string): never {
  throw fatalError(code, message);
}
