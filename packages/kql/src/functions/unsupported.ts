/**
 * Documented functions and aggregates that are not here, each with why. They are refused by name,
 * not as unknown. The list only shrinks: tests/conformance/functions.test.ts compares it with the
 * language service's tables.
 */

const reasons: readonly (readonly [string, readonly string[]])[] = [
  [
    'Functions that begin with __ are the service’s own',
    [
      '__lz4_compress_dynamic_array_to_base64_string',
      '__hash_crc32',
      '__hash_djb2',
      '__hash_xxh64',
      '__hash_many_crc32',
      '__hll_normalize',
      '__geo_polygon_s2cell_covering_level',
      '__geo_polygon_validate',
      '__geo_line_s2cell_covering_level',
      '__geo_line_validate',
      '__geo_length_to_s2cell_level',
      '__ipv6_lookup_ranges',
      '__invoke',
      '__cast',
    ],
  ],
  [
    'There are no graphs here',
    ['all', 'any', 'map', 'inner_nodes', 'node_id', 'node_degree_in', 'node_degree_out', 'labels'],
  ],
  [
    'There is nothing behind it here: no extents, cursors, nodes or clusters',
    [
      'extent_id',
      'extentid',
      'extent_tags',
      'current_node_id',
      'row_id',
      'cursor_after',
      'cursor_before_or_at',
      'cursor_current',
      'current_cursor',
      'rowstore_ordinal_range',
      'stored_query_result',
      'entity_group',
      'cnt',
      'passthrough',
      'external_table',
      'materialized_view',
      'graph',
    ],
  ],
];

let known: Map<string, string> | undefined;

/** Why a documented function is not here; undefined for any other name. */
export function whyUnsupported(name: string): string | undefined {
  known ??= new Map(
    reasons.flatMap(([reason, names]) => names.map((each) => [each, reason] as const)),
  );
  return known.get(name);
}
