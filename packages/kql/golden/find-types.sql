-- source_:string, Level:string, ProcessId_string:string, ProcessId_long:long
-- p0 = "A"
-- p1 = "x"
-- p2 = "y"
-- p3 = "1001"
-- p4 = "7"
-- p5 = "B"
-- p6 = "z"
SELECT `source_`, `Level$5`, `ProcessId_string$2`, `ProcessId_long`
FROM (SELECT {p0:String} AS `source_`, `Level` AS `Level$5`, `ProcessId` AS `ProcessId_string$2`, NULL::Nullable(Int64) AS `ProcessId_long`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p1:String}, {p2:String}], 'Array(String)') AS `Level`, CAST([{p3:String}, {p4:String}], 'Array(String)') AS `ProcessId`
WHERE multiIf(not(startsWith(trimBoth(`ProcessId`), '0')), toInt64OrNull(trimBoth(`ProcessId`)), match(trimBoth(`ProcessId`), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(`ProcessId`), 3), 16, '0')))), toInt64OrNull(trimBoth(`ProcessId`))) = 1001
UNION ALL SELECT {p5:String} AS `source_`, `Level$2` AS `Level$5`, '' AS `ProcessId_string$2`, `ProcessId$2` AS `ProcessId_long`
FROM (SELECT {p6:String} AS `Level$2`, 1001::Int64 AS `ProcessId$2`)
WHERE `ProcessId$2` = 1001)
ORDER BY `source_` ASC NULLS FIRST
LIMIT 1001

-- source_:string, Level:string, ProcessId_string:string
-- p0 = "A"
-- p1 = "x"
-- p2 = "y"
-- p3 = "1001"
-- p4 = "7"
-- p5 = "B"
-- p6 = "z"
SELECT `source_$2`, `Level$6`, `ProcessId_string$3`
FROM (SELECT {p0:String} AS `source_$2`, `Level$3` AS `Level$6`, `ProcessId$3` AS `ProcessId_string$3`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p1:String}, {p2:String}], 'Array(String)') AS `Level$3`, CAST([{p3:String}, {p4:String}], 'Array(String)') AS `ProcessId$3`
WHERE `Level$3` != {p2:String}
UNION ALL SELECT {p5:String} AS `source_$2`, `Level$4` AS `Level$6`, ifNull(toString(`ProcessId$4`), '') AS `ProcessId_string$3`
FROM (SELECT {p6:String} AS `Level$4`, 1001::Int64 AS `ProcessId$4`)
WHERE `Level$4` != {p2:String})
ORDER BY `source_$2` ASC NULLS FIRST
LIMIT 1001
