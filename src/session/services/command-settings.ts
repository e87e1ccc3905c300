// Settings as ALTER ROLE, ALTER DATABASE and CREATE FUNCTION store them.
import type { SettingsService } from '../../commands/services.js';
import { pgError, SqlState } from '../../errors/pg-error.js';
import { quoteIdentifier } from '../../types/quote.js';
import { settingDefinition } from '../../config/definitions.js';
import { transactionModeOf } from '../commands/settings.js';
import { mayChangeParameter, parameterName } from '../parameter-privileges.js';
import type { Session } from '../session.js';

export function commandSettings(session: Session): SettingsService {
  return {
    check(name, value, userIsSuperuser) {
      const known = settingDefinition(name)?.name ?? name;
      if (value === null) {
        if (!name.includes('.')) session.settings.show(name);
        return { name: known, value: '' };
      }
      // The value is tried on the session's own settings and taken back.
      session.settings.savepoint();
      try {
        session.settings.set(name, value, {
          local: false,
          source: 'session',
          isSuperuser: userIsSuperuser || mayChangeParameter(session, name, 'set'),
        });
        const mode = transactionModeOf(known, value);
        if (mode !== null) session.transactions.checkModes(mode);
        // As PostgreSQL does, the text is kept as it was written.
        return { name: known, value };
      } finally {
        session.settings.rollbackToSavepoint();
      }
    },
    requireResettable(name) {
      if (settingDefinition(name)?.flags.includes('NO_RESET'))
        throw pgError(SqlState.featureNotSupported, `parameter "${name}" cannot be reset`);
    },
    flatten(name, values) {
      const isNameList = settingDefinition(name)?.list === 'quoted';
      return values
        .map(({ text, isIdentifierLike }) => (isNameList && isIdentifierLike ? quoteIdentifier(text) : text))
        .join(', ');
    },
    parameterName,
    current: (name) => session.settings.show(name),
  };
}
