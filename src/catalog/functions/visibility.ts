// pg_*_is_visible, format_type, to_reg*, the search path and temporary schemas (manual, section 9.26.3 and .1).
import type { CallInfo } from '../../functions/call-info.js';
import { fn } from '../../functions/registry.js';
import { PgArray } from '../../types/value.js';
import type { RegKind } from '../../types/io-context.js';
import type { Catalog } from '../api.js';
import type { CatalogName } from '../generated/rows.js';
import { typeOid } from '../oids.js';
import { parseTypeName } from '../type-name-text.js';
import { catalogOf } from './call.js';

fn('pg_table_is_visible', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    const row = catalog.tables.findOne('pg_class', { oid })?.row;
    return row === undefined ? null : catalog.visibility.relation(row.relname, row.relnamespace);
  },
});

fn('pg_type_is_visible', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    const type = catalog.findTypeByOid(oid);
    return type === null ? null : catalog.visibility.type(type.name, type.schema);
  },
});

fn('pg_function_is_visible', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    return catalog.function(oid) === null ? null : catalog.visibility.function(oid);
  },
});

fn('pg_operator_is_visible', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    return catalog.operator(oid) === null ? null : catalog.visibility.operator(oid);
  },
});

/** Objects whose names live in one catalog: symbol, catalog, name and namespace columns, further key column. */
const namedKinds: readonly (readonly [
  symbol: string,
  table: CatalogName,
  name: string,
  namespace: string,
  key?: string,
])[] = [
  ['pg_opclass_is_visible', 'pg_opclass', 'opcname', 'opcnamespace', 'opcmethod'],
  ['pg_opfamily_is_visible', 'pg_opfamily', 'opfname', 'opfnamespace', 'opfmethod'],
  ['pg_collation_is_visible', 'pg_collation', 'collname', 'collnamespace'],
  ['pg_conversion_is_visible', 'pg_conversion', 'conname', 'connamespace'],
  ['pg_statistics_obj_is_visible', 'pg_statistic_ext', 'stxname', 'stxnamespace'],
  ['pg_ts_parser_is_visible', 'pg_ts_parser', 'prsname', 'prsnamespace'],
  ['pg_ts_dict_is_visible', 'pg_ts_dict', 'dictname', 'dictnamespace'],
  ['pg_ts_template_is_visible', 'pg_ts_template', 'tmplname', 'tmplnamespace'],
  ['pg_ts_config_is_visible', 'pg_ts_config', 'cfgname', 'cfgnamespace'],
];
for (const [symbol, table, name, namespace, key] of namedKinds) {
  fn(symbol, {
    impl(oid: number, info: CallInfo) {
      const catalog = catalogOf(info);
      const row = catalog.tables.findOne(table, { oid } as never)?.row as Record<string, string | number> | undefined;
      if (row === undefined) return null;
      const further = key === undefined ? {} : { [key]: row[key] };
      return catalog.visibility.named(table, { name, namespace }, String(row[name]), Number(row[namespace]), further);
    },
  });
}

fn('format_type', {
  impl: (oid: number | null, typmod: number | null, info: CallInfo) =>
    oid === null ? null : catalogOf(info).formatType(oid, typmod),
});

const regFunctions: Readonly<Record<string, RegKind>> = {
  to_regclass: 'regclass',
  to_regtype: 'regtype',
  to_regproc: 'regproc',
  to_regprocedure: 'regprocedure',
  to_regoper: 'regoper',
  to_regoperator: 'regoperator',
  to_regrole: 'regrole',
  to_regnamespace: 'regnamespace',
  to_regcollation: 'regcollation',
};
for (const [symbol, kind] of Object.entries(regFunctions))
  fn(symbol, { impl: (text: string, info: CallInfo) => catalogOf(info).names.toOid(kind, text, true) });

fn('to_regtypemod', {
  impl(text: string, info: CallInfo) {
    const catalog = catalogOf(info);
    if (catalog.names.toOid('regtype', text, true) === null) return null;
    return typmodOf(catalog, text);
  },
});

/** Modifier of a type name's text by its built-in encoding; -1 where it has none. */
export function typmodOf(catalog: Catalog, text: string): number {
  const { schema, name, modifiers } = parseTypeName(text);
  const [first, second] = modifiers.map(Number);
  if (first === undefined) return -1;
  switch (catalog.findType(schema, name)?.oid) {
    case typeOid.numeric:
      return ((first << 16) | ((second ?? 0) & 0x7ff)) + 4;
    case typeOid.varchar:
    case typeOid.bpchar:
      return first + 4;
    case typeOid.interval:
      return (0x7fff << 16) | first;
    default:
      return first;
  }
}

fn('current_schema', {
  impl(info: CallInfo) {
    const catalog = catalogOf(info);
    const [first] = explicitPath(catalog);
    return first === undefined ? null : (catalog.namespace(first)?.name ?? null);
  },
});

fn('current_schemas', {
  impl(implicit: boolean, info: CallInfo) {
    const catalog = catalogOf(info);
    const path = implicit ? catalog.searchPath() : explicitPath(catalog);
    return PgArray.of(
      typeOid.name,
      path.map((oid) => catalog.namespace(oid)?.name ?? ''),
    );
  },
});

/** The search path without the schemas that nobody wrote into it. */
function explicitPath(catalog: Catalog): readonly number[] {
  const path = catalog.searchPath();
  const written = catalog.writtenSearchPath();
  return path.filter((oid) => written.includes(oid));
}

fn('pg_my_temp_schema', { impl: (info: CallInfo) => catalogOf(info).temporaryOid() });

fn('pg_is_other_temp_schema', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    const name = catalog.namespace(oid)?.name ?? '';
    return oid !== catalog.temporaryOid() && /^pg_(toast_)?temp_\d+$/.test(name);
  },
});

fn('pg_get_userbyid', {
  impl: (oid: number, info: CallInfo) => catalogOf(info).roles.roleName(oid) ?? `unknown (OID=${oid})`,
});

fn('pg_basetype', {
  impl(oid: number, info: CallInfo) {
    const catalog = catalogOf(info);
    return catalog.findTypeByOid(oid) === null ? null : catalog.baseType(oid);
  },
});
