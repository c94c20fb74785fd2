/** Tables that Microsoft's reference uses in its samples without showing how they are made. */

import type { ScalarType, TableSchema } from '@strongroom/sql';

function table(name: string, columns: string): TableSchema {
  return {
    name,
    columns: columns.split(',').map((each) => {
      const [column, type] = each.trim().split(':');
      return { name: column ?? '', type: (type ?? 'string') as ScalarType };
    }),
  };
}

export const sampleTables: readonly TableSchema[] = [
  table(
    'StormEvents',
    'StartTime:datetime, EndTime:datetime, EpisodeId:int, EventId:int, State:string, EventType:string, InjuriesDirect:int, InjuriesIndirect:int, DeathsDirect:int, DeathsIndirect:int, DamageProperty:int, DamageCrops:int, Source:string, BeginLocation:string, EndLocation:string, BeginLat:real, BeginLon:real, EndLat:real, EndLon:real, EpisodeNarrative:string, EventNarrative:string, StormSummary:dynamic',
  ),
  table('PopulationData', 'State:string, Population:long'),
  table(
    'demo_clustering1',
    'PreciseTimeStamp:datetime, Region:string, ScaleUnit:string, DeploymentId:string, Tracepoint:string, ServiceHost:string',
  ),
  table(
    'ConferenceSessions',
    'conference:string, sessionid:string, session_title:string, session_type:string, owner:string, participants:string, URL:string, level:int, session_location:string, starttime:datetime, duration:int, time_and_duration:string, kusto_affinity:string',
  ),
  table('US_States', 'features:dynamic'),
  table('US_Counties', 'features:dynamic'),
  table('NY_Manhattan_Roads', 'features:dynamic'),
  table('Polygons', 'features:dynamic'),
  table(
    'TransformedSensorsData',
    'Timestamp:datetime, SensorName:string, Value:real, PublisherId:string, MachineId:string',
  ),
  table(
    'TraceLogs',
    'Timestamp:datetime, Node:string, Level:string, Component:string, ClientRequestId:string, Message:string, Properties:dynamic',
  ),
  table(
    'orders',
    'o_orderkey:long, o_custkey:long, o_orderstatus:string, o_totalprice:real, o_orderdate:datetime',
  ),
  table(
    'demo_make_series1',
    'TimeStamp:datetime, BrowserVer:string, OsVer:string, Country/Region:string',
  ),
  table('demo_series3', 't:dynamic, num:dynamic'),
  table('demo_many_series1', 'TIMESTAMP:datetime, Loc:string, Op:long, DB:long, DataRead:real'),
];
