-- a:string, n:long
-- p0 = "x"
SELECT `a$2`, `n$2`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p0:String}, {p0:String}], 'Array(String)') AS `a$2`, CAST([1::Int64, 1::Int64, 1::Int64], 'Array(Nullable(Int64))') AS `n$2`
WHERE `n$2` > 0
LIMIT 1

-- a:string, count_a:long
-- p0 = "x"
SELECT `a$3`, toInt64(count())
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p0:String}, {p0:String}], 'Array(String)') AS `a$3`
GROUP BY `a$3`
LIMIT 1001

-- n:long, count_n:long
SELECT `n$4`, toInt64(count())
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([1::Int64, 1::Int64, 1::Int64], 'Array(Nullable(Int64))') AS `n$4`
GROUP BY `n$4`
LIMIT 1001
