// Registers the functions of this room; loaded once by the session.
import './activity.js';
import './definitions.js';
import './descriptions.js';
import './function-text.js';
import './information-schema.js';
import './input-check.js';
import './object-identity.js';
import './privileges.js';
import './relations.js';
import './server-files.js';
import './server.js';
import './sizes.js';
import './statistics.js';
import './system-internals.js';
import './time-zones.js';
import './transactions.js';
import './visibility.js';
