// Functions, operators and collations together: what names.ts and visibility.ts look up.
import type { CollationLookups } from './collations.js';
import type { FunctionLookups } from './functions.js';
import type { OperatorLookups } from './operators.js';

export type NamedObjectLookups = FunctionLookups & OperatorLookups & CollationLookups;
