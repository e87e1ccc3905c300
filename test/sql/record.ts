// Writes the answers of test/sql from a real PostgreSQL 17, with its psql: the sample databases must be loaded there, and
// planner/schema.sql, values/schema.sql and definitions/schema.sql into databases of their own, afresh (queries change rows).
// Usage: node dist/test/sql/record.js PSQL PORT CHINOOK_DATABASE NORTHWIND_DATABASE PLANNER_DATABASE VALUES_DATABASE \
//   DEFINITIONS_DATABASE
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { answersFile, readQueries } from './query-file.js';

const [psql = 'psql', port = '5432', ...databases] = process.argv.slice(2);
const [
  chinook = 'chinook',
  northwind = 'northwind',
  planner = 'planner',
  values = 'values',
  definitions = 'definitions',
] = databases;
for (const [folder, database] of [
  ['chinook', chinook],
  ['northwind', northwind],
  ['planner', planner],
  ['values', values],
  ['definitions', definitions],
] as const) {
  const answers = readQueries(folder).map((query) =>
    execFileSync(psql, ['-X', '-h', '127.0.0.1', '-p', port, '-U', 'postgres', '-d', database, '-c', query], {
      encoding: 'utf8',
    }),
  );
  writeFileSync(join('test', 'sql', folder, 'answers.txt'), answersFile(answers));
}
