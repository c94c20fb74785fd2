-- n:long
SELECT `n$2`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([1::Int64, 10::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `n$2`
WHERE `n$2` < 10 AND `n$2` > 1
LIMIT 1001

-- Count:long
SELECT toInt64(count())
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([1::Int64, 10::Int64, 2::Int64], 'Array(Nullable(Int64))') AS `n$3`
WHERE `n$3` < 10
LIMIT 1001

-- Count:long
SELECT toInt64(count())
FROM (SELECT 1 AS `$one`)
ARRAY JOIN range(3) AS `$row`
LIMIT 1001
