/** Nesting of one SQL tree. The printer recurses; the engine's own parser stops at 1,000. */
export const treeDepthMax = 900;
/** Bytes of one statement's text, without its parameters. The engine's `max_query_size` is set to it. */
export const statementBytesMax = 4 * 1024 * 1024;
