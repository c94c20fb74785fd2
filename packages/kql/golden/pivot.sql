-- pivot, at 122 of the query, asks:
-- p0 = "AR"
-- p1 = "AL"
SELECT `State`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p1:String}, {p1:String}], 'Array(String)') AS `State`, CAST([1::Int64, 5::Int64, 1::Int64], 'Array(Nullable(Int64))') AS `Dead`
WHERE `Dead` > 0
GROUP BY `State`
LIMIT 501

-- Kind:string, AL:long, AR:long
-- p0 = "AL"
-- p1 = "AR"
-- p2 = "Rain"
-- p3 = "Heat"
SELECT `Kind$3`, `AL`, `AR`
FROM (SELECT `Kind$2` AS `Kind$3`, if(countIf(`$pivot` = {p0:String}) = 0, CAST(0, 'Nullable(Int64)'), anyIf(`sum_Dead`, `$pivot` = {p0:String})) AS `AL`, if(countIf(`$pivot` = {p1:String}) = 0, CAST(0, 'Nullable(Int64)'), anyIf(`sum_Dead`, `$pivot` = {p1:String})) AS `AR`
FROM (SELECT `Kind` AS `Kind$2`, `State` AS `$pivot`, ifNull(sum(`Dead`), 0::Int64) AS `sum_Dead`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p1:String}, {p0:String}, {p0:String}], 'Array(String)') AS `State`, CAST([{p2:String}, {p3:String}, {p3:String}], 'Array(String)') AS `Kind`, CAST([1::Int64, 5::Int64, 1::Int64], 'Array(Nullable(Int64))') AS `Dead`
WHERE `Dead` > 0
GROUP BY `Kind`, `State`)
GROUP BY `Kind$2`)
WHERE `AL` > 2
LIMIT 1001
