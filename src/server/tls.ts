// TLS: the context from the configured files, the handshake over a socket that was handed to us, and the data that
// SCRAM-SHA-256-PLUS binds to.
import { X509Certificate, createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { isAbsolute, join } from 'node:path';
import { createSecureContext, TLSSocket } from 'node:tls';
import type { SecureContext, SecureVersion } from 'node:tls';
import type { BaseSettings } from '../config/base-settings.js';
import { ConfigurationError } from '../config/toml-file.js';
import type { Transport } from './transport.js';

export interface TlsContext {
  readonly secure: SecureContext;
  /** Hash of our certificate (RFC 5929, tls-server-end-point). */
  readonly channelBinding: Buffer;
  readonly asksForCertificate: boolean;
}

/** The context, null where `ssl` is off. Throws ConfigurationError where a file can't be used. */
export function tlsContext(settings: BaseSettings, dataDirectory: string): TlsContext | null {
  if (!settings.bool('ssl')) return null;
  const cert = readTlsFile(settings, 'ssl_cert_file', dataDirectory);
  const ca = settings.text('ssl_ca_file') === '' ? undefined : readTlsFile(settings, 'ssl_ca_file', dataDirectory);
  const maxVersion = secureVersion(settings.text('ssl_max_protocol_version'));
  try {
    const secure = createSecureContext({
      cert,
      key: readTlsFile(settings, 'ssl_key_file', dataDirectory),
      ca,
      ciphers: opensslCiphers(settings.text('ssl_ciphers')),
      honorCipherOrder: settings.bool('ssl_prefer_server_ciphers'),
      minVersion: secureVersion(settings.text('ssl_min_protocol_version')) ?? 'TLSv1.2',
      ...(maxVersion === undefined ? {} : { maxVersion }),
    });
    return { secure, channelBinding: endPointHash(new X509Certificate(cert)), asksForCertificate: ca !== undefined };
  } catch (error) {
    throw new ConfigurationError(`could not set up TLS: ${(error as Error).message}`);
  }
}

/** Does the server's side of the handshake; rejects where it fails. `ahead` was read from the socket already: the
 *  handshake of a client that didn't ask for TLS first. */
export function startTls(transport: Transport, ahead: Buffer, context: TlsContext): Promise<TLSSocket> {
  const socket = transport.intoStream();
  return new Promise((resolve, reject) => {
    const secured = new TLSSocket(ahead.length === 0 ? socket : replaying(socket, ahead), {
      isServer: true,
      secureContext: context.secure,
      requestCert: context.asksForCertificate,
      rejectUnauthorized: false,
      ALPNProtocols: ['postgresql'],
    });
    secured.once('secure', () => resolve(secured));
    secured.once('error', reject);
    secured.once('close', () => reject(new Error('closed during the TLS handshake')));
  });
}

/** The socket as a stream that first gives back what was read from it. Only for the few who need it: TLS over a plain
 *  socket stays in the runtime's native code. */
function replaying(socket: Socket, ahead: Buffer): Duplex {
  const stream = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => void socket.write(chunk, done),
    final: (done) => void socket.end(done),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  stream.push(ahead);
  socket.on('data', (chunk: Buffer) => {
    if (!stream.push(chunk)) socket.pause();
  });
  socket.on('end', () => stream.push(null));
  socket.on('close', () => stream.destroy());
  return stream;
}

function readTlsFile(settings: BaseSettings, name: string, dataDirectory: string): Buffer {
  const path = settings.text(name);
  try {
    return readFileSync(isAbsolute(path) ? path : join(dataDirectory, path));
  } catch (error) {
    throw new ConfigurationError(`could not read ${name} "${path}": ${(error as Error).message}`);
  }
}

function secureVersion(text: string): SecureVersion | undefined {
  return /^TLSv1(?:\.[123])?$/.test(text) ? (text as SecureVersion) : undefined;
}

/** PostgreSQL's list leaves TLS 1.3's ciphers to OpenSSL; Node takes both from one list. */
function opensslCiphers(list: string): string {
  return `TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:${list}`;
}

/** Signature algorithms whose hash is not SHA-256, by their identifier's DER bytes. */
const otherHashes = [
  ['sha384', '2a864886f70d01010c'],
  ['sha512', '2a864886f70d01010d'],
  ['sha224', '2a864886f70d01010e'],
  ['sha224', '2a8648ce3d040301'],
  ['sha384', '2a8648ce3d040303'],
  ['sha512', '2a8648ce3d040304'],
] as const;

function endPointHash(certificate: X509Certificate): Buffer {
  const der = certificate.raw;
  const found = otherHashes.find(([, identifier]) => der.includes(Buffer.from(identifier, 'hex')));
  return createHash(found?.[0] ?? 'sha256')
    .update(der)
    .digest();
}
