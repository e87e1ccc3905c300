// Text and order of network and hardware addresses: answers are PostgreSQL 17's.
import { test } from 'tap';
import { ByteWriter } from '../base/bytes.js';
import './index.js';
import { formatShortNetwork, parseCidr, parseInet } from './inet-text.js';
import { compareInets } from './inet.js';
import { typeBehaviour } from './type-behaviour.js';

const none = undefined as never;

function roundTrip(symbol: string, text: string): string {
  const behaviour = typeBehaviour(symbol);
  if (behaviour === undefined) throw new Error(`${symbol} is not defined`);
  return behaviour.output(behaviour.input(text, none, -1, none), none, none);
}

test('text forms', (t) => {
  t.equal(roundTrip('inet_in', '10.1/16'), '10.1.0.0/16');
  t.equal(roundTrip('inet_in', '::ffff:1.2.3.4/96'), '::ffff:1.2.3.4/96');
  t.equal(roundTrip('inet_in', '1:0:0:2:0:0:0:3'), '1:0:0:2::3');
  t.equal(roundTrip('cidr_in', '172.20'), '172.20.0.0/16');
  t.equal(roundTrip('cidr_in', '224'), '224.0.0.0/4');
  t.equal(formatShortNetwork(parseCidr('fe80::/10')), 'fe80::/10');
  t.equal(roundTrip('macaddr_in', '0800-2b01-0203'), '08:00:2b:01:02:03');
  t.equal(roundTrip('macaddr8_in', '08:00:2b:01:02:03'), '08:00:2b:ff:fe:01:02:03');
  t.throws(() => parseCidr('192.168.1.5/24'), { message: 'invalid cidr value: "192.168.1.5/24"' });
  t.throws(() => parseInet('1.2.3'), { message: 'invalid input syntax for type inet: "1.2.3"' });
  t.end();
});

test('sort keys order as values do', (t) => {
  const texts = ['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.1.2.3/8', '192.168.1.5', '::/0', '::1', 'fe80::/10'];
  const key = (text: string): Buffer => {
    const writer = new ByteWriter();
    typeBehaviour('inet_in')?.sortKey?.(parseInet(text), none, writer, none);
    return writer.copy();
  };
  for (const left of texts) {
    for (const right of texts) {
      const order = Math.sign(compareInets(parseInet(left), parseInet(right)));
      t.equal(Buffer.compare(key(left), key(right)), order, `${left} and ${right}`);
    }
  }
  t.end();
});
