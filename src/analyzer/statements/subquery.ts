// A query within a query: FROM, expressions, CTEs, set operation members.
import type { Node } from '@pgsql/types';
import { notSupported } from '../../errors/pg-error.js';
import { nodeTag } from '../../trees/ast.js';
import type { Query } from '../../trees/query.js';
import { type CteState, makeParseState, type ParseState } from '../parse-state.js';
import { stateDepth } from '../stack-depth.js';
import { analyzeDelete } from './delete.js';
import { analyzeInsert } from './insert.js';
import { analyzeMerge } from './merge.js';
import { analyzeSelect } from './select.js';
import { analyzeUpdate } from './update.js';

/** Binds a query one level below `parent`. */
export function analyzeSubquery(
  parent: ParseState,
  node: Node,
  options: { readonly resolveUnknowns: boolean; readonly lockedFromParent: boolean; readonly parentCte?: CteState },
): Query {
  const state = makeParseState(parent, parent.context);
  state.resolveUnknowns = options.resolveUnknowns;
  state.lockedFromParent = options.lockedFromParent;
  state.parentCte = options.parentCte ?? null;
  return analyzeQueryNode(state, node);
}

/** Binds a query statement in a state made for it. */
export function analyzeQueryNode(state: ParseState, node: Node): Query {
  stateDepth.enter();
  try {
    if ('SelectStmt' in node) return analyzeSelect(state, node.SelectStmt);
    if ('InsertStmt' in node) return analyzeInsert(state, node.InsertStmt);
    if ('UpdateStmt' in node) return analyzeUpdate(state, node.UpdateStmt);
    if ('DeleteStmt' in node) return analyzeDelete(state, node.DeleteStmt);
    if ('MergeStmt' in node) return analyzeMerge(state, node.MergeStmt);
  } finally {
    stateDepth.leave();
  }
  throw notSupported(`${nodeTag(node)} as a query`);
}
