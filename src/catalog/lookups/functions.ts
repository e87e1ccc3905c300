// Functions, aggregates, operators and collations: by oid, and by name along the search path.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type {
  AggregateDescriptor,
  CollationDescriptor,
  FunctionDescriptor,
  OperatorDescriptor,
} from '../descriptors.js';
import type { PgCollationRow, PgOperatorRow, PgProcRow } from '../generated/rows.js';
import { cLanguage, firstNormalOid, internalLanguage, sqlLanguage } from '../oids.js';
import type { LookupBase } from './lookup-base.js';
import type { NamespaceLookups } from './namespaces.js';

export interface FunctionLookups {
  function(oid: number): FunctionDescriptor | null;
  requireFunction(oid: number): FunctionDescriptor;
  functionsNamed(schema: string | null, name: string): readonly FunctionDescriptor[];
  aggregate(functionOid: number): AggregateDescriptor | null;
  operator(oid: number): OperatorDescriptor | null;
  requireOperator(oid: number): OperatorDescriptor;
  operatorsNamed(schema: string | null, name: string, kind: 'b' | 'l'): readonly OperatorDescriptor[];
  collation(oid: number): CollationDescriptor | null;
  findCollation(schema: string | null, name: string): CollationDescriptor | null;
}

/** Encoding number of UTF8 in pg_collation and pg_conversion. */
const utf8Encoding = 6;

export function functionLookups(
  base: LookupBase,
  namespaces: NamespaceLookups,
  typeName: (oid: number) => string,
): FunctionLookups {
  const { tables, cache } = base;
  const functions = cache.region<number, FunctionDescriptor | null>('functions', ['pg_proc', 'pg_language']);
  const functionsByName = cache.region<string, readonly FunctionDescriptor[]>('functionsByName', [
    'pg_proc',
    'pg_language',
  ]);
  const languages = cache.region<number, string>('languages', ['pg_language']);
  const aggregates = cache.region<number, AggregateDescriptor | null>('aggregates', ['pg_aggregate']);
  const operators = cache.region<number, OperatorDescriptor | null>('operators', ['pg_operator', 'pg_proc']);
  const operatorsByName = cache.region<string, readonly OperatorDescriptor[]>('operatorsByName', [
    'pg_operator',
    'pg_proc',
  ]);
  const collations = cache.region<number, CollationDescriptor | null>('collations', ['pg_collation']);
  const collationsByName = cache.region<string, readonly PgCollationRow[]>('collationsByName', ['pg_collation']);

  const languageName = (oid: number): string =>
    languages.get(oid, () => tables.findOne('pg_language', { oid })?.row.lanname ?? '');

  /** Our built-in SQL functions have no body: they are implemented under `name(argument types)`. */
  const isBuiltinSql = (row: PgProcRow): boolean =>
    row.prolang === sqlLanguage && row.oid < firstNormalOid && row.prosqlbody === null && row.prosrc === '';

  function describe(row: PgProcRow): FunctionDescriptor {
    const builtinSql = isBuiltinSql(row);
    const builtin = builtinSql || row.prolang === internalLanguage;
    return Object.freeze({
      oid: row.oid,
      name: row.proname,
      schema: row.pronamespace,
      owner: row.proowner,
      kind: row.prokind as FunctionDescriptor['kind'],
      language: builtin ? 'internal' : row.prolang === cLanguage ? 'c' : languageName(row.prolang),
      source: builtinSql ? `${row.proname}(${row.proargtypes.map(typeName).join(', ')})` : row.prosrc,
      sqlBody: row.prosqlbody,
      isStrict: row.proisstrict,
      returnsSet: row.proretset,
      volatility: row.provolatile as FunctionDescriptor['volatility'],
      isLeakproof: row.proleakproof,
      securityDefiner: row.prosecdef,
      cost: row.procost,
      rows: row.prorows,
      argTypes: row.proargtypes,
      argDefaultCount: row.pronargdefaults,
      argDefaults: row.proargdefaults,
      variadic: row.provariadic,
      returnType: row.prorettype,
      allArgTypes: row.proallargtypes,
      argModes: row.proargmodes,
      argNames: row.proargnames,
      config: row.proconfig ?? [],
      supportFunction: row.prosupport,
    });
  }

  const functionByOid = (oid: number): FunctionDescriptor | null =>
    oid === 0
      ? null
      : functions.get(oid, () => {
          const entry = tables.findOne('pg_proc', { oid });
          return entry === null ? null : describe(entry.row);
        });

  const estimatorName = (oid: number): string => functionByOid(oid)?.name ?? '';

  const describeOperator = (row: PgOperatorRow): OperatorDescriptor =>
    Object.freeze({
      oid: row.oid,
      name: row.oprname,
      schema: row.oprnamespace,
      owner: row.oprowner,
      kind: row.oprkind as OperatorDescriptor['kind'],
      left: row.oprleft,
      right: row.oprright,
      result: row.oprresult,
      commutator: row.oprcom,
      negator: row.oprnegate,
      function: row.oprcode,
      restrictEstimator: estimatorName(row.oprrest),
      joinEstimator: estimatorName(row.oprjoin),
      canMerge: row.oprcanmerge,
      canHash: row.oprcanhash,
    });

  const operator = (oid: number): OperatorDescriptor | null =>
    operators.get(oid, () => {
      const entry = tables.findOne('pg_operator', { oid });
      return entry === null ? null : describeOperator(entry.row);
    });

  /** Candidates in path order; one whose signature an earlier schema has is hidden. */
  function alongPath<D extends { readonly schema: number }>(
    all: readonly D[],
    path: readonly number[],
    signature: (candidate: D) => string,
  ): D[] {
    const seen = new Set<string>();
    const visible: D[] = [];
    for (const namespace of path) {
      for (const candidate of all) {
        if (candidate.schema !== namespace || seen.has(signature(candidate))) continue;
        seen.add(signature(candidate));
        visible.push(candidate);
      }
    }
    return visible;
  }

  return {
    function: functionByOid,
    requireFunction(oid) {
      const found = functionByOid(oid);
      if (found === null) throw pgError(SqlState.internalError, `cache lookup failed for function ${oid}`);
      return found;
    },
    functionsNamed(schema, name) {
      const all = functionsByName.get(name, () =>
        tables.find('pg_proc', { proname: name }).map(({ row }) => describe(row)),
      );
      if (all.length === 0 && schema === null) return [];
      return alongPath(all, namespaces.lookupPathWithoutTemporary(schema), (candidate) => candidate.argTypes.join(' '));
    },
    aggregate: (oid) =>
      aggregates.get(oid, () => {
        const row = tables.findOne('pg_aggregate', { aggfnoid: oid })?.row;
        if (row === undefined) return null;
        return Object.freeze({
          function: oid,
          kind: row.aggkind as AggregateDescriptor['kind'],
          directArgCount: row.aggnumdirectargs,
          transitionFunction: row.aggtransfn,
          finalFunction: row.aggfinalfn,
          combineFunction: row.aggcombinefn,
          movingTransitionFunction: row.aggmtransfn,
          movingInverseFunction: row.aggminvtransfn,
          movingFinalFunction: row.aggmfinalfn,
          finalExtraArgs: row.aggfinalextra,
          movingFinalExtraArgs: row.aggmfinalextra,
          finalModify: row.aggfinalmodify,
          sortOperator: row.aggsortop,
          transitionType: row.aggtranstype,
          movingTransitionType: row.aggmtranstype,
          initialValue: row.agginitval,
          movingInitialValue: row.aggminitval,
        });
      }),
    operator,
    requireOperator(oid) {
      const found = operator(oid);
      if (found === null) throw pgError(SqlState.internalError, `cache lookup failed for operator ${oid}`);
      return found;
    },
    operatorsNamed(schema, name, kind) {
      const all = operatorsByName.get(name, () =>
        tables.find('pg_operator', { oprname: name }).map(({ row }) => describeOperator(row)),
      );
      const wanted = all.filter((candidate) => candidate.kind === kind);
      return alongPath(wanted, namespaces.lookupPathWithoutTemporary(schema), ({ left, right }) => `${left} ${right}`);
    },
    collation: (oid) =>
      collations.get(oid, () => {
        const entry = tables.findOne('pg_collation', { oid });
        return entry === null ? null : describeCollation(entry.row);
      }),
    findCollation(schema, name) {
      const rows = collationsByName.get(name, () =>
        tables.find('pg_collation', { collname: name }).map(({ row }) => row),
      );
      for (const namespace of namespaces.lookupPathWithoutTemporary(schema)) {
        const row = rows.find(
          ({ collnamespace, collencoding }) =>
            collnamespace === namespace && (collencoding === utf8Encoding || collencoding === -1),
        );
        if (row !== undefined) return describeCollation(row);
      }
      return null;
    },
  };
}

function describeCollation(row: PgCollationRow): CollationDescriptor {
  return Object.freeze({
    oid: row.oid,
    name: row.collname,
    schema: row.collnamespace,
    provider: row.collprovider,
    deterministic: row.collisdeterministic,
    encoding: row.collencoding,
    collate: row.collcollate,
    ctype: row.collctype,
    locale: row.colllocale,
    icuRules: row.collicurules,
  });
}
