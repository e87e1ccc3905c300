// pg_identify_object, pg_identify_object_as_address and the way back, pg_get_object_address (manual, section 9.26.8).
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn } from '../../functions/registry.js';
import type { PgArray } from '../../types/value.js';
import { quoteQualifiedIdentifier } from '../../types/quote.js';
import type { Catalog } from '../api.js';
import { catalogOfClass, type ObjectAddress, objectAddress } from '../dependencies/object-address.js';
import type { CatalogName } from '../generated/rows.js';
import { identifyObject } from '../object-identity.js';
import { typeOid } from '../oids.js';
import { catalogOf, outRecord, textArray } from './call.js';

function requireCatalog(classId: number): void {
  if (catalogOfClass(classId) === null) throw pgError(SqlState.internalError, `unsupported object class: ${classId}`);
}

fn('pg_identify_object', {
  impl(classId: number, objectId: number, subId: number, info: CallInfo) {
    requireCatalog(classId);
    const found = identifyObject(catalogOf(info), { classId, objectId, subId });
    return outRecord(
      ['type', typeOid.text, found?.type ?? null],
      ['schema', typeOid.text, found?.schema ?? null],
      ['name', typeOid.text, found?.name ?? null],
      ['identity', typeOid.text, found?.identity ?? null],
    );
  },
});

fn('pg_identify_object_as_address', {
  impl(classId: number, objectId: number, subId: number, info: CallInfo) {
    requireCatalog(classId);
    const found = identifyObject(catalogOf(info), { classId, objectId, subId });
    return outRecord(
      ['type', typeOid.text, found?.type ?? null],
      ['object_names', 1009, found === null ? null : textArray(found.names)],
      ['object_args', 1009, found === null ? null : textArray(found.args)],
    );
  },
});

fn('pg_get_object_address', {
  impl(type: string, names: PgArray, args: PgArray, info: CallInfo) {
    const texts = (array: PgArray) => array.elements.map((element) => String(element));
    const address = findAddress(catalogOf(info), type, texts(names), texts(args));
    return outRecord(
      ['classid', typeOid.oid, address.classId],
      ['objid', typeOid.oid, address.objectId],
      ['objsubid', typeOid.int4, address.subId],
    );
  },
});

/** Objects that one name identifies: type, catalog, name column, noun of the error. */
const globals: Readonly<Record<string, readonly [table: CatalogName, column: string]>> = {
  language: ['pg_language', 'lanname'],
  'access method': ['pg_am', 'amname'],
  schema: ['pg_namespace', 'nspname'],
  role: ['pg_authid', 'rolname'],
  database: ['pg_database', 'datname'],
  tablespace: ['pg_tablespace', 'spcname'],
  'foreign-data wrapper': ['pg_foreign_data_wrapper', 'fdwname'],
  server: ['pg_foreign_server', 'srvname'],
  extension: ['pg_extension', 'extname'],
  'event trigger': ['pg_event_trigger', 'evtname'],
  publication: ['pg_publication', 'pubname'],
  subscription: ['pg_subscription', 'subname'],
};
/** Objects that schema and name identify. */
const named: Readonly<Record<string, readonly [table: CatalogName, name: string, namespace: string]>> = {
  collation: ['pg_collation', 'collname', 'collnamespace'],
  conversion: ['pg_conversion', 'conname', 'connamespace'],
  'statistics object': ['pg_statistic_ext', 'stxname', 'stxnamespace'],
  'text search parser': ['pg_ts_parser', 'prsname', 'prsnamespace'],
  'text search dictionary': ['pg_ts_dict', 'dictname', 'dictnamespace'],
  'text search template': ['pg_ts_template', 'tmplname', 'tmplnamespace'],
  'text search configuration': ['pg_ts_config', 'cfgname', 'cfgnamespace'],
};
const relationKinds: Readonly<Record<string, string>> = {
  table: 'rp',
  index: 'iI',
  sequence: 'S',
  view: 'v',
  'materialized view': 'm',
  'foreign table': 'f',
  'toast table': 't',
  'composite type': 'c',
};
/** Parts of relations: type, catalog, columns of relation and name. */
const parts: Readonly<Record<string, readonly [table: CatalogName, relation: string, name: string]>> = {
  rule: ['pg_rewrite', 'ev_class', 'rulename'],
  trigger: ['pg_trigger', 'tgrelid', 'tgname'],
  policy: ['pg_policy', 'polrelid', 'polname'],
  'table constraint': ['pg_constraint', 'conrelid', 'conname'],
};

function findAddress(catalog: Catalog, type: string, names: readonly string[], args: readonly string[]): ObjectAddress {
  const last = names[names.length - 1] ?? '';
  const schema = names.length > 1 ? (names[names.length - 2] ?? null) : null;
  const known = globals[type];
  if (known !== undefined) return rowAddress(catalog, type, known[0], { [known[1]]: last }, last);
  const kinds = relationKinds[type];
  if (kinds !== undefined) return objectAddress('pg_class', relationOid(catalog, type, kinds, schema, last));
  const part = parts[type];
  if (part !== undefined) {
    const relation = relationOid(
      catalog,
      'relation',
      '',
      names.length > 2 ? (names[names.length - 3] ?? null) : null,
      schema ?? '',
    );
    const noun = type === 'table constraint' ? 'constraint' : type;
    return rowAddress(
      catalog,
      noun,
      part[0],
      { [part[1]]: relation, [part[2]]: last },
      last,
      ` for table "${schema ?? ''}"`,
    );
  }
  if (type.endsWith(' column')) return columnAddress(catalog, names);
  const inSchema = named[type];
  if (inSchema !== undefined) {
    for (const namespace of catalog.lookupPathWithoutTemporary(schema)) {
      const row = catalog.tables.findOne(inSchema[0], { [inSchema[1]]: last, [inSchema[2]]: namespace } as never)?.row;
      if (row !== undefined) return objectAddress(inSchema[0], (row as { readonly oid: number }).oid);
    }
    throw pgError(SqlState.undefinedObject, `${type} "${names.join('.')}" does not exist`);
  }
  return signatureAddress(catalog, type, names, args);
}

function rowAddress(
  catalog: Catalog,
  noun: string,
  table: CatalogName,
  key: object,
  name: string,
  where = '',
): ObjectAddress {
  const row = catalog.tables.find(table, key as never)[0]?.row as { readonly oid: number } | undefined;
  if (row === undefined) throw pgError(SqlState.undefinedObject, `${noun} "${name}"${where} does not exist`);
  return objectAddress(table, row.oid);
}

function relationOid(catalog: Catalog, noun: string, kinds: string, schema: string | null, name: string): number {
  const relation = catalog.findRelation(schema, name);
  const written = schema === null ? name : `${schema}.${name}`;
  if (relation === null) throw pgError(SqlState.undefinedTable, `relation "${written}" does not exist`);
  if (kinds !== '' && !kinds.includes(relation.kind))
    throw pgError(SqlState.wrongObjectType, `"${name}" is not ${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`);
  return relation.oid;
}

function columnAddress(catalog: Catalog, names: readonly string[]): ObjectAddress {
  if (names.length < 2) throw pgError(SqlState.syntaxError, 'column name must be qualified');
  const [column = '', table = '', schema = null] = [...names].reverse();
  const relation = relationOid(catalog, 'relation', '', schema, table);
  const row = catalog.tables.findOne('pg_attribute', { attrelid: relation, attname: column })?.row;
  if (row === undefined || row.attisdropped)
    throw pgError(SqlState.undefinedColumn, `column "${column}" of relation "${table}" does not exist`);
  return objectAddress('pg_class', relation, row.attnum);
}

/** Functions, operators, types, casts: found by the text form of their signature. */
function signatureAddress(
  catalog: Catalog,
  type: string,
  names: readonly string[],
  args: readonly string[],
): ObjectAddress {
  const last = names[names.length - 1] ?? '';
  const schema = names.length > 1 ? (names[names.length - 2] ?? null) : null;
  const find = (kind: 'regprocedure' | 'regoperator', text: string) => catalog.names.toOid(kind, text, false) ?? 0;
  switch (type) {
    case 'function':
    case 'procedure':
    case 'aggregate':
    case 'routine':
      return objectAddress(
        'pg_proc',
        find('regprocedure', `${quoteQualifiedIdentifier(schema, last)}(${args.join(',')})`),
      );
    case 'operator': {
      const sides = args.map((arg) => (arg === '-' ? 'NONE' : arg));
      return objectAddress(
        'pg_operator',
        find('regoperator', `${schema === null ? '' : `${schema}.`}${last}(${sides.join(',')})`),
      );
    }
    case 'type':
    case 'domain':
      return objectAddress('pg_type', catalog.names.typeOfText(last));
    case 'cast': {
      const key = { castsource: catalog.names.typeOfText(last), casttarget: catalog.names.typeOfText(args[0] ?? '') };
      const row = catalog.tables.findOne('pg_cast', key)?.row;
      if (row === undefined)
        throw pgError(SqlState.undefinedObject, `cast from type ${last} to type ${args[0] ?? ''} does not exist`);
      return objectAddress('pg_cast', row.oid);
    }
    default:
      throw pgError(SqlState.invalidParameterValue, `unrecognized object type "${type}"`);
  }
}
