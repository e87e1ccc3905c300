// What text and binary input/output depends on beside the value: the session's settings and the catalogs.
import type { CompareContext } from './type-behaviour.js';
import type { TypeDescriptor } from './type-descriptor.js';
import type { Value } from './value.js';

export interface IoContext extends CompareContext {
  /** DateStyle: output format and field order of input. */
  readonly dateStyle: 'ISO' | 'SQL' | 'Postgres' | 'German';
  readonly dateOrder: 'MDY' | 'DMY' | 'YMD';
  readonly intervalStyle: 'postgres' | 'postgres_verbose' | 'sql_standard' | 'iso_8601';
  /** TimeZone setting: IANA name, or POSIX-style specification, as the user wrote it. */
  readonly timeZone: string;
  readonly extraFloatDigits: number;
  readonly byteaOutput: 'hex' | 'escape';
  /** lc_monetary. */
  readonly lcMonetary: string;
  readonly xmlOption: 'content' | 'document';
  /** array_nulls: false where NULL in array text is a word like others. Left out: true. */
  readonly arrayNulls?: boolean | undefined;
  /** Start of the current transaction / statement: microseconds since 2000-01-01 UTC. */
  readonly transactionTimestamp: bigint;
  readonly statementTimestamp: bigint;
  /** reg* types, enums in error messages, aclitem: names from the catalogs under the session's search_path. */
  readonly names: NameResolution;
  /** Checks a value (null too) against a domain's NOT NULL and CHECK constraints; throws 23502 and 23514. Input of a
   *  domain calls it. Left out: no checks. */
  checkDomain?(value: Value, domain: TypeDescriptor): void;
  /** How upper, lower and initcap map letters under a collation (0 = default). Left out: one character to one, by
   *  Unicode, as C.UTF-8 does. */
  characterCase?(collation: number): CharacterCase;
  /** True for an enum value that this transaction added and that must not be used before it commits. Left out: never. */
  isUnsafeEnumValue?(value: number): boolean;
}

/** ascii: letters of ASCII alone (C, POSIX); simple: one character to one; else ICU's full mappings for a locale. */
export type CharacterCase = 'ascii' | 'simple' | { readonly locale: string };

/** Name lookups of regclass, regtype, regproc, ... and role names. Output forms are quoted and schema-qualified where
 *  PostgreSQL does so; inputs throw PostgreSQL's 42P01, 42704, 42883, ... The catalog room fills it. */
export interface NameResolution {
  /** `kind` is the reg* type's name: regclass, regtype, regproc, regprocedure, regoper, regoperator, regrole,
   *  regnamespace, regconfig, regdictionary, regcollation. `missingOk` returns null instead of throwing (to_reg*). */
  toOid(kind: RegKind, text: string, missingOk: boolean): number | null;
  toText(kind: RegKind, oid: number): string;
  /** Role name by oid, null where there is none. */
  roleName(oid: number): string | null;
  roleOid(name: string): number | null;
}

export type RegKind =
  | 'regclass'
  | 'regtype'
  | 'regproc'
  | 'regprocedure'
  | 'regoper'
  | 'regoperator'
  | 'regrole'
  | 'regnamespace'
  | 'regconfig'
  | 'regdictionary'
  | 'regcollation';
