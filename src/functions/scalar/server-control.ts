// Functions that act on the whole server (manual, section 9.28.2): reloading its configuration.
import type { CallInfo } from '../call-info.js';
import { fn } from '../registry.js';
import { serverControl } from '../server-services.js';

fn('pg_reload_conf', {
  impl: (info: CallInfo) => {
    info.session.service(serverControl).reload();
    return true;
  },
});
