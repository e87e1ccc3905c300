// The function call sub-protocol (manual, section 53.2.5): one function by oid, as `SELECT f(...)` would call it.
import { SqlState, notSupported, pgError } from '../errors/pg-error.js';
import type { FunctionCallMessage } from '../wire/frontend.js';
import { writeFunctionCallResponse } from '../wire/backend.js';
import { ByteWriter } from '../base/bytes.js';
import type { Const } from '../trees/expression.js';
import { type BindPlace, decodeParameters } from './parameters.js';
import { evaluate } from './corridor.js';
import type { Session } from './session.js';

/** Calls the function and appends its FunctionCallResponse. */
export async function runFunctionCall(session: Session, message: FunctionCallMessage): Promise<void> {
  session.startStatement('');
  session.transactions.requireNotFailed();
  session.transactions.ensure();
  const { catalog } = session;
  const descriptor = catalog.function(message.function);
  if (!descriptor) throw pgError(SqlState.undefinedFunction, `function with OID ${message.function} does not exist`);
  if (descriptor.kind !== 'f' || descriptor.returnsSet)
    throw notSupported('a fast-path call of anything but a plain function');
  catalog.access.require('f', message.function, session.users.userId, executeBit);
  if (message.arguments.length !== descriptor.argTypes.length) {
    throw pgError(
      SqlState.protocolViolation,
      `function call message contains ${message.arguments.length} arguments but function requires ${descriptor.argTypes.length}`,
    );
  }
  const raw = { formats: message.argumentFormats, values: message.arguments };
  const args = decodeParameters(catalog, descriptor.argTypes, raw, callPlace(session)).map(
    ({ type, value }): Const => ({ kind: 'Const', type, typmod: -1, collation: 0, value, location: -1 }),
  );
  const value = await evaluate(session, {
    kind: 'FuncExpr',
    function: message.function,
    type: descriptor.returnType,
    returnsSet: false,
    variadic: false,
    form: 'explicitCall',
    collation: catalog.typeByOid(descriptor.returnType).collation,
    inputCollation: defaultCollation,
    args,
    location: -1,
  });
  if (value === null) {
    writeFunctionCallResponse(session.connection.out, null);
    return;
  }
  const type = catalog.typeByOid(descriptor.returnType);
  const writer = new ByteWriter();
  writer.encoder = session.connection.out.encoder;
  if (message.resultFormat === 1) type.behaviour.send(value, type, writer, catalog.io);
  else writer.utf8(type.behaviour.output(value, type, catalog.io));
  writeFunctionCallResponse(session.connection.out, writer.view());
}

/** ACL_EXECUTE. */
const executeBit = 1 << 7;
/** pg_collation's "default". */
const defaultCollation = 100;

function callPlace(session: Session): BindPlace {
  return { portal: null, encoding: session.clientEncoding, shownBytesMax: 0 };
}
