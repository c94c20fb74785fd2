-- Id:long, Bag:dynamic, B:dynamic, First:long, Last:dynamic
-- p0 = "a"
-- p1 = "b"
-- p2 = "{\"a\":{\"b\":[1,2]}}"
SELECT `Id`, nullIf(nullIf(`Bag`, ''), 'null'), nullIf(nullIf(JSONExtractRaw(`Bag`, {p0:String}, {p1:String}), ''), 'null'), JSONExtract(`Bag`, {p0:String}, {p1:String}, 1, 'Nullable(Int64)'), nullIf(nullIf(JSONExtractRaw(`Bag`, {p0:String}, {p1:String}, -1), ''), 'null')
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([1::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `Id`, CAST([{p2:String}, ''], 'Array(String)') AS `Bag`
WHERE JSONExtract(`Bag`, {p0:String}, {p1:String}, 1, 'Nullable(Float64)') = 1 OR `Bag` IN ('', 'null')
LIMIT 1001
