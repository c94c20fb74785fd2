import { addressRows } from './address.js';
import { arrayOrderRows } from './array-order.js';
import { bagRows } from './bag.js';
import { compressionRows } from './compression.js';
import { conversionRows } from './conversion.js';
import { datetimeRows } from './datetime.js';
import { dynamicRows } from './dynamic.js';
import { encodingRows } from './encoding.js';
import { geoAlongRows } from './geo-along.js';
import { geoCellRows } from './geo-cell.js';
import { geoComputedRows } from './geo-computed.js';
import { geoShapeRows } from './geo-shape.js';
import { geoRows } from './geo.js';
import { listingRows } from './listing.js';
import { mathRows } from './math.js';
import { networkRows } from './network.js';
import { hashRows } from './hash.js';
import { probabilityRows } from './probability.js';
import { punycodeRows } from './punycode.js';
import { seriesModelRows } from './series-model.js';
import { seriesStatisticRows } from './series-statistics.js';
import { seriesRows } from './series.js';
import { sketchRows } from './sketch.js';
import { stringRows } from './string.js';
import { unitRows } from './unit.js';
import { userAgentRows } from './user-agent.js';
import { windowRows } from './window.js';
import { xmlRows } from './xml.js';
import { zoneRows } from './zone.js';
import type { FunctionRow } from './row.js';

let rows: Map<string, FunctionRow> | undefined;

/** Built at the first look-up, so that loading the package stays cheap. */
function table(): Map<string, FunctionRow> {
  if (rows === undefined) {
    rows = new Map();
    for (const family of [
      conversionRows,
      stringRows,
      datetimeRows,
      dynamicRows,
      arrayOrderRows,
      bagRows,
      mathRows,
      networkRows,
      addressRows,
      encodingRows,
      sketchRows,
      geoRows,
      geoShapeRows,
      geoCellRows,
      geoAlongRows,
      geoComputedRows,
      windowRows,
      seriesRows,
      seriesStatisticRows,
      seriesModelRows,
      probabilityRows,
      hashRows,
      unitRows,
      punycodeRows,
      compressionRows,
      xmlRows,
      userAgentRows,
      listingRows,
      zoneRows,
    ]) {
      for (const row of family) {
        rows.set(row.name, row);
        for (const alias of row.aliases ?? []) rows.set(alias, row);
      }
    }
  }
  return rows;
}

/** Names are case-sensitive, as in Kusto. */
export function functionNamed(name: string): FunctionRow | undefined {
  return table().get(name);
}

export function functionNames(): Iterable<string> {
  return [...table().keys()].filter((name) => !name.startsWith('$'));
}

/** Rows that give a bag of several columns (`operators/several.ts`), by the name of the call. */
export function severalNames(): Iterable<string> {
  return [...table().keys()].flatMap((name) => (name.startsWith('$') ? [name.slice(1)] : []));
}
