// The session's temporary tables with an ON COMMIT action, and the end of its temporary schema.
import { quoteQualifiedIdentifier } from '../types/quote.js';
import type { OnCommitService } from '../commands/on-commit.js';
import { ClassOid, objectAddress } from '../commands/classes.js';
import { requireDroppable } from '../commands/relation-file.js';
import { deleteObjects } from '../catalog/dependencies/delete-objects.js';
import { commandContext, runSql } from './corridor.js';
import type { Session } from './session.js';

export class TemporaryTables implements OnCommitService {
  private readonly actions = new Map<number, 'delete' | 'drop'>();

  constructor(private readonly session: Session) {}

  register(relation: number, action: 'delete' | 'drop'): void {
    this.actions.set(relation, action);
  }

  forget(relation: number): void {
    this.actions.delete(relation);
  }

  /** Some table has something to do at commit. */
  get hasActions(): boolean {
    return this.actions.size > 0;
  }

  /** Empties and drops what must be before a commit. */
  async beforeCommit(): Promise<void> {
    for (const [oid, action] of [...this.actions]) {
      const relation = this.session.catalog.relation(oid);
      if (!relation) {
        this.actions.delete(oid);
        continue;
      }
      const name = quoteQualifiedIdentifier(relation.schemaName, relation.name);
      if (action === 'drop') {
        this.actions.delete(oid);
        await runSql(this.session, `DROP TABLE ${name} CASCADE`);
      } else {
        await runSql(this.session, `TRUNCATE ${name}`);
      }
    }
  }

  /** Drops every object in the session's temporary schema (DISCARD TEMP, end of session), in a transaction of its own
   *  where none is open. */
  async dropAll(): Promise<void> {
    const schema = await this.session.catalog.temporaryNamespace(false);
    if (!schema) return;
    this.actions.clear();
    const ownTransaction = this.session.transactions.current === null;
    this.session.transactions.ensure().noteTemporary();
    const context = commandContext(this.session, '', []);
    // Nobody asked for any of it by name: what goes along goes without a word.
    await deleteObjects(context, [objectAddress(ClassOid.namespace, schema.oid)], {
      behavior: 'cascade',
      quiet: true,
      skipOriginal: true,
      requireUnused: (relation) => requireDroppable(context, relation),
    });
    if (ownTransaction) await this.session.transactions.finishStatement();
  }
}
