// The settings and times that text forms depend on, parsed once for each change of the session's settings.
import type { IoSettings } from '../catalog/catalog-session.js';
import type { SessionSettings } from '../config/api.js';

interface Clock {
  readonly transactionTimestamp: bigint;
  readonly statementTimestamp: bigint;
}

type ParsedSettings = Omit<IoSettings, 'transactionTimestamp' | 'statementTimestamp'>;

/** A view of the session's settings that is always current. */
export function ioSettingsOf(settings: SessionSettings, clock: Clock): IoSettings {
  let generation = -1;
  let parsed: ParsedSettings | null = null;
  const current = (): ParsedSettings => {
    if (parsed === null || generation !== settings.generation) {
      parsed = parse(settings);
      generation = settings.generation;
    }
    return parsed;
  };
  return {
    get dateStyle() {
      return current().dateStyle;
    },
    get dateOrder() {
      return current().dateOrder;
    },
    get intervalStyle() {
      return current().intervalStyle;
    },
    get timeZone() {
      return current().timeZone;
    },
    get extraFloatDigits() {
      return current().extraFloatDigits;
    },
    get byteaOutput() {
      return current().byteaOutput;
    },
    get lcMonetary() {
      return current().lcMonetary;
    },
    get xmlOption() {
      return current().xmlOption;
    },
    get transactionTimestamp() {
      return clock.transactionTimestamp;
    },
    get statementTimestamp() {
      return clock.statementTimestamp;
    },
  };
}

function parse(settings: SessionSettings): ParsedSettings {
  const dateStyle = settings.text('DateStyle').split(',').map((part) => part.trim());
  return {
    dateStyle: dateStyle.find(isDateStyle) ?? 'ISO',
    dateOrder: dateStyle.find(isDateOrder) ?? 'MDY',
    intervalStyle: settings.text('IntervalStyle') as IoSettings['intervalStyle'],
    timeZone: settings.text('TimeZone'),
    extraFloatDigits: settings.int('extra_float_digits'),
    byteaOutput: settings.text('bytea_output') as IoSettings['byteaOutput'],
    lcMonetary: settings.text('lc_monetary'),
    xmlOption: settings.text('xmloption') as IoSettings['xmlOption'],
  };
}

function isDateStyle(text: string): text is IoSettings['dateStyle'] {
  return text === 'ISO' || text === 'SQL' || text === 'Postgres' || text === 'German';
}

function isDateOrder(text: string): text is IoSettings['dateOrder'] {
  return text === 'MDY' || text === 'DMY' || text === 'YMD';
}
