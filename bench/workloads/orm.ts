// What a shop asks of its database through an object-relational mapper: lookups, joins, counts, lists, jsonb, an upsert and an
// update, as texts with literals and as prepared statements.
import { ormRows, ormShop, shopSums } from '../datasets/orm.js';
import { pgbench } from '../pgbench.js';
import { type Measure, times, type Workload } from '../workload.js';
import { ormScript, ormStatements } from './orm-statements.js';

export const orm: Workload = {
  name: 'orm',
  what: `${ormStatements.length} mixed statements as an ORM sends them, 8 clients, simple and prepared`,
  dataset: ormShop,
  measures: [measure('simple'), measure('prepared')],
};

function measure(protocol: 'simple' | 'prepared'): Measure {
  return {
    name: `statements, ${protocol}`,
    unit: 'a second',
    target: times(1.4),
    warmsUp: true,
    run: async (site) => {
      const { value } = await pgbench(site, { script: ormScript(protocol, ormRows(site.size)), protocol, clients: 8 });
      return { value: value * ormStatements.length };
    },
    check: shopSums,
  };
}
