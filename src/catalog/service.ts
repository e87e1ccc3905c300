// Under this key the functions of this room find the session's catalog.
import { serviceKey } from '../functions/call-info.js';
import type { Catalog } from './api.js';

export const catalogService = serviceKey<Catalog>('catalog');
