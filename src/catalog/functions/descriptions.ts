// Comments on objects, objects in words, and sequences owned by columns (manual, section 9.26.8 and .9).
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { CallInfo } from '../../functions/call-info.js';
import { fn } from '../../functions/registry.js';
import { quoteQualifiedIdentifier } from '../../types/quote.js';
import type { Catalog } from '../api.js';
import { catalogShapes } from '../generated/schema.js';
import { findObjectDescription } from '../object-description.js';
import { catalogOf } from './call.js';

const classOid = (name: string): number =>
  (catalogShapes as Readonly<Record<string, { readonly oid: number }>>)[name]?.oid ?? 0;

function comment(catalog: Catalog, object: number, classId: number, column: number): string | null {
  return (
    catalog.tables.findOne('pg_description', { objoid: object, classoid: classId, objsubid: column })?.row
      .description ?? null
  );
}

fn('obj_description(oid,name)', {
  impl: (object: number, catalogName: string, info: CallInfo) =>
    comment(catalogOf(info), object, classOid(catalogName), 0),
});
fn('obj_description(oid)', {
  impl: (object: number, info: CallInfo) =>
    catalogOf(info)
      .tables.find('pg_description', { objoid: object })
      .find(({ row }) => row.objsubid === 0)?.row.description ?? null,
});
fn('col_description(oid,int4)', {
  impl: (relation: number, column: number, info: CallInfo) =>
    comment(catalogOf(info), relation, classOid('pg_class'), column),
});
fn('shobj_description(oid,name)', {
  impl: (object: number, catalogName: string, info: CallInfo) =>
    catalogOf(info).tables.findOne('pg_shdescription', { objoid: object, classoid: classOid(catalogName) })?.row
      .description ?? null,
});

fn('pg_describe_object', {
  impl: (classId: number, objectId: number, subId: number, info: CallInfo) =>
    classId === 0 && objectId === 0 ? null : findObjectDescription(catalogOf(info), { classId, objectId, subId }),
});

fn('pg_get_serial_sequence', {
  impl(table: string, column: string, info: CallInfo) {
    const catalog = catalogOf(info);
    const relation = catalog.names.toOid('regclass', table, false) ?? 0;
    const attribute = catalog.tables.findOne('pg_attribute', { attrelid: relation, attname: column })?.row;
    if (attribute === undefined || attribute.attisdropped) {
      const name = catalog.relation(relation)?.name ?? table;
      throw pgError(SqlState.undefinedColumn, `column "${column}" of relation "${name}" does not exist`);
    }
    const pgClass = classOid('pg_class');
    for (const { row } of catalog.tables.find('pg_depend', {
      refclassid: pgClass,
      refobjid: relation,
      refobjsubid: attribute.attnum,
    })) {
      if (row.classid !== pgClass || row.objsubid !== 0 || (row.deptype !== 'a' && row.deptype !== 'i')) continue;
      const sequence = catalog.tables.findOne('pg_class', { oid: row.objid })?.row;
      if (sequence?.relkind === 'S')
        return quoteQualifiedIdentifier(catalog.namespace(sequence.relnamespace)?.name ?? null, sequence.relname);
    }
    return null;
  },
});
