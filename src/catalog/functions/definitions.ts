// pg_get_viewdef, pg_get_expr and their kin: definitions of catalog objects as SQL.
import { fn } from '../../functions/registry.js';
import type { CallInfo } from '../../functions/call-info.js';
import { constraintDefinition } from '../deparse/constraint-definition.js';
import { expressionText, storedExpression } from '../deparse/expressions-text.js';
import { indexColumnDefinition, indexDefinition } from '../deparse/index-definition.js';
import { statisticsColumns, statisticsDefinition, statisticsExpressions } from '../deparse/statistics-definition.js';
import { triggerDefinition } from '../deparse/trigger-definition.js';
import { ruleDefinition, viewDefinition } from '../deparse/view-definition.js';
import { catalogService } from '../service.js';
import { PgArray } from '../../types/value.js';

const textOid = 25;

fn('pg_get_viewdef', { impl: (view: number, info: CallInfo) => viewText(info, view, false) });
fn('pg_get_viewdef_ext', {
  impl: (view: number, pretty: boolean, info: CallInfo) => viewText(info, view, pretty),
});
fn('pg_get_viewdef_wrap', {
  impl: (view: number, _columns: number, info: CallInfo) => viewText(info, view, true),
});
fn('pg_get_viewdef_name', {
  impl: (name: string, info: CallInfo) => viewText(info, relationNamed(info, name), false),
});
fn('pg_get_viewdef_name_ext', {
  impl: (name: string, pretty: boolean, info: CallInfo) => viewText(info, relationNamed(info, name), pretty),
});

fn('pg_get_expr', {
  impl: (tree: string, relation: number, info: CallInfo) => storedText(info, tree, relation, false),
});
fn('pg_get_expr_ext', {
  impl: (tree: string, relation: number, pretty: boolean, info: CallInfo) => storedText(info, tree, relation, pretty),
});

fn('pg_get_constraintdef', {
  impl: (oid: number, info: CallInfo) => constraintText(info, oid, false),
});
fn('pg_get_constraintdef_ext', {
  impl: (oid: number, pretty: boolean, info: CallInfo) => constraintText(info, oid, pretty),
});

fn('pg_get_indexdef', { impl: (oid: number, info: CallInfo) => indexText(info, oid, false) });
fn('pg_get_indexdef_ext', {
  impl: (oid: number, column: number, pretty: boolean, info: CallInfo) =>
    column === 0 ? indexText(info, oid, pretty) : indexColumnDefinition(catalogOf(info), oid, column, pretty),
});

fn('pg_get_triggerdef', { impl: (oid: number, info: CallInfo) => triggerDefinition(catalogOf(info), oid, false) });
fn('pg_get_triggerdef_ext', {
  impl: (oid: number, pretty: boolean, info: CallInfo) => triggerDefinition(catalogOf(info), oid, pretty),
});

fn('pg_get_ruledef', { impl: (oid: number, info: CallInfo) => ruleDefinition(catalogOf(info), oid, false) });
fn('pg_get_ruledef_ext', {
  impl: (oid: number, pretty: boolean, info: CallInfo) => ruleDefinition(catalogOf(info), oid, pretty),
});

// Partitioned tables can't be made yet: no relation has a partition key or constraint.
fn('pg_get_partkeydef', { impl: () => null });
fn('pg_get_partition_constraintdef', { impl: () => null });

fn('pg_get_statisticsobjdef', { impl: (oid: number, info: CallInfo) => statisticsDefinition(catalogOf(info), oid) });
fn('pg_get_statisticsobjdef_columns', {
  impl: (oid: number, info: CallInfo) => statisticsColumns(catalogOf(info), oid),
});
fn('pg_get_statisticsobjdef_expressions', {
  impl: (oid: number, info: CallInfo) => {
    const row = catalogOf(info).tables.findOne('pg_statistic_ext', { oid })?.row;
    const texts = row ? statisticsExpressions(catalogOf(info), row) : [];
    return texts.length === 0 ? null : PgArray.of(textOid, texts);
  },
});

function catalogOf(info: CallInfo) {
  return info.session.service(catalogService);
}

function relationNamed(info: CallInfo, name: string): number {
  return catalogOf(info).io.names.toOid('regclass', name, false) ?? 0;
}

/** Null where the relation is gone meanwhile, as concurrent drops may have it. */
function storedText(info: CallInfo, tree: string, relation: number, pretty: boolean): string | null {
  const catalog = catalogOf(info);
  if (relation !== 0 && !catalog.relationHead(relation)) return null;
  return catalog.rememberedText(`expression ${pretty} ${relation} ${tree}`, () =>
    expressionText(catalog, storedExpression(tree), relation, { pretty }),
  );
}

function viewText(info: CallInfo, view: number, pretty: boolean): string | null {
  const catalog = catalogOf(info);
  return catalog.rememberedText(`view ${pretty} ${view}`, () => viewDefinition(catalog, view, pretty));
}

function constraintText(info: CallInfo, oid: number, pretty: boolean): string | null {
  const catalog = catalogOf(info);
  return catalog.rememberedText(`constraint ${pretty} ${oid}`, () => constraintDefinition(catalog, oid, pretty));
}

function indexText(info: CallInfo, oid: number, pretty: boolean): string | null {
  const catalog = catalogOf(info);
  return catalog.rememberedText(`index ${pretty} ${oid}`, () => indexDefinition(catalog, oid, pretty));
}
