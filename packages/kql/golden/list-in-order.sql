-- K:string, list_V:dynamic
-- p0 = "a"
-- p1 = "b"
SELECT `K`, nullIf(nullIf(concat('[', arrayStringConcat(arraySlice(arrayMap((`x`) -> tupleElement(`x`, 2), arraySort((`x`) -> tupleElement(`x`, 1), groupArrayIf(tuple(`$place0`, if(ifNull(toString(`V`), '') = '', 'null', ifNull(toString(`V`), ''))), isNotNull(`V`)))), 1, 1048576), ','), ']'), ''), 'null')
FROM (SELECT `K`, `V`, row_number() OVER (ORDER BY `V` DESC NULLS LAST) AS `$place0`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p1:String}, {p0:String}], 'Array(String)') AS `K`, CAST([2::Int64, 1::Int64, 3::Int64], 'Array(Nullable(Int64))') AS `V`)
GROUP BY `K`
LIMIT 1001
