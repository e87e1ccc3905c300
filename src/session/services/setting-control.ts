// What functions may do to their session: set_config, pg_sleep, pg_reload_conf.
import type { SettingControl, Sleeper } from '../../functions/services.js';
import type { Session } from '../session.js';
import { assignSetting } from '../commands/settings.js';

/** set_config and current_setting. */
export function settingControlOf(session: Session): SettingControl {
  return {
    show: (name) => session.settings.find(name),
    set(name, value, isLocal) {
      assignSetting(session, name, value, isLocal);
      return session.settings.find(name) ?? '';
    },
  };
}

/** pg_sleep: wakes early only to throw what ends the statement. */
export function sleeperOf(session: Session): Sleeper {
  return {
    sleep: (ms) =>
      new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer);
          unsubscribe();
          session.activity.setWait(null);
          settle();
        };
        const timer = setTimeout(() => finish(resolve), Math.min(ms, sleepMsMax));
        const unsubscribe = session.timer.subscribe(() => {
          try {
            session.checkInterrupts();
          } catch (error) {
            finish(() => reject(error as Error));
          }
        });
        session.activity.setWait('Timeout:PgSleep');
      }),
  };
}

/** Longest time a timer takes: 24 days. */
const sleepMsMax = 2 ** 31 - 1;
