/** Most query texts kept in a session's history. */
export const historyEntriesMax = 50;
/** How often a page with live state asks again, while it is visible. */
export const pollIntervalMs = 10_000;
/** How often keys are looked at: each look reads the headers of the engine's files. */
export const keysPollMs = 60_000;
/** An agent that spoke within this time is healthy: three missed heartbeats of one a minute. */
export const agentLateAfterMs = 3 * 60_000;
/** An agent that has not spoken for this long is silent. */
export const agentSilentAfterMs = 15 * 60_000;
/** Series drawn in colours of their own; the palette has so many that stay distinguishable. */
export const colouredSeriesMax = 8;
/** Series drawn at all; the smallest beyond it are left out, and the chart says so. */
export const seriesMax = 40;
/** Categories (bars, slices' table) drawn; the rest is left out, and the chart says so. */
export const categoriesMax = 100;
/** Slices of a pie; the smaller rest is one slice named "Other". */
export const slicesMax = 8;
/** Most bars of the time histogram. */
export const histogramBarsMax = 90;
/** Characters of a cell that the table shows; the row's detail shows all. */
export const cellCharactersMax = 300;
/** Rows sampled for a column's initial width. */
export const widthSampleRows = 50;
/** Fewest rows that a histogram over another column than TimeGenerated says something about. */
export const histogramRowsMin = 20;
