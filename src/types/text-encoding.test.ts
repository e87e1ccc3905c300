// Texts in other encodings both ways, and the errors of what they lack. Bytes and messages are PostgreSQL 17's.
import { test } from 'tap';
import { convertBytes, countCharacters, decodeText, encodeText } from './text-encoding.js';

const hex = (text: string, encoding: string) => encodeText(text, encoding).toString('hex');
const text = (bytes: string, encoding: string) => decodeText(Buffer.from(bytes, 'hex'), encoding);

test('characters go to the bytes of their set and back', async (t) => {
  const samples = [
    ['é', 'LATIN1', 'e9'],
    ['€', 'WIN1252', '80'],
    ['€', 'LATIN9', 'a4'],
    ['Ș', 'LATIN10', 'aa'],
    ['ğ', 'LATIN5', 'f0'],
    ['日本語', 'SJIS', '93fa967b8cea'],
    ['日本語', 'EUC_JP', 'c6fccbdcb8ec'],
    ['中文', 'BIG5', 'a4a4a4e5'],
    ['중간', 'EUC_KR', 'c1dfb0a3'],
    ['똠', 'UHC', '8c63'],
    ['中𠀀', 'GB18030', 'd6d095328236'],
    ['臺灣', 'EUC_TW', 'ead7fda4'],
    ['か゚か', 'EUC_JIS_2004', 'a4f7a4ab'],
  ] as const;
  for (const [sample, encoding, bytes] of samples) {
    t.equal(hex(sample, encoding), bytes, encoding);
    t.equal(text(bytes, encoding), sample, encoding);
  }
  t.equal(countCharacters(Buffer.from('93fa967b', 'hex'), 'SJIS'), 2);
});

test('what a set lacks is 22P05, what is no character is 22021', async (t) => {
  t.throws(() => encodeText('€', 'LATIN1'), {
    code: '22P05',
    message: 'character with byte sequence 0xe2 0x82 0xac in encoding "UTF8" has no equivalent in encoding "LATIN1"',
  });
  t.throws(() => text('81', 'WIN1252'), {
    code: '22P05',
    message: 'character with byte sequence 0x81 in encoding "WIN1252" has no equivalent in encoding "UTF8"',
  });
  t.throws(() => text('8140', 'EUC_KR'), {
    code: '22021',
    message: 'invalid byte sequence for encoding "EUC_KR": 0x81 0x40',
  });
  t.throws(() => text('00', 'LATIN1'), {
    code: '22021',
    message: 'invalid byte sequence for encoding "LATIN1": 0x00',
  });
});

test('sets are converted into each other without Unicode between', async (t) => {
  const convert = (bytes: string, from: string, to: string) =>
    convertBytes(Buffer.from(bytes, 'hex'), from, to).toString('hex');
  t.equal(convert('93fa967b', 'SJIS', 'EUC_JP'), 'c6fccbdc');
  t.equal(convert('c6fc41', 'EUC_JP', 'MULE_INTERNAL'), '92c6fc41');
  t.equal(convert('8bc6', 'MULE_INTERNAL', 'WIN1251'), 'f4');
  t.equal(convert('', 'LATIN1', 'EUC_JP'), '');
  t.throws(() => convert('81c1', 'MULE_INTERNAL', 'LATIN2'), {
    code: '22P05',
    message:
      'character with byte sequence 0x81 0xc1 in encoding "MULE_INTERNAL" has no equivalent in encoding "LATIN2"',
  });
  t.throws(() => convert('41', 'EUC_CN', 'WIN866'), {
    code: '42883',
    message: 'default conversion function for encoding "EUC_CN" to "WIN866" does not exist',
  });
});
