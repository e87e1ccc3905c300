// Settings of functions (CREATE FUNCTION ... SET name = value): in force while the function runs.
import { settingDefinition } from '../../config/definitions.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import type { FunctionSettings } from '../../executor/services.js';
import type { Session } from '../session.js';

export function functionSettingsOf(session: Session): FunctionSettings {
  return {
    enter(config) {
      const { settings } = session;
      const leave = () => {
        settings.rollbackToSavepoint();
        session.followUsers();
      };
      settings.savepoint();
      try {
        for (const entry of config) {
          const at = entry.indexOf('=');
          const name = entry.slice(0, at);
          if (settingDefinition(name)?.flags.includes('NO_RESET'))
            throw pgError(SqlState.featureNotSupported, `parameter "${name}" cannot be set locally in functions`);
          const value = entry.slice(at + 1);
          if (name === 'role' || name === 'session_authorization') session.switchUser(name, value, true);
          else settings.set(name, value, { local: true, source: 'session', isSuperuser: true });
        }
      } catch (error) {
        leave();
        throw error;
      }
      return leave;
    },
    actAs: (userId) => session.users.enter(userId),
    userOf: (config) =>
      config.some((entry) => /^(?:role|session_authorization)=/.test(entry)) ? session.users.userId : null,
  };
}
