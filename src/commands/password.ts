// Password verifiers as pg_authid keeps them: SCRAM-SHA-256 (RFC 5803) and md5.
import { makeMd5Password, parseScramVerifier, scramVerifierMatches } from '../base/password.js';
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const saltBytes = 16;
const keyBytes = 32;

/** True where the text is a verifier already: it is stored as it is. */
export function isHashed(password: string): boolean {
  if (/^md5[0-9a-f]{32}$/.test(password)) return true;
  return /^SCRAM-SHA-256\$\d+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}$/.test(password);
}

/** True for the empty password, also where it comes hashed: nobody may log in with it. */
export function isEmptyPassword(password: string, role: string): boolean {
  if (password === '' || password === makeMd5Password('', role)) return true;
  const verifier = isHashed(password) ? parseScramVerifier(password) : null;
  return verifier !== null && scramVerifierMatches(verifier, '');
}

/** The verifier of a plain password; md5 is salted with the role's name. */
export function passwordVerifier(
  password: string,
  role: string,
  options: { readonly method: 'md5' | 'scram-sha-256'; readonly iterations: number },
): string {
  if (options.method === 'md5') return `md5${createHash('md5').update(password).update(role).digest('hex')}`;
  return scramVerifier(password, randomBytes(saltBytes), options.iterations);
}

/** SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey. */
export function scramVerifier(password: string, salt: Buffer, iterations: number): string {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, keyBytes, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
