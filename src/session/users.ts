// Whose session it is: the authenticated role, SET SESSION AUTHORIZATION, SET ROLE, and the effective user that a
// SECURITY DEFINER function or a view's owner puts in its place for a while.
import { SqlState, pgError } from '../errors/pg-error.js';
import type { Catalog } from '../catalog/api.js';
import type { SessionSettings } from '../config/api.js';

export class SessionUsers {
  private authenticated: number;
  private session: number;
  private current: number;
  /** Owners of the SECURITY DEFINER functions that run, innermost last. */
  private readonly definers: number[] = [];
  /** What is_superuser shows: whether the role that SET ROLE chose was a superuser then. */
  private shownAsSuperuser = false;
  /** Generation of the settings that the users were taken from. */
  private followed = -1;

  constructor(authenticatedUserId: number) {
    this.authenticated = authenticatedUserId;
    this.session = authenticatedUserId;
    this.current = authenticatedUserId;
  }

  get sessionUserId(): number {
    return this.session;
  }

  get userId(): number {
    return this.definers.length === 0 ? this.current : (this.definers[this.definers.length - 1] as number);
  }

  get isShownAsSuperuser(): boolean {
    return this.shownAsSuperuser;
  }

  /** Runs `action` as another effective user. */
  as<T>(userId: number, action: () => T): T {
    const before = this.current;
    this.current = userId;
    try {
      return action();
    } finally {
      this.current = before;
    }
  }

  /** Acts as the owner of a SECURITY DEFINER function until the returned call. */
  enter(userId: number): () => void {
    const at = this.definers.push(userId) - 1;
    return () => {
      this.definers.length = at;
    };
  }

  /** SET ROLE, RESET ROLE (null or none), SET SESSION AUTHORIZATION (null: DEFAULT). Throws 22023, 42501. */
  switchTo(
    kind: 'role' | 'session_authorization',
    name: string | null,
    catalog: Catalog,
    settings: SessionSettings,
    isLocal: boolean,
  ): void {
    const options = { local: isLocal, source: 'session', isSuperuser: true } as const;
    if (kind === 'session_authorization') {
      const role = name === null || name === 'default' ? this.authenticated : roleOid(catalog, name);
      if (role !== this.authenticated && !isSuperuser(catalog, this.authenticated)) {
        throw pgError(SqlState.insufficientPrivilege, `permission denied to set session authorization "${name}"`);
      }
      settings.set('session_authorization', roleName(catalog, role), options);
      settings.set('role', 'none', options);
    } else {
      const isNone = name === null || name === 'none';
      const role = isNone ? this.session : roleOid(catalog, name);
      if (!isNone && !catalog.access.canSetRole(this.session, role)) {
        throw pgError(SqlState.insufficientPrivilege, `permission denied to set role "${name}"`);
      }
      settings.set('role', isNone ? 'none' : name, options);
    }
    this.follow(catalog, settings);
  }

  /** Takes the users over from the settings, which the end of a transaction may have put back. */
  follow(catalog: Catalog, settings: SessionSettings): void {
    if (settings.generation === this.followed) return;
    const session = settings.find('session_authorization');
    const role = settings.find('role');
    this.session = (session ? catalog.io.names.roleOid(session) : null) ?? this.authenticated;
    this.current = (role && role !== 'none' ? catalog.io.names.roleOid(role) : null) ?? this.session;
    const isSuperuserNow = isSuperuser(catalog, this.current);
    if (isSuperuserNow !== this.shownAsSuperuser) {
      this.shownAsSuperuser = isSuperuserNow;
      settings.noteComputed('is_superuser');
    }
    this.followed = settings.generation;
  }
}

/** pg_authid.rolsuper. */
export function isSuperuser(catalog: Catalog, role: number): boolean {
  return catalog.tables.findOne('pg_authid', { oid: role })?.row.rolsuper ?? false;
}

function roleName(catalog: Catalog, role: number): string {
  return catalog.io.names.roleName(role) ?? String(role);
}

function roleOid(catalog: Catalog, name: string): number {
  const oid = catalog.io.names.roleOid(name);
  if (oid === null) throw pgError(SqlState.invalidParameterValue, `role "${name}" does not exist`);
  return oid;
}
