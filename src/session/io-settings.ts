// The settings and times that text forms depend on, parsed once for each change of the session's settings.
import type { IoSettings } from '../catalog/catalog-session.js';
import type { SessionSettings } from '../config/api.js';

interface Clock {
  readonly transactionTimestamp: bigint;
  readonly statementTimestamp: bigint;
}

type ParsedSettings = Omit<IoSettings, 'transactionTimestamp' | 'statementTimestamp' | 'checkDomain'>;

/** A view of the session's settings that is always current. A class: there may be thousands of sessions. */
export class SessionIoSettings implements IoSettings {
  private generation = -1;
  private parsed: ParsedSettings | null = null;

  constructor(
    private readonly settings: SessionSettings,
    private readonly clock: Clock,
    readonly checkDomain: NonNullable<IoSettings['checkDomain']>,
  ) {}

  get dateStyle() {
    return this.current().dateStyle;
  }
  get dateOrder() {
    return this.current().dateOrder;
  }
  get intervalStyle() {
    return this.current().intervalStyle;
  }
  get timeZone() {
    return this.current().timeZone;
  }
  get extraFloatDigits() {
    return this.current().extraFloatDigits;
  }
  get byteaOutput() {
    return this.current().byteaOutput;
  }
  get lcMonetary() {
    return this.current().lcMonetary;
  }
  get xmlOption() {
    return this.current().xmlOption;
  }
  get arrayNulls(): boolean {
    return this.current().arrayNulls ?? true;
  }
  get transactionTimestamp() {
    return this.clock.transactionTimestamp;
  }
  get statementTimestamp() {
    return this.clock.statementTimestamp;
  }

  private current(): ParsedSettings {
    if (this.parsed === null || this.generation !== this.settings.generation) {
      this.parsed = parse(this.settings);
      this.generation = this.settings.generation;
    }
    return this.parsed;
  }
}

function parse(settings: SessionSettings): ParsedSettings {
  const dateStyle = settings
    .text('DateStyle')
    .split(',')
    .map((part) => part.trim());
  return {
    dateStyle: dateStyle.find(isDateStyle) ?? 'ISO',
    dateOrder: dateStyle.find(isDateOrder) ?? 'MDY',
    intervalStyle: settings.text('IntervalStyle') as IoSettings['intervalStyle'],
    timeZone: settings.text('TimeZone'),
    extraFloatDigits: settings.int('extra_float_digits'),
    byteaOutput: settings.text('bytea_output') as IoSettings['byteaOutput'],
    lcMonetary: settings.text('lc_monetary'),
    xmlOption: settings.text('xmloption') as IoSettings['xmlOption'],
    arrayNulls: settings.bool('array_nulls'),
  };
}

function isDateStyle(text: string): text is IoSettings['dateStyle'] {
  return text === 'ISO' || text === 'SQL' || text === 'Postgres' || text === 'German';
}

function isDateOrder(text: string): text is IoSettings['dateOrder'] {
  return text === 'MDY' || text === 'DMY' || text === 'YMD';
}
