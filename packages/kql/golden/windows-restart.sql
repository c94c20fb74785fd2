-- k:string, x:long, n:long, s:long
-- p0 = "a"
-- p1 = "b"
SELECT `k$2`, `x$2`, `n$2`, `s$2`
FROM (SELECT `k$2`, `x$2`, `n$2`, `s$2`, `$place5`, `n$2` = 1 OR `x$2` > lagInFrame(toNullable(`x$2`), 1) OVER (ORDER BY `$place5` ASC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS `$window0`
FROM (SELECT `k$2`, `x$2`, `$place5`, toInt64(row_number() OVER (PARTITION BY `$window1`
ORDER BY `$place5` ASC NULLS LAST)) + 1::Int64 - 1 AS `n$2`, ifNull(sum(`x$2`) OVER (PARTITION BY `$window2`
ORDER BY `$place5` ASC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), 0) AS `s$2`
FROM (SELECT `k$2`, `x$2`, `$place5`, toInt64(countIf(ifNull(`$window3`, 0)) OVER (ORDER BY `$place5` ASC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS `$window1`, toInt64(countIf(ifNull(`$window4`, 0)) OVER (ORDER BY `$place5` ASC NULLS LAST ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)) AS `$window2`
FROM (SELECT `k$2`, `x$2`, lagInFrame(`k$2`, 1) OVER (ORDER BY `k$2` ASC NULLS FIRST, `x$2` ASC NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) != `k$2` AS `$window3`, lagInFrame(`k$2`, 1) OVER (ORDER BY `k$2` ASC NULLS FIRST, `x$2` ASC NULLS FIRST ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) != `k$2` AS `$window4`, toInt64(row_number() OVER (ORDER BY `k$2` ASC NULLS FIRST, `x$2` ASC NULLS FIRST)) AS `$place5`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p0:String}, {p1:String}], 'Array(String)') AS `k$2`, CAST([1::Int64, 4::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `x$2`))))
WHERE `$window0`
ORDER BY `$place5` ASC NULLS LAST
LIMIT 1001
