// Condition names of EXCEPTION and RAISE: PostgreSQL's error codes by the names that its manual lists (appendix A), made
// from the table of SQLSTATEs.
import { SqlState } from '../errors/pg-error.js';

/** Names whose spelling does not follow from the table's, or that PL/pgSQL does not know. */
const spelledOtherwise: Readonly<Record<string, string | null>> = {
  successfulCompletion: null,
  lEInvalidSpecification: 'invalid_locator_specification',
  sREFunctionExecutedNoReturnStatement: 'function_executed_no_return_statement',
  sREModifyingSqlDataNotPermitted: 'modifying_sql_data_not_permitted',
  sREProhibitedSqlStatementAttempted: 'prohibited_sql_statement_attempted',
  sREReadingSqlDataNotPermitted: 'reading_sql_data_not_permitted',
  eREContainingSqlNotPermitted: 'containing_sql_not_permitted',
  eREModifyingSqlDataNotPermitted: 'modifying_sql_data_not_permitted',
  eREProhibitedSqlStatementAttempted: 'prohibited_sql_statement_attempted',
  eREReadingSqlDataNotPermitted: 'reading_sql_data_not_permitted',
  eRIEInvalidSqlstateReturned: 'invalid_sqlstate_returned',
  eRIENullValueNotAllowed: 'null_value_not_allowed',
  eRIETriggerProtocolViolated: 'trigger_protocol_violated',
  eRIESrfProtocolViolated: 'srf_protocol_violated',
  eRIEEventTriggerProtocolViolated: 'event_trigger_protocol_violated',
  sEInvalidSpecification: 'invalid_savepoint_specification',
  tRIntegrityConstraintViolation: 'transaction_integrity_constraint_violation',
  tRSerializationFailure: 'serialization_failure',
  tRStatementCompletionUnknown: 'statement_completion_unknown',
  tRDeadlockDetected: 'deadlock_detected',
  sqlclientUnableToEstablishSqlconnection: 'sqlclient_unable_to_establish_sqlconnection',
  sqlserverRejectedEstablishmentOfSqlconnection: 'sqlserver_rejected_establishment_of_sqlconnection',
  characterNotInRepertoire: 'character_not_in_repertoire',
  nonUniqueKeysInAJsonObject: 'non_unique_keys_in_a_json_object',
  invalidArgumentForLog: 'invalid_argument_for_logarithm',
  invalidArgumentForNtile: 'invalid_argument_for_ntile_function',
  invalidArgumentForNthValue: 'invalid_argument_for_nth_value_function',
  invalidArgumentForWidthBucketFunction: 'invalid_argument_for_width_bucket_function',
  arrayElementError: null,
  datetimeFieldOverflow: 'datetime_field_overflow',
  datetimeValueOutOfRange: null,
  duplicatePstatement: 'duplicate_prepared_statement',
  invalidPstatementDefinition: 'invalid_prepared_statement_definition',
  unterminatedCString: 'unterminated_c_string',
  sqlJsonItemCannotBeCastToTargetType: 'sql_json_item_cannot_be_cast_to_target_type',
  warning: null,
  warningDynamicResultSetsReturned: null,
  warningImplicitZeroBitPadding: null,
  warningNullValueEliminatedInSetFunction: null,
  warningPrivilegeNotGranted: null,
  warningPrivilegeNotRevoked: null,
  warningStringDataRightTruncation: null,
  warningDeprecatedFeature: null,
  noData: null,
  noAdditionalDynamicResultSetsReturned: null,
  undefinedCursor: null,
  undefinedDatabase: null,
  undefinedPstatement: null,
  undefinedSchema: null,
};

const codesByName = new Map<string, string[]>();

for (const [key, code] of Object.entries(SqlState)) {
  const spelled = Object.hasOwn(spelledOtherwise, key) ? spelledOtherwise[key] : snakeCase(key);
  if (spelled === null || spelled === undefined) continue;
  const known = codesByName.get(spelled) ?? [];
  if (!known.includes(code)) known.push(code);
  codesByName.set(spelled, known);
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** SQLSTATEs that a condition name stands for; null where there is no such name. */
export function conditionCodes(name: string): readonly string[] | null {
  return codesByName.get(name) ?? null;
}

/** True for the code itself, or where the condition is the code's class. */
export function matchesCondition(condition: string, code: string): boolean {
  if (condition === code) return true;
  return condition.endsWith('000') && condition.slice(0, 2) === code.slice(0, 2);
}
