// Operator families and access methods: which operators and support functions belong together.
import type { OperatorFamilyMember } from '../descriptors.js';
import type { LookupBase } from './lookup-base.js';

export interface OperatorFamilyLookups {
  operatorFamilies(operator: number): readonly OperatorFamilyMember[];
  familyOperator(family: number, left: number, right: number, strategy: number): number;
  familyFunction(family: number, left: number, right: number, number: number): number;
  accessMethodName(oid: number): string;
  accessMethodOid(name: string): number;
}

export function operatorFamilyLookups({ tables, cache }: LookupBase): OperatorFamilyLookups {
  const families = cache.region<number, readonly OperatorFamilyMember[]>('operatorFamilies', ['pg_amop']);
  const members = cache.region<string, number>('familyOperators', ['pg_amop']);
  const support = cache.region<string, number>('familyFunctions', ['pg_amproc']);
  const methods = cache.region<'all', ReadonlyMap<number, string>>('accessMethods', ['pg_am']);

  const methodNames = () =>
    methods.get('all', () => new Map(tables.find('pg_am', {}).map(({ row }) => [row.oid, row.amname])));
  const accessMethodName = (oid: number) => methodNames().get(oid) ?? '';
  const accessMethodOid = (name: string) => [...methodNames()].find(([, known]) => known === name)?.[0] ?? 0;

  return {
    operatorFamilies: (operator) =>
      families.get(operator, () =>
        tables.find('pg_amop', { amopopr: operator, amoppurpose: 's' }).map(({ row }) => ({
          family: row.amopfamily,
          accessMethod: accessMethodName(row.amopmethod),
          strategy: row.amopstrategy,
          left: row.amoplefttype,
          right: row.amoprighttype,
          operator,
        })),
      ),
    familyOperator: (family, left, right, strategy) =>
      members.get(
        `${family} ${left} ${right} ${strategy}`,
        () =>
          tables.findOne('pg_amop', {
            amopfamily: family,
            amoplefttype: left,
            amoprighttype: right,
            amopstrategy: strategy,
          })?.row.amopopr ?? 0,
      ),
    familyFunction: (family, left, right, number) =>
      support.get(
        `${family} ${left} ${right} ${number}`,
        () =>
          tables.findOne('pg_amproc', {
            amprocfamily: family,
            amproclefttype: left,
            amprocrighttype: right,
            amprocnum: number,
          })?.row.amproc ?? 0,
      ),
    accessMethodName,
    accessMethodOid,
  };
}
