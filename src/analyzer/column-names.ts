// The name of an output column that has no AS: taken from what the expression is (manual, section 7.3.2).
import type { Node, SelectStmt } from '@pgsql/types';
import { nodeTag, stringOf } from '../trees/ast.js';

/** The name PostgreSQL gives to an unnamed output column. */
export function figureColumnName(node: Node): string {
  return figure(node)?.name ?? '?column?';
}

/** As figureColumnName for index columns: null where nothing suggests a name. */
export function figureIndexColumnName(node: Node): string | null {
  return figure(node)?.name ?? null;
}

interface Guess {
  readonly name: string;
  /** A weak guess (type name, "case") gives way to what the inside suggests. */
  readonly weak: boolean;
}

const fixed: Readonly<Record<string, string>> = {
  GroupingFunc: 'grouping',
  MergeSupportFunc: 'merge_action',
  A_ArrayExpr: 'array',
  RowExpr: 'row',
  CoalesceExpr: 'coalesce',
  XmlSerialize: 'xmlserialize',
  JsonParseExpr: 'json',
  JsonScalarExpr: 'json_scalar',
  JsonSerializeExpr: 'json_serialize',
  JsonObjectConstructor: 'json_object',
  JsonArrayConstructor: 'json_array',
  JsonArrayQueryConstructor: 'json_array',
  JsonObjectAgg: 'json_objectagg',
  JsonArrayAgg: 'json_arrayagg',
};

const jsonFunctions: Readonly<Record<string, string>> = {
  JSON_EXISTS_OP: 'json_exists',
  JSON_QUERY_OP: 'json_query',
  JSON_VALUE_OP: 'json_value',
};

const xmlNames: Readonly<Record<string, string>> = {
  IS_XMLCONCAT: 'xmlconcat',
  IS_XMLELEMENT: 'xmlelement',
  IS_XMLFOREST: 'xmlforest',
  IS_XMLPARSE: 'xmlparse',
  IS_XMLPI: 'xmlpi',
  IS_XMLROOT: 'xmlroot',
};

function strong(name: string): Guess {
  return { name, weak: false };
}

function figure(node: Node | undefined): Guess | null {
  if (node === undefined) return null;
  const known = fixed[nodeTag(node)];
  if (known !== undefined) return strong(known);
  if ('ColumnRef' in node) return lastName(node.ColumnRef.fields);
  if ('A_Indirection' in node) return lastName(node.A_Indirection.indirection) ?? figure(node.A_Indirection.arg);
  if ('FuncCall' in node) return lastName(node.FuncCall.funcname);
  if ('A_Expr' in node) return node.A_Expr.kind === 'AEXPR_NULLIF' ? strong('nullif') : null;
  if ('CollateClause' in node) return figure(node.CollateClause.arg);
  if ('MinMaxExpr' in node) return strong(node.MinMaxExpr.op === 'IS_LEAST' ? 'least' : 'greatest');
  if ('XmlExpr' in node) {
    const name = xmlNames[node.XmlExpr.op ?? ''];
    return name === undefined ? null : strong(name);
  }
  if ('JsonFuncExpr' in node) {
    const name = jsonFunctions[node.JsonFuncExpr.op ?? ''];
    return name === undefined ? null : strong(name);
  }
  if ('SQLValueFunction' in node) {
    return strong(
      (node.SQLValueFunction.op ?? '')
        .replace(/^SVFOP_/, '')
        .replace(/_N$/, '')
        .toLowerCase(),
    );
  }
  if ('TypeCast' in node) {
    const inner = figure(node.TypeCast.arg);
    if (inner !== null && !inner.weak) return inner;
    const type = lastName(node.TypeCast.typeName?.names);
    return type === null ? inner : { name: type.name, weak: true };
  }
  if ('CaseExpr' in node) {
    const inner = figure(node.CaseExpr.defresult);
    return inner !== null && !inner.weak ? inner : { name: 'case', weak: true };
  }
  if ('SubLink' in node) {
    if (node.SubLink.subLinkType === 'EXISTS_SUBLINK') return strong('exists');
    if (node.SubLink.subLinkType === 'ARRAY_SUBLINK') return strong('array');
    if (
      node.SubLink.subLinkType === 'EXPR_SUBLINK' &&
      node.SubLink.subselect !== undefined &&
      'SelectStmt' in node.SubLink.subselect
    ) {
      return firstOutput(node.SubLink.subselect.SelectStmt);
    }
  }
  return null;
}

function firstOutput(select: SelectStmt): Guess | null {
  if (select.larg !== undefined) return firstOutput(select.larg);
  if (select.valuesLists !== undefined) return strong('column1');
  const first = select.targetList?.[0];
  if (first === undefined || !('ResTarget' in first)) return null;
  if (first.ResTarget.name !== undefined) return strong(first.ResTarget.name);
  return strong(figure(first.ResTarget.val)?.name ?? '?column?');
}

function lastName(parts: readonly Node[] | undefined): Guess | null {
  for (let index = (parts ?? []).length - 1; index >= 0; index--) {
    const part = parts?.[index];
    if (part !== undefined && 'String' in part) return strong(stringOf(part));
  }
  return null;
}
