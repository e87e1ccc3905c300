// Commands as errors about read-only transactions name them: PostgreSQL's command tags.
import type { ObjectType } from '@pgsql/types';
import { objectWords } from './object-words.js';

/** The parts of a parse tree that its name depends on. */
interface Parts {
  readonly objtype?: ObjectType;
  readonly removeType?: ObjectType;
  readonly renameType?: ObjectType;
  readonly relationType?: ObjectType;
  readonly objectType?: ObjectType;
  readonly kind?: ObjectType | string;
  readonly is_grant?: boolean;
  readonly is_procedure?: boolean;
  readonly is_select_into?: boolean;
}

const names: Readonly<Record<string, string>> = {
  CreateStmt: 'CREATE TABLE',
  IndexStmt: 'CREATE INDEX',
  CreateSeqStmt: 'CREATE SEQUENCE',
  AlterSeqStmt: 'ALTER SEQUENCE',
  TruncateStmt: 'TRUNCATE TABLE',
  CreatedbStmt: 'CREATE DATABASE',
  DropdbStmt: 'DROP DATABASE',
  AlterDatabaseSetStmt: 'ALTER DATABASE',
  AlterDatabaseRefreshCollStmt: 'ALTER DATABASE',
  AlterRoleSetStmt: 'ALTER ROLE',
  CreateFunctionStmt: 'CREATE FUNCTION',
  AlterFunctionStmt: 'ALTER FUNCTION',
  CompositeTypeStmt: 'CREATE TYPE',
  CreateEnumStmt: 'CREATE TYPE',
  CreateRangeStmt: 'CREATE TYPE',
  AlterEnumStmt: 'ALTER TYPE',
  AlterTypeStmt: 'ALTER TYPE',
  CreateTrigStmt: 'CREATE TRIGGER',
  CreateEventTrigStmt: 'CREATE EVENT TRIGGER',
  CreatePLangStmt: 'CREATE LANGUAGE',
  CreateStatsStmt: 'CREATE STATISTICS',
  AlterStatsStmt: 'ALTER STATISTICS',
  RefreshMatViewStmt: 'REFRESH MATERIALIZED VIEW',
  RuleStmt: 'CREATE RULE',
  ViewStmt: 'CREATE VIEW',
  CreateOpClassStmt: 'CREATE OPERATOR CLASS',
  CreateOpFamilyStmt: 'CREATE OPERATOR FAMILY',
  AlterOpFamilyStmt: 'ALTER OPERATOR FAMILY',
  AlterOperatorStmt: 'ALTER OPERATOR',
  CreateFdwStmt: 'CREATE FOREIGN DATA WRAPPER',
  CreateForeignServerStmt: 'CREATE SERVER',
  SecLabelStmt: 'SECURITY LABEL',
  AlterDefaultPrivilegesStmt: 'ALTER DEFAULT PRIVILEGES',
};

/** The command's tag, by its kind of parse tree and what it is about. */
export function commandName(tag: string, statement: unknown): string {
  const parts = (statement ?? {}) as Parts;
  const words = (verb: string, type: ObjectType | undefined): string =>
    type === undefined ? verb : `${verb} ${objectWords(type)}`;
  switch (tag) {
    case 'AlterTableStmt':
      return words('ALTER', parts.objtype);
    case 'DropStmt':
      return words('DROP', parts.removeType);
    case 'RenameStmt':
      return words('ALTER', isPart(parts.renameType) ? parts.relationType : parts.renameType);
    case 'AlterOwnerStmt':
    case 'AlterObjectSchemaStmt':
    case 'AlterObjectDependsStmt':
      return words('ALTER', parts.objectType);
    case 'DefineStmt':
      return words('CREATE', parts.kind as ObjectType | undefined);
    case 'GrantStmt':
      return parts.is_grant ? 'GRANT' : 'REVOKE';
    case 'GrantRoleStmt':
      return parts.is_grant ? 'GRANT ROLE' : 'REVOKE ROLE';
    case 'CreateTableAsStmt':
      if (parts.objtype === 'OBJECT_MATVIEW') return 'CREATE MATERIALIZED VIEW';
      return parts.is_select_into ? 'SELECT INTO' : 'CREATE TABLE AS';
    case 'CreateFunctionStmt':
      return parts.is_procedure ? 'CREATE PROCEDURE' : 'CREATE FUNCTION';
    default:
      return names[tag] ?? spelledOut(tag);
  }
}

function isPart(type: ObjectType | undefined): boolean {
  return type === 'OBJECT_COLUMN' || type === 'OBJECT_ATTRIBUTE' || type === 'OBJECT_TABCONSTRAINT';
}

/** CreateDomainStmt: CREATE DOMAIN. */
function spelledOut(tag: string): string {
  const words = tag.replace(/Stmt$/, '').replaceAll(/([a-z])([A-Z])/g, '$1 $2');
  return words.toUpperCase();
}
