-- Id:long, Items:string, At:long
-- p0 = "[\"x\",\"y\"]"
-- p1 = "[]"
SELECT `Id`, `Items$2`, `At`
FROM (SELECT `Id`, JSONExtract(`Items$2`, 'String') AS `Items$2`, toInt64(`At`) AS `At`
FROM (SELECT `Id`, `Items`, multiIf(`Items` IN ('', 'null'), [''], JSONType(`Items`) = 'Array', JSONExtractArrayRaw(`Items`), JSONType(`Items`) = 'Object', arrayMap((`m`) -> concat('{', toJSONString(tupleElement(`m`, 1)), ':', tupleElement(`m`, 2), '}'), JSONExtractKeysAndValuesRaw(`Items`)), [`Items`]) AS `$array0`
FROM (SELECT `Id`, `Items`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([1::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `Id`, CAST([{p0:String}, {p1:String}], 'Array(String)') AS `Items`))
ARRAY JOIN `$array0` AS `Items$2`, range(length(`$array0`)) AS `At`)
LIMIT 1001
