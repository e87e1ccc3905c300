// jsonpath: text and binary form. It is stored as its text; parsed paths are remembered.
import { pgError, SqlState } from '../../errors/pg-error.js';
import { defineType } from '../type-behaviour.js';
import { parseJsonPath } from './parser.js';
import type { JsonPath } from './path.js';

const binaryVersion = 1;

defineType<JsonPath>({
  symbol: 'jsonpath_in',
  storage: 'varlen',
  input: (text) => parseJsonPath(text),
  output: (value) => value.toString(),
  receive(reader) {
    const version = reader.uint8();
    if (version !== binaryVersion)
      throw pgError(SqlState.internalError, `unsupported jsonpath version number: ${version}`);
    return parseJsonPath(reader.utf8(reader.remaining));
  },
  send(value, _type, writer) {
    writer.uint8(binaryVersion);
    writer.utf8(value.toString());
  },
  store: (value, _type, writer) => void writer.utf8(value.toString()),
  load: (reader) => parseJsonPath(reader.utf8(reader.remaining)),
});
