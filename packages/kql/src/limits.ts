/** Characters of one query's text. Azure accepts about 2 million bytes of request; no person writes more. */
export const queryCharsMax = 1_000_000;
/** Nesting of brackets, calls and left-leaning operators. Parser, binder and printer recurse on it. */
export const nestingMax = 200;
/** Operators in one pipeline; each may become a sub-select, which the engine nests too. */
export const pipelineOperatorsMax = 250;
/** Expression nodes after `let` names and functions are put in: bounds exponential nesting. */
export const boundNodesMax = 60_000;
/** Nodes of one expression, its variables put in: what is walked more than once stays cheap. */
export const expressionNodesMax = 30_000;
/** Nodes of all expressions of a statement as SQL has them, sub-queries at each of their uses. */
export const loweredNodesMax = 400_000;
/** Calls of user functions inside each other, and tabular `let` names inside each other. */
export const functionDepthMax = 32;
/** Problems that one compilation reports. */
export const diagnosticsMax = 20;
/** Result sets of one text. */
export const resultsMax = 32;
/** Rows that `range` (the operator) makes. */
export const rangeRowsMax = 10_000_000n;
/** Elements of one array of `make-series`: what the engine's `repeat` makes at once. */
export const seriesElementsMax = 1_000_000;
/** Elements that `range()` (the function) and lists made of a range hold. */
export const arrayElementsMax = 1_048_576;
/** Strings in one list before it is handed over as one JSON value. */
export const inlineListMax = 64;
/** Size (in nodes) up to which a computed column is used again in the same sub-select. */
export const inlineColumnSizeMax = 10;
/** Columns of one result. */
export const columnsMax = 10_000;
/** Elements kept by `make_list`, `make_set` and `make_bag` when no size is given (KQL's own default). */
export const makeListMax = 1_048_576;
/** Sub-selects inside each other; the engine's `max_subquery_depth` is set to it. */
export const subqueryDepthMax = 400;
/** Results of one `fork`. */
export const forkLegsMax = 16;
/** Levels of one `top-nested`: each is a join with the one before. */
export const topNestedLevelsMax = 16;
/** Times that one query looks at the data before it is bound whole (inquiry.ts). */
export const inquiriesMax = 16;
/** Bytes of one answer: it is held, and may become a parameter of the next statement. */
export const inquiryBytesMax = 16 * 1024 * 1024;
/** Bytes of all answers of one query. */
export const answersBytesMax = 64 * 1024 * 1024;
/** Statements that one query runs in other workspaces, whose rows come back for the rest of it. */
export const otherStatementsMax = 100;
/** Rows that one of them brings back. */
export const otherRowsMax = 200_000;
/** Different texts in `workspace("…")` of one query. */
export const otherWorkspacesMax = 100;
/** Different arguments, or rows, for which functions that SQL cannot say are computed (plan/computed.ts). */
export const computedRowsMax = 100_000;
/** Characters of all that one such call makes: they become a parameter of the next statement. */
export const computedBytesMax = 8 * 1024 * 1024;
/** Bytes that one compressed text becomes: a kilobyte can hold a megabyte. */
export const inflatedBytesMax = 1_048_576;
/** Characters of a user agent that are looked at. */
export const userAgentCharsMax = 1000;
/** Bytes of one XML text, as the reference has it: beyond it the value is null. */
export const xmlBytesMax = 1_048_576;
/** Elements inside each other in one XML text: what reads the JSON recurses on it. */
export const xmlDepthMax = 128;
/** Columns that one `pivot` or `bag_unpack` makes of data. */
export const dataColumnsMax = 500;
/** Rows of one part that `scan` walks through; each costs the engine about 0.1 ms. */
export const walkRowsMax = 100_000;
/** Rows after which `scan` begins a new piece of its output, which is copied at each row. */
export const walkPieceRows = 256;
/** States or conditions of one sequence: each is a join with the one before. */
export const sequenceStepsMax = 16;
/** Steps of one `scan`. */
export const walkStepsMax = 16;
/** Columns in which `autocluster`, `basket` and `diffpatterns` look for patterns: bits of a number. */
export const patternColumnsMax = 30;
/** Different rows of those columns. */
export const patternGroupsMax = 50_000;
/** Different values that `reduce` looks at. */
export const reduceValuesMax = 100_000;
/** Vertices that `geo_polygon_densify()` and `geo_line_densify()` make of one chain: some 8 MB of JSON. */
export const densePointsMax = 262_144;
/** Cells of one covering of `geo_polygon_to_s2cells()` and `geo_line_to_s2cells()`, as documented. */
export const coveringCellsMax = 65_536;
/** Collections of well-known text inside each other: it is read by recursion. */
export const wktNestingMax = 64;
/** Cells of one `geo_polygon_to_h3cells()`, as documented. */
export const h3CellsMax = 61_680;

/** Properties of a dynamic that are taken out together: each use writes all their names. */
export const sharedPropertiesMax = 16;
/** Uses of such properties in a SELECT; beyond, each stands for itself, which is less to parse. */
export const sharedUsesMax = 500;
