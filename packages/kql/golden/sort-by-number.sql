-- a:long, b:long
SELECT `a$2`, `b$2`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([3::Int64, 1::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `a$2`, CAST([1::Int64, 2::Int64, 3::Int64], 'Array(Nullable(Int64))') AS `b$2`
ORDER BY 2::Int64 ASC NULLS FIRST, `b$2` DESC NULLS LAST
LIMIT 1001
