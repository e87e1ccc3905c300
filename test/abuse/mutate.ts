// Damage to a conversation: to its messages (lost, doubled, swapped, of another type or length) and to its bytes (flipped,
// cut out, put in). The same seed does the same damage.
import type { Source } from '../../conformance/queries/source.js';

/** The messages with some damage, as the bytes to send. */
export function damaged(source: Source, messages: readonly Buffer[]): Buffer {
  let list: Buffer[] = messages.map((message) => Buffer.from(message));
  for (let times = source.below(3); times > 0 && list.length > 0; times--) list = damageOrder(source, list);
  for (let times = source.below(3); times > 0 && list.length > 0; times--) damageFrame(source, source.pick(list));
  let bytes: Buffer = Buffer.concat(list);
  for (let times = source.below(3); times > 0; times--) bytes = damageBytes(source, bytes);
  return bytes;
}

function damageOrder(source: Source, list: Buffer[]): Buffer[] {
  const at = source.below(list.length);
  const message = list[at] as Buffer;
  switch (source.below(4)) {
    case 0:
      return list.toSpliced(at, 1);
    case 1:
      return list.toSpliced(at, 0, ...new Array<Buffer>(1 + source.below(20)).fill(message));
    case 2:
      return list.toSpliced(at, 1).toSpliced(source.below(list.length), 0, message);
    default:
      return list.toSpliced(at, 1, message.subarray(0, source.below(message.length + 1)));
  }
}

const lengths: readonly ((was: number) => number)[] = [
  () => 0,
  () => 3,
  () => 4,
  () => -1,
  () => 0x7fffffff,
  () => 0x3fffffff,
  (was) => was - 1,
  (was) => was + 1,
  (was) => was * 2,
];

/** Changes type or length in place. */
function damageFrame(source: Source, message: Buffer): void {
  if (message.length < 5) return;
  if (source.chance(0.3)) message[0] = source.below(256);
  else message.writeInt32BE(source.pick(lengths)(message.readInt32BE(1)) | 0, 1);
}

/** Numbers that counts and lengths inside of messages may wrongly have. */
const words = ['00000000', 'ffffffff', '7fffffff', '80000000', 'ffff', '7fff', '00', '0000'];

function damageBytes(source: Source, bytes: Buffer): Buffer {
  if (bytes.length === 0) return bytes;
  const at = source.below(bytes.length);
  switch (source.below(5)) {
    case 0:
      bytes[at] = (bytes[at] as number) ^ (1 << source.below(8));
      return bytes;
    case 1:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + source.below(8))]);
    case 2:
      return Buffer.concat([bytes.subarray(0, at), noise(source, 1 + source.below(32)), bytes.subarray(at)]);
    case 3: {
      const word = Buffer.from(source.pick(words), 'hex');
      return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at + word.length)]);
    }
    default:
      return bytes.subarray(0, at);
  }
}

/** Random bytes. */
export function noise(source: Source, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => source.below(256)));
}
