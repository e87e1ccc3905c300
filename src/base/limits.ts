// Every limit of the server, each with its reason. PostgreSQL's own limits keep PostgreSQL's value.

/** Bytes of an identifier, PostgreSQL's NAMEDATALEN - 1: longer names are truncated with a NOTICE. */
export const identifierBytesMax = 63;
/** Columns of a table, PostgreSQL's MaxHeapAttributeNumber. */
export const tableColumnsMax = 1600;
/** Entries of a target list, PostgreSQL's MaxTupleAttributeNumber. */
export const targetListEntriesMax = 1664;
/** Columns of an index, PostgreSQL's INDEX_MAX_KEYS. */
export const indexColumnsMax = 32;
/** Arguments of a function, PostgreSQL's FUNC_MAX_ARGS. */
export const functionArgumentsMax = 100;
/** Bytes of one value, PostgreSQL's MaxAllocSize: larger ones raise 54000. */
export const valueBytesMax = 0x3fffffff;
/** UTF-16 units of one text: the longest string that V8 makes. PostgreSQL's own limit is a byte count twice that. */
export const textUnitsMax = 0x1fffffe8;
/** Dimensions of an array, PostgreSQL's MAXDIM. */
export const arrayDimensionsMax = 6;
/** Elements of an array, PostgreSQL's MaxArraySize. */
export const arrayElementsMax = 134217727;
/** Elements of an array that a worker makes: V8 ends the process where a list grows beyond twice this. */
export const listElementsMax = 1 << 26;
/** Rows of the first and the largest batch that flows between executor nodes: small ones first, so that LIMIT,
 *  EXISTS and point queries don't over-fetch; large ones later, so that the per-batch work is spread thin. */
export const batchRowsFirst = 16;
export const batchRowsMax = 4096;
/** Bytes of a batch, roughly: of wide rows it has fewer. */
export const batchBytesMax = 8 * 1024 * 1024;
/** Milliseconds that a statement may hold a worker's event loop before it yields to the other sessions. */
export const timeSliceMs = 10;
/** Bytes of a frontend message, PostgreSQL's PQ_LARGE_MESSAGE_LIMIT and PQ_SMALL_MESSAGE_LIMIT: what carries no user
 *  data has no reason to be longer. */
export const largeMessageBytesMax = 0x3ffffffe;
export const smallMessageBytesMax = 10000;
/** Bytes of a start-up packet, PostgreSQL's MAX_STARTUP_PACKET_LENGTH, and of a password or SASL response. */
export const startupPacketBytesMax = 10000;
export const authenticationTokenBytesMax = 65535;
/** Statements whose parse tree a worker keeps, and the longest text kept: repeated texts are worth it, bulk loads not. */
export const parseCacheEntriesMax = 2000;
export const parseCacheCharactersMax = 8192;
/** Statements of the simple protocol whose plans a worker keeps: longest text, and sum of weights (about one for each
 *  relation and each KiB of text): some tens of megabytes at most. */
export const cachedStatementCharactersMax = 16384;
export const statementCacheWeightMax = 6000;
/** Longest text whose literals are looked for, and how many there may be: beyond, the scan costs what it saves. */
export const fingerprintCharactersMax = 4096;
export const fingerprintLiteralsMax = 100;
/** Texts without their literals that a worker remembers. */
export const skeletonsMax = 2000;
/** Texts without their literals that a session's point path keeps programs for; then it begins anew. */
export const pointTextsMax = 256;
/** Prepared texts whose analysis and generic plan a worker's sessions share. */
export const sharedStatementsMax = 1000;
/** Combinations of database, user and settings whose plans a worker keeps apart. */
export const planEnvironmentsMax = 64;
/** Bytes of a page as sizes are reported in pages (pg_class.relpages), PostgreSQL's BLCKSZ. */
export const pageBytes = 8192;
/** Nested expressions and subqueries in one statement: what fits into a worker's 16 MiB stack with room to spare. PostgreSQL's
 *  limit is max_stack_depth, which 2 MB exhausts at a similar depth. */
export const expressionDepthMax = 6000;
/** Calls of SQL functions within each other. Those wait for each other instead of using the stack; PostgreSQL's
 *  max_stack_depth of 2 MB ends them at a similar depth. */
export const functionDepthMax = 6000;

/** Triggers that may run within each other: each holds a statement of its own, PostgreSQL's stack ends about here. */
export const triggerDepthMax = 1000;
/** Nested arrays and objects of a JSON text, for the same reason. */
export const jsonDepthMax = 6000;
/** Bytes that a client may have sent and its session not yet read before the socket is no longer read from. */
export const unreadBytesMax = 256 * 1024;
/** Sessions that a process can hold: slots of the interrupt words. */
export const sessionsMax = 65536;
/** Characters of a text with escapes (in arrays, rows, JSON): rows within rows double their quotes at each level, and a
 *  worker must not run out of memory over one value. PostgreSQL's limit for any value is 1 GB. */
export const escapedCharactersMax = 1 << 28;
/** Bytes of notifications written for a client before it is asked whether it takes them. */
export const notificationBytesMax = 256 * 1024;
