// A session's sequences: values cached ahead (CACHE), what currval and lastval return, and checks before each use.
import { SqlState, pgError } from '../../errors/pg-error.js';
import { aclBit } from '../../catalog/acl-text.js';
import type { RelationDescriptor } from '../../catalog/descriptors.js';
import type { SequenceService } from '../../functions/sequence-service.js';
import type { SequenceDefinition } from '../../storage/api.js';
import { kindPlural } from '../../commands/relation-kind.js';
import type { Session } from '../session.js';

interface Known {
  /** Changes with ALTER SEQUENCE and TRUNCATE ... RESTART: cached values are dropped then. */
  readonly filenode: number;
  definition: SequenceDefinition;
  type: number;
  version: number;
  /** Value of currval; undefined before the first nextval. */
  current: bigint | undefined;
  /** Last of the values cached ahead; equal to `current` where none is left. */
  cachedUntil: bigint | undefined;
}

export class SessionSequences implements SequenceService {
  private readonly known = new Map<number, Known>();
  private lastUsed: number | null = null;

  constructor(private readonly session: Session) {}

  next(oid: number): bigint {
    return this.advance(oid, aclBit.usage | aclBit.update);
  }

  nextIdentity(oid: number): bigint {
    return this.advance(oid, null);
  }

  private advance(oid: number, privileges: number | null): bigint {
    const { relation, known } = this.open(oid, privileges, 'nextval()');
    if (known.current !== undefined && known.cachedUntil !== undefined && known.current !== known.cachedUntil) {
      known.current += known.definition.increment;
    } else {
      const { first, last } = this.session.store.sequences.next(relation.file, known.definition, relation.name);
      this.session.transactions.current?.store.noteSequence();
      known.current = first;
      known.cachedUntil = last;
    }
    this.lastUsed = oid;
    return known.current;
  }

  current(oid: number): bigint {
    const { relation, known } = this.open(oid, aclBit.usage | aclBit.select, null);
    if (known.current !== undefined) return known.current;
    throw pgError(
      SqlState.objectNotInPrerequisiteState,
      `currval of sequence "${relation.name}" is not yet defined in this session`,
    );
  }

  last(): bigint {
    const oid = this.lastUsed;
    if (oid === null || !this.session.catalog.relation(oid)) {
      throw pgError(SqlState.objectNotInPrerequisiteState, 'lastval is not yet defined in this session');
    }
    const { relation, known } = this.open(oid, aclBit.usage | aclBit.select, null);
    if (known.current !== undefined) return known.current;
    throw pgError(
      SqlState.objectNotInPrerequisiteState,
      `lastval is not yet defined in this session (${relation.name})`,
    );
  }

  set(oid: number, value: bigint, isCalled: boolean): void {
    const { relation, known } = this.open(oid, aclBit.update, 'setval()');
    const { min, max } = known.definition;
    if (value < min || value > max) {
      throw pgError(
        SqlState.numericValueOutOfRange,
        `setval: value ${value} is out of bounds for sequence "${relation.name}" (${min}..${max})`,
      );
    }
    this.session.store.sequences.set(relation.file, value, isCalled);
    this.session.transactions.current?.store.noteSequence();
    if (isCalled) {
      known.current = value;
      this.lastUsed = oid;
    }
    known.cachedUntil = known.current;
  }

  lastValueOf(oid: number): bigint | null {
    const relation = this.session.catalog.relation(oid);
    if (relation?.kind !== 'S') return null;
    const state = this.session.store.sequences.read(relation.file);
    return state.isCalled ? state.lastValue : null;
  }

  parameters(oid: number) {
    const { known } = this.open(oid, aclBit.usage | aclBit.select | aclBit.update, null);
    const { start, min, max, increment, cycle, cache } = known.definition;
    return { start, min, max, increment, cycle, cache, type: known.type };
  }

  /** The sequence was altered, restarted or dropped: what was cached ahead is void, currval stays. */
  forget(oid: number): void {
    const known = this.known.get(oid);
    if (known) {
      known.cachedUntil = known.current;
      known.version = -1;
    }
  }

  /** DISCARD SEQUENCES. */
  forgetAll(): void {
    this.known.clear();
    this.lastUsed = null;
  }

  /** Looks the sequence up and checks that it may be used (`privileges` null: by anybody); `writer` names the function that changes it. */
  private open(
    oid: number,
    privileges: number | null,
    writer: string | null,
  ): { readonly relation: RelationDescriptor; readonly known: Known } {
    const { catalog } = this.session;
    const relation = catalog.relation(oid);
    if (!relation) throw pgError(SqlState.undefinedTable, `could not open relation with OID ${oid}`);
    if (relation.kind !== 'S') {
      throw pgError(SqlState.wrongObjectType, `cannot open relation "${relation.name}"`, {
        detail: `This operation is not supported for ${kindPlural(relation.kind)}.`,
      });
    }
    if (privileges === null || this.session.isSuperuser) return this.opened(relation, writer);
    if (catalog.access.mask('s', oid, this.session.users.userId, privileges) === 0) {
      throw pgError(SqlState.insufficientPrivilege, `permission denied for sequence ${relation.name}`);
    }
    return this.opened(relation, writer);
  }

  private opened(
    relation: RelationDescriptor,
    writer: string | null,
  ): { readonly relation: RelationDescriptor; readonly known: Known } {
    if (writer !== null && relation.persistence !== 't') this.session.transactions.current?.requireWritable(writer);
    return { relation, known: this.lookUp(relation) };
  }

  private lookUp(relation: RelationDescriptor): Known {
    const { catalog } = this.session;
    const version = catalog.version();
    let known = this.known.get(relation.oid);
    if (known?.version === version && known.filenode === relation.file.filenode) return known;
    const row = catalog.tables.findOne('pg_sequence', { seqrelid: relation.oid })?.row;
    if (!row) throw pgError(SqlState.undefinedObject, `sequence "${relation.name}" has no definition`);
    const definition: SequenceDefinition = {
      start: row.seqstart,
      increment: row.seqincrement,
      min: row.seqmin,
      max: row.seqmax,
      cache: row.seqcache,
      cycle: row.seqcycle,
    };
    const isSameFile = known?.filenode === relation.file.filenode;
    known = {
      filenode: relation.file.filenode,
      definition,
      type: row.seqtypid,
      version,
      current: known?.current,
      cachedUntil: isSameFile ? known?.cachedUntil : known?.current,
    };
    this.known.set(relation.oid, known);
    return known;
  }
}
