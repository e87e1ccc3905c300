// What input and output of values ask of the session. Settings are read when they are asked for: they change between and
// within statements. A class, because its accessors are there once and not for each of thousands of sessions.
import type { CharacterCase, IoContext } from '../types/io-context.js';
import type { TypeDescriptor } from '../types/type-descriptor.js';
import type { CatalogSession } from './catalog-session.js';
import type { CollationLookups } from './lookups/collations.js';
import type { TypeLookups } from './lookups/types.js';
import { isUnsafeEnumValue } from './uncommitted-enums.js';

export class SessionIoContext implements IoContext {
  readonly collationOid = 0;

  constructor(
    private readonly session: CatalogSession,
    private readonly types: TypeLookups,
    private readonly collations: CollationLookups,
    readonly names: IoContext['names'],
  ) {}

  typeByOid(oid: number): TypeDescriptor {
    return this.types.typeByOid(oid);
  }

  collation(oid: number): ReturnType<IoContext['collation']> {
    const found = this.collations.collation(oid);
    return found?.provider === 'i' ? this.session.icuRules(found) : null;
  }

  characterCase(oid: number): CharacterCase {
    const found = oid === 0 ? null : this.collations.collation(oid);
    if (found?.provider === 'i') return { locale: found.locale ?? '' };
    const ctype = found?.provider === 'b' ? found.locale : found?.ctype;
    return ctype === 'C' || ctype === 'POSIX' ? 'ascii' : 'simple';
  }

  get dateStyle() {
    return this.session.ioSettings.dateStyle;
  }
  get dateOrder() {
    return this.session.ioSettings.dateOrder;
  }
  get intervalStyle() {
    return this.session.ioSettings.intervalStyle;
  }
  get timeZone() {
    return this.session.ioSettings.timeZone;
  }
  get extraFloatDigits() {
    return this.session.ioSettings.extraFloatDigits;
  }
  get byteaOutput() {
    return this.session.ioSettings.byteaOutput;
  }
  get lcMonetary() {
    return this.session.ioSettings.lcMonetary;
  }
  get xmlOption() {
    return this.session.ioSettings.xmlOption;
  }
  get arrayNulls() {
    return this.session.ioSettings.arrayNulls ?? true;
  }
  get transactionTimestamp() {
    return this.session.ioSettings.transactionTimestamp;
  }
  get statementTimestamp() {
    return this.session.ioSettings.statementTimestamp;
  }
  isUnsafeEnumValue(value: number): boolean {
    return isUnsafeEnumValue(this.session.transaction(), value);
  }
  get checkDomain(): NonNullable<IoContext['checkDomain']> {
    return this.session.ioSettings.checkDomain as NonNullable<IoContext['checkDomain']>;
  }
}
