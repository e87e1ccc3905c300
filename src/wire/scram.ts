// The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS (RFC 5802, RFC 7677; manual, section 53.3). Messages in,
// messages out; the exchange doesn't know the socket. A user without a usable verifier is taken through the whole
// exchange with a made-up one, so that nobody can tell.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { hmacSha256, sha256 } from '../base/password.js';
import type { ScramVerifier } from '../base/password.js';
import { fatalError, SqlState } from '../errors/pg-error.js';
import type { PgError } from '../errors/pg-error.js';

export interface ScramOptions {
  /** null: the log-in fails at the end. */
  readonly verifier: ScramVerifier | null;
  /** tls-server-end-point data, null without TLS. */
  readonly channelBinding: Buffer | null;
  /** Secret that made-up salts derive from; the same as long as real salts are. */
  readonly mockSecret: Buffer;
  readonly user: string;
  /** Iterations that a made-up verifier claims. */
  readonly iterations: number;
  /** The server's part of the nonce, for tests. */
  readonly serverNonce?: string;
}

const plain = 'SCRAM-SHA-256';
const plus = 'SCRAM-SHA-256-PLUS';
const nonceBytes = 18;

/** Mechanisms to offer, strongest first. */
export function scramMechanisms(hasChannelBinding: boolean): string[] {
  return hasChannelBinding ? [plus, plain] : [plain];
}

export class ScramExchange {
  private readonly verifier: ScramVerifier;
  private readonly isReal: boolean;
  private clientFirstBare = '';
  private serverFirst = '';
  private nonce = '';
  private gs2Header = '';
  private usesChannelBinding = false;

  constructor(private readonly options: ScramOptions) {
    this.isReal = options.verifier !== null;
    this.verifier = options.verifier ?? mockVerifier(options);
  }

  /** Answers the client's first message; `mechanism` as it chose. */
  start(mechanism: string, clientFirst: string): string {
    if (mechanism !== plain && !(mechanism === plus && this.options.channelBinding !== null)) {
      throw fatalError(SqlState.protocolViolation, 'client selected an invalid SASL authentication mechanism');
    }
    this.usesChannelBinding = mechanism === plus;
    const match = /^(([nyp])(?:=([^,]*))?,(a=[^,]*)?,)((m=)?[\s\S]*)$/.exec(clientFirst);
    if (match === null) throw malformed('The message does not have the expected form.');
    const [, header = '', flag = '', binding, authorization, bare = '', extension] = match;
    this.checkFlag(flag, binding);
    if (authorization !== undefined) throw unsupported('client uses authorization identity, but it is not supported');
    if (extension !== undefined) throw unsupported('client requires an unsupported SCRAM extension');
    const attributes = /^n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,[\s\S]*)?$/.exec(bare);
    if (attributes === null) throw malformed('The message does not have the expected form.');
    this.gs2Header = header;
    this.clientFirstBare = bare;
    this.nonce = (attributes[2] as string) + (this.options.serverNonce ?? randomBytes(nonceBytes).toString('base64'));
    this.serverFirst = `r=${this.nonce},s=${this.verifier.salt.toString('base64')},i=${this.verifier.iterations}`;
    return this.serverFirst;
  }

  /** Checks the client's final message: the server's final message, or null where the proof is wrong. */
  finish(clientFinal: string): string | null {
    const match = /^(c=([^,]*),r=([^,]*)(?:,[\s\S]*)?),p=([A-Za-z0-9+/=]+)$/.exec(clientFinal);
    if (match === null) throw malformed('The message does not have the expected form.');
    const [, withoutProof = '', binding = '', nonce = '', proofText = ''] = match;
    this.checkBinding(binding);
    if (nonce !== this.nonce) {
      throw fatalError(SqlState.protocolViolation, 'invalid SCRAM response', { detail: 'Nonce does not match.' });
    }
    const authMessage = `${this.clientFirstBare},${this.serverFirst},${withoutProof}`;
    const proof = Buffer.from(proofText, 'base64');
    if (proof.length !== this.verifier.storedKey.length) throw malformed('Malformed proof in client-final-message.');
    const signature = hmacSha256(this.verifier.storedKey, authMessage);
    const clientKey = Buffer.from(proof.map((byte, index) => byte ^ (signature[index] as number)));
    const isProven = timingSafeEqual(sha256(clientKey), this.verifier.storedKey);
    if (!isProven || !this.isReal) return null;
    return `v=${hmacSha256(this.verifier.serverKey, authMessage).toString('base64')}`;
  }

  private checkFlag(flag: string, binding: string | undefined): void {
    if (flag === 'p') {
      if (!this.usesChannelBinding) {
        throw malformed(
          'The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.',
        );
      }
      if (binding !== 'tls-server-end-point') {
        throw fatalError(SqlState.protocolViolation, `unsupported SCRAM channel-binding type "${binding ?? ''}"`);
      }
      return;
    }
    if (this.usesChannelBinding) {
      throw malformed(
        'The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.',
      );
    }
    if (flag === 'y' && this.options.channelBinding !== null) {
      throw fatalError(SqlState.invalidAuthorizationSpecification, 'SCRAM channel binding negotiation error', {
        detail:
          'The client supports SCRAM channel binding but thinks the server does not.  However, this server does support channel binding.',
      });
    }
  }

  private checkBinding(text: string): void {
    const data = this.usesChannelBinding ? (this.options.channelBinding ?? Buffer.alloc(0)) : Buffer.alloc(0);
    const expected = Buffer.concat([Buffer.from(this.gs2Header), data]).toString('base64');
    if (text === expected) return;
    throw this.usesChannelBinding
      ? fatalError(SqlState.invalidAuthorizationSpecification, 'SCRAM channel binding check failed')
      : fatalError(SqlState.protocolViolation, 'unexpected SCRAM channel-binding attribute in client-final-message');
  }
}

/** Splits SASLInitialResponse: the mechanism and the client's first message (null where it sent none). */
export function decodeSaslInitial(payload: Buffer): { readonly mechanism: string; readonly response: string | null } {
  const end = payload.indexOf(0);
  if (end < 0 || payload.length < end + 5)
    throw fatalError(SqlState.protocolViolation, 'malformed SASL initial response');
  const length = payload.readInt32BE(end + 1);
  const rest = payload.subarray(end + 5);
  if (length !== -1 && length !== rest.length) throw fatalError(SqlState.protocolViolation, 'invalid message format');
  return { mechanism: payload.utf8Slice(0, end), response: length === -1 ? null : rest.utf8Slice() };
}

/** A verifier that no password fits, with a salt that is the same for a user every time. */
function mockVerifier(options: ScramOptions): ScramVerifier {
  const salt = createHash('sha256').update(options.user).update(options.mockSecret).digest().subarray(0, 16);
  const key = Buffer.alloc(32);
  return { iterations: options.iterations, salt, storedKey: key, serverKey: key };
}

function malformed(detail: string): PgError {
  return fatalError(SqlState.protocolViolation, 'malformed SCRAM message', { detail });
}

function unsupported(message: string): PgError {
  return fatalError(SqlState.featureNotSupported, message);
}
