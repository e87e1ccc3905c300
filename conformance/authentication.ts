// The client's side of logging in with a password: answers the server's Authentication messages in clear text, MD5 and
// SCRAM-SHA-256 (manual, section 53.2). Knows no socket: bodies in, bodies of password messages out.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const request = { ok: 0, clearText: 3, md5: 5, sasl: 10, saslContinue: 11, saslFinal: 12 } as const;

export class PasswordExchange {
  private readonly nonce = randomBytes(18).toString('base64');

  constructor(
    private readonly user: string,
    private readonly password: string,
  ) {}

  /** The body of the password message that answers an Authentication message; null where none is due. Throws where the
   *  server wants what this client does not know. */
  answer(body: Buffer): Buffer | null {
    const kind = body.readInt32BE(0);
    switch (kind) {
      case request.ok:
      case request.saslFinal:
        return null;
      case request.clearText:
        return Buffer.from(`${this.password}\0`);
      case request.md5:
        return Buffer.from(`md5${md5(md5(this.password + this.user), body.subarray(4, 8))}\0`);
      case request.sasl:
        return this.firstMessage(body.subarray(4).toString().split('\0'));
      case request.saslContinue:
        return this.finalMessage(body.subarray(4).toString());
      default:
        throw new Error(`the server asks for authentication of kind ${kind}`);
    }
  }

  private firstMessage(mechanisms: readonly string[]): Buffer {
    const mechanism = 'SCRAM-SHA-256';
    if (!mechanisms.includes(mechanism)) throw new Error(`the server offers only ${mechanisms.join(' ')}`);
    const first = Buffer.from(`n,,n=,r=${this.nonce}`);
    const length = Buffer.alloc(4);
    length.writeInt32BE(first.length);
    return Buffer.concat([Buffer.from(`${mechanism}\0`), length, first]);
  }

  private finalMessage(serverFirst: string): Buffer {
    const [, nonce = '', salt = '', iterations = ''] = /^r=([^,]*),s=([^,]*),i=(\d+)/.exec(serverFirst) ?? [];
    if (!nonce.startsWith(this.nonce)) throw new Error('the server answers another log-in than this one');
    const salted = pbkdf2Sync(
      this.password.normalize('NFKC'),
      Buffer.from(salt, 'base64'),
      Number(iterations),
      32,
      'sha256',
    );
    const clientKey = hmac(salted, 'Client Key');
    const withoutProof = `c=biws,r=${nonce}`;
    const signature = hmac(sha256(clientKey), `n=,r=${this.nonce},${serverFirst},${withoutProof}`);
    const proof = clientKey.map((byte, index) => byte ^ (signature[index] ?? 0));
    return Buffer.from(`${withoutProof},p=${Buffer.from(proof).toString('base64')}`);
  }
}

function md5(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
