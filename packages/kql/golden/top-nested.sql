-- State:string, aggregated_State:long, Event:string, Total:long
-- p0 = "A"
-- p1 = "B"
-- p2 = "C"
-- p3 = "hail"
-- p4 = "wind"
-- p5 = "fire"
SELECT `State$4`, `aggregated_State`, `Event$3`, `Total`
FROM (SELECT `Event$2` AS `Event$3`, `sum_n$2` AS `Total`, `State$2` AS `State$4`, `sum_n` AS `aggregated_State`
FROM (SELECT `State` AS `State$3`, `Event` AS `Event$2`, ifNull(sum(`n$2`), 0::Int64) AS `sum_n$2`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p0:String}, {p0:String}, {p1:String}, {p1:String}, {p2:String}], 'Array(String)') AS `State`, CAST([{p3:String}, {p4:String}, {p5:String}, {p3:String}, {p4:String}, {p3:String}], 'Array(String)') AS `Event`, CAST([5::Int64, 7::Int64, 1::Int64, 9::Int64, 1::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `n$2`
GROUP BY `State`, `Event`) AS `$left0`
INNER JOIN (SELECT `State` AS `State$2`, ifNull(sum(`n$2`), 0::Int64) AS `sum_n`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p0:String}, {p0:String}, {p1:String}, {p1:String}, {p2:String}], 'Array(String)') AS `State`, CAST([5::Int64, 7::Int64, 1::Int64, 9::Int64, 1::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `n$2`
GROUP BY `State`
ORDER BY ifNull(sum(`n$2`), 0::Int64) DESC NULLS LAST
LIMIT 2) AS `$right0` ON `State$3` = `State$2`
ORDER BY `sum_n$2` DESC NULLS LAST
LIMIT 2 BY `State$2`)
ORDER BY `State$4` ASC NULLS FIRST, `Total` DESC NULLS LAST
LIMIT 1001

-- State:string, n:long, aggregated_n:long, Event:string, aggregated_Event:long
-- p0 = "A"
-- p1 = "B"
-- p2 = "C"
-- p3 = "hail"
-- p4 = "wind"
-- p5 = "fire"
SELECT `State$8`, `n$5`, `aggregated_n`, `Event$5`, `count_`
FROM (SELECT `State$5` AS `State$9`, `n$3` AS `n$6`, `Event$4` AS `Event$5`, toInt64(count()) AS `count_`, ifNull(toString(`n$3`), '') AS `$key0`, isNull(`n$3`) AS `$key1`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p0:String}, {p0:String}, {p1:String}, {p1:String}, {p2:String}], 'Array(String)') AS `State$5`, CAST([{p3:String}, {p4:String}, {p5:String}, {p3:String}, {p4:String}, {p3:String}], 'Array(String)') AS `Event$4`, CAST([5::Int64, 7::Int64, 1::Int64, 9::Int64, 1::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `n$3`
GROUP BY `State$5`, `n$3`, `Event$4`) AS `$left5`
INNER JOIN (SELECT `State$8`, `n$5`, `aggregated_n`, ifNull(toString(`n$5`), '') AS `$key2`, isNull(`n$5`) AS `$key3`
FROM (SELECT `n$4` AS `n$5`, `max_n` AS `aggregated_n`, `State$6` AS `State$8`
FROM (SELECT `State$5` AS `State$7`, `n$3` AS `n$4`, maxOrNull(`n$3`) AS `max_n`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p0:String}, {p0:String}, {p1:String}, {p1:String}, {p2:String}], 'Array(String)') AS `State$5`, CAST([5::Int64, 7::Int64, 1::Int64, 9::Int64, 1::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `n$3`
GROUP BY `State$5`, `n$3`) AS `$left4`
INNER JOIN (SELECT `State$5` AS `State$6`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p0:String}, {p0:String}, {p1:String}, {p1:String}, {p2:String}], 'Array(String)') AS `State$5`
GROUP BY `State$5`) AS `$right4` ON `State$7` = `State$6`
ORDER BY `max_n` ASC NULLS LAST
LIMIT 1 BY `State$6`)) AS `$right5` ON `State$9` = `State$8` AND `$key0` = `$key2` AND `$key1` = `$key3`
ORDER BY `State$8` ASC NULLS FIRST
LIMIT 1001

-- k:long, a:long, v:long, b:long
SELECT `k$5`, `a$2`, `v$4`, `b$2`
FROM (SELECT `v$3` AS `v$4`, `max_v` AS `b$2`, `k$3` AS `k$5`, `sum_v` AS `a$2`
FROM (SELECT `k$2` AS `k$4`, `v$2` AS `v$3`, maxOrNull(`v$2`) AS `max_v`, ifNull(toString(`k$2`), '') AS `$key0`, isNull(`k$2`) AS `$key1`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([NULL::Nullable(Int64), NULL::Nullable(Int64), 3::Int64], 'Array(Nullable(Int64))') AS `k$2`, CAST([1::Int64, 2::Int64, 4::Int64], 'Array(Nullable(Int64))') AS `v$2`
GROUP BY `k$2`, `v$2`) AS `$left4`
INNER JOIN (SELECT `k$2` AS `k$3`, ifNull(sum(`v$2`), 0::Int64) AS `sum_v`, ifNull(toString(`k$2`), '') AS `$key2`, isNull(`k$2`) AS `$key3`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([NULL::Nullable(Int64), NULL::Nullable(Int64), 3::Int64], 'Array(Nullable(Int64))') AS `k$2`, CAST([1::Int64, 2::Int64, 4::Int64], 'Array(Nullable(Int64))') AS `v$2`
GROUP BY `k$2`) AS `$right4` ON `$key0` = `$key2` AND `$key1` = `$key3`
ORDER BY `max_v` DESC NULLS LAST
LIMIT 1 BY `k$3`)
ORDER BY `a$2` ASC NULLS FIRST
LIMIT 1001
