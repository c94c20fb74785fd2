-- a:string, approximate_count_a:long
-- p0 = "x"
-- p1 = "y"
-- p2 = "z"
SELECT `a$2`, toInt64(count())
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p1:String}, {p0:String}, {p2:String}, {p0:String}, {p2:String}], 'Array(String)') AS `a$2`
GROUP BY `a$2`
ORDER BY toInt64(count()) DESC NULLS LAST
LIMIT 2

-- a:string, approximate_sum_n:long
-- p0 = "x"
-- p1 = "y"
-- p2 = "z"
SELECT `a$4`, ifNull(sum(`n$3`), 0::Int64)
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p1:String}, {p0:String}, {p2:String}, {p0:String}, {p2:String}], 'Array(String)') AS `a$4`, CAST([1::Int64, 10::Int64, 2::Int64, 4::Int64, 0::Int64, 1::Int64], 'Array(Nullable(Int64))') AS `n$3`
GROUP BY `a$4`
ORDER BY ifNull(sum(`n$3`), 0::Int64) DESC NULLS LAST
LIMIT 2
