// Functions and aggregates: by oid, and by name along the search path.
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { AggregateDescriptor, FunctionDescriptor } from '../descriptors.js';
import type { PgAggregateRow, PgProcRow } from '../generated/rows.js';
import { cLanguage, firstNormalOid, internalLanguage, sqlLanguage } from '../oids.js';
import type { LookupBase } from './lookup-base.js';
import type { NamespaceLookups } from './namespaces.js';

export interface FunctionLookups {
  function(oid: number): FunctionDescriptor | null;
  requireFunction(oid: number): FunctionDescriptor;
  functionsNamed(schema: string | null, name: string): readonly FunctionDescriptor[];
  aggregate(functionOid: number): AggregateDescriptor | null;
}

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
      source: builtinSql ? `${row.proname}(${row.proargtypes.map(typeName).join(',')})` : row.prosrc,
      sqlBody: row.prosqlbody,
      isStrict: row.proisstrict,
      returnsSet: row.proretset,
      volatility: row.provolatile as FunctionDescriptor['volatility'],
      isLeakproof: row.proleakproof,
      securityDefiner: row.prosecdef,
      acl: row.proacl,
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
        return describeAggregate(row);
      }),
  };
}

/** Candidates in path order; one whose signature an earlier schema has is hidden. */
export function alongPath<D extends { readonly schema: number }>(
  all: readonly D[],
  path: readonly number[],
  signature: (candidate: D) => string,
): D[] {
  const onPath = all.filter((candidate) => path.includes(candidate.schema));
  const [first] = onPath;
  // Within one schema no signature comes twice.
  if (first === undefined || onPath.every((candidate) => candidate.schema === first.schema)) return onPath;
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

function describeAggregate(row: PgAggregateRow): AggregateDescriptor {
  return Object.freeze({
    function: row.aggfnoid,
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
}
