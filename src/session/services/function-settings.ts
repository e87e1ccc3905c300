// Settings of functions (CREATE FUNCTION ... SET name = value): in force while the function runs.
import type { FunctionSettings } from '../../executor/services.js';
import type { Session } from '../session.js';

export function functionSettingsOf(session: Session): FunctionSettings {
  return {
    enter(config) {
      const { settings } = session;
      settings.savepoint();
      try {
        for (const entry of config) {
          const at = entry.indexOf('=');
          const options = { local: true, source: 'session', isSuperuser: true } as const;
          settings.set(entry.slice(0, at), entry.slice(at + 1), options);
        }
      } catch (error) {
        settings.rollbackToSavepoint();
        throw error;
      }
      return () => settings.rollbackToSavepoint();
    },
  };
}
