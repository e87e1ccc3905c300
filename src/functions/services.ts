// What built-in functions ask of their session beside what other rooms declare: settings to change, and waiting.
// Declared here, filled by the session.
import { serviceKey } from './call-info.js';

/** set_config and current_setting. */
export interface SettingControl {
  /** SHOW's text of a setting; null where there is none of that name. Throws 42501 where it may not be seen. */
  show(name: string): string | null;
  /** Sets (null: resets) a setting for the session or, with `isLocal`, the transaction; returns what SHOW now says.
   *  Throws 42704, 22023, 42501, 55P02. */
  set(name: string, value: string | null, isLocal: boolean): string;
}
export const settingControl = serviceKey<SettingControl>('settingControl');

/** pg_sleep. */
export interface Sleeper {
  /** Resolves after that many milliseconds; rejects with 57014 when the statement is cancelled meanwhile. */
  sleep(ms: number): Promise<void>;
}
export const sleeper = serviceKey<Sleeper>('sleeper');
