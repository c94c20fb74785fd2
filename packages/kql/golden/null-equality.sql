-- X:long, IsOne:bool, IsNotOne:bool, More:bool
SELECT `X`, CAST(ifNull(`X` = 1, false), 'Nullable(Bool)'), CAST(ifNull(`X` != 1, true), 'Nullable(Bool)'), CAST(`X` > 0, 'Nullable(Bool)')
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([1::Int64, NULL::Nullable(Int64)], 'Array(Nullable(Int64))') AS `X`
LIMIT 1001
