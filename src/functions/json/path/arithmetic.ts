// The operators of JSON paths on numbers.
import type { ArithmeticOperator } from '../../../types/jsonpath/path.js';
import type { Numeric } from '../../../types/numeric.js';
import {
  addNumerics,
  divideNumerics,
  modNumerics,
  multiplyNumerics,
  subtractNumerics,
} from '../../../types/numeric-math.js';

/** By operator; division by zero throws 22012. */
export const arithmetic: Readonly<Record<ArithmeticOperator, (left: Numeric, right: Numeric) => Numeric>> = {
  '+': addNumerics,
  '-': subtractNumerics,
  '*': multiplyNumerics,
  '/': divideNumerics,
  '%': modNumerics,
};
