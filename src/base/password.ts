// Stored forms of passwords (pg_authid.rolpassword): SCRAM-SHA-256 verifiers and md5 hashes. Made by CREATE ROLE, read by
// the log-in.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

export interface ScramVerifier {
  readonly iterations: number;
  readonly salt: Buffer;
  readonly storedKey: Buffer;
  readonly serverKey: Buffer;
}

const saltBytes = 16;
const keyBytes = 32;

/** The SCRAM-SHA-256 verifier of a password, as PostgreSQL stores it. */
export function makeScramVerifier(password: string, iterations: number, salt: Buffer = randomBytes(saltBytes)): string {
  const { storedKey, serverKey } = scramKeys(password, salt, iterations);
  const [saltText, storedText, serverText] = [salt, storedKey, serverKey].map((part) => part.toString('base64'));
  return `SCRAM-SHA-256$${iterations}:${saltText}$${storedText}:${serverText}`;
}

/** Reads a stored verifier; null where the text is none. */
export function parseScramVerifier(text: string): ScramVerifier | null {
  const match = /^SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/.exec(text);
  if (match === null) return null;
  const [, iterations, salt, storedKey, serverKey] = match as unknown as readonly [
    string,
    string,
    string,
    string,
    string,
  ];
  const verifier = {
    iterations: Number(iterations),
    salt: Buffer.from(salt, 'base64'),
    storedKey: Buffer.from(storedKey, 'base64'),
    serverKey: Buffer.from(serverKey, 'base64'),
  };
  const isWhole = verifier.storedKey.length === keyBytes && verifier.serverKey.length === keyBytes;
  return isWhole && verifier.iterations > 0 ? verifier : null;
}

/** True where the password proves to be the verifier's. */
export function scramVerifierMatches(verifier: ScramVerifier, password: string): boolean {
  return scramKeys(password, verifier.salt, verifier.iterations).storedKey.equals(verifier.storedKey);
}

/** The keys that a password derives to (RFC 5802, section 3). */
export function scramKeys(
  password: string,
  salt: Buffer,
  iterations: number,
): { storedKey: Buffer; serverKey: Buffer } {
  const salted = pbkdf2Sync(saslPrepare(password), salt, iterations, keyBytes, 'sha256');
  const clientKey = hmacSha256(salted, 'Client Key');
  return { storedKey: sha256(clientKey), serverKey: hmacSha256(salted, 'Server Key') };
}

/** `md5` and the hash of password and user name. */
export function makeMd5Password(password: string, user: string): string {
  return `md5${md5(Buffer.concat([Buffer.from(password), Buffer.from(user)]))}`;
}

/** The kind of a stored password, by its form; plaintext for anything else. */
export function passwordKind(text: string): 'scram' | 'md5' | 'plaintext' {
  if (parseScramVerifier(text) !== null) return 'scram';
  return /^md5[0-9a-f]{32}$/.test(text) ? 'md5' : 'plaintext';
}

export function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex');
}

export function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}

export function hmacSha256(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

/** SASLprep (RFC 4013): spaces and compatibility forms made one; a password with what it prohibits stays as it is. */
function saslPrepare(password: string): string {
  if (/^[\x20-\x7e]*$/.test(password)) return password;
  const mapped = password
    .replaceAll(/[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g, ' ')
    .replaceAll(/\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g, '')
    .normalize('NFKC');
  const prohibited =
    /[\u0000-\u001f\u007f-\u009f\u06dd\u070f\u180e\u2028\u2029\u206a-\u206f\ufff9-\ufffd\u{f0000}-\u{10fffd}\ue000-\uf8ff]/u;
  return mapped === '' || prohibited.test(mapped) ? password : mapped;
}
