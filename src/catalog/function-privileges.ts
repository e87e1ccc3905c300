// May a role execute a function (ACL_EXECUTE)? Most functions have no privileges of their own: everybody may.
import { SqlState, pgError } from '../errors/pg-error.js';
import { aclBit } from './acl-text.js';
import type { Catalog } from './api.js';
import type { FunctionDescriptor } from './descriptors.js';

export function mayExecute(catalog: Catalog, fn: FunctionDescriptor, role: number): boolean {
  return fn.acl === null || catalog.access.mask('f', fn.oid, role, aclBit.execute) !== 0;
}

/** Throws 42501 where the role may not execute the function. */
export function requireExecute(catalog: Catalog, fn: FunctionDescriptor, role: number): void {
  if (mayExecute(catalog, fn, role)) return;
  const noun = fn.kind === 'a' ? 'aggregate' : fn.kind === 'p' ? 'procedure' : 'function';
  throw pgError(SqlState.insufficientPrivilege, `permission denied for ${noun} ${fn.name}`);
}
