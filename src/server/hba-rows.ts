// pg_hba.conf as pg_hba_file_rules shows it: rules in order, then what could not be read.
import type { HbaAddress, HbaFile, HbaWord } from './hba-file.js';

export interface HbaRow {
  readonly ruleNumber: number | null;
  readonly fileName: string;
  readonly lineNumber: number;
  readonly type: string | null;
  readonly database: readonly string[] | null;
  readonly userName: readonly string[] | null;
  readonly address: string | null;
  readonly netmask: string | null;
  readonly authMethod: string | null;
  readonly options: readonly string[] | null;
  readonly error: string | null;
}

/** Rows in file order. */
export function hbaRows(file: HbaFile): HbaRow[] {
  const rules = file.rules.map((rule, index) => ({
    ruleNumber: index + 1,
    fileName: rule.file,
    lineNumber: rule.line,
    type: rule.type,
    database: rule.databases.map(wordText),
    userName: rule.users.map(wordText),
    ...addressColumns(rule.address),
    authMethod: rule.method,
    options: rule.options.length === 0 ? null : rule.options,
    error: null,
  }));
  const mistakes = file.mistakes.map((mistake) => ({
    ...nothing,
    fileName: mistake.file,
    lineNumber: mistake.line,
    error: mistake.message,
  }));
  return [...rules, ...mistakes].sort((left, right) =>
    left.fileName === right.fileName ? left.lineNumber - right.lineNumber : 0,
  );
}

const nothing = {
  ruleNumber: null,
  type: null,
  database: null,
  userName: null,
  address: null,
  netmask: null,
  authMethod: null,
  options: null,
};

function addressColumns(address: HbaAddress | null): Pick<HbaRow, 'address' | 'netmask'> {
  if (address === null) return { address: null, netmask: null };
  if (address.kind === 'range') return { address: address.address, netmask: address.mask };
  return { address: address.kind === 'host' ? address.name : address.kind, netmask: null };
}

function wordText(word: HbaWord): string {
  return word.text;
}
