-- a:long, b:string, n:long
-- p0 = "one"
-- p1 = "two"
-- p2 = "deux"
SELECT `a$2`, `b$2`, toInt64(row_number() OVER (PARTITION BY `$value`
ORDER BY `$value` ASC NULLS FIRST, `b$2` ASC NULLS FIRST))
FROM (SELECT 1::Int64 + 1::Int64 * toInt64(`number`) AS `$value`
FROM numbers(2)
GROUP BY 1::Int64 + 1::Int64 * toInt64(`number`)) AS `$left0` CROSS
JOIN (SELECT `a$2`, `b$2`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([1::Int64, 2::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `a$2`, CAST([{p0:String}, {p1:String}, {p2:String}], 'Array(String)') AS `b$2`) AS `$right0`
WHERE `a$2` = `$value`
ORDER BY toInt64(row_number() OVER (ORDER BY `$value` ASC NULLS FIRST, `b$2` ASC NULLS FIRST)) ASC NULLS LAST
LIMIT 1001
