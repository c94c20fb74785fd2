-- From:string, Computer:string, Arrived:datetime
-- p0 = "Heartbeat"
-- p1 = "union_arg1"
-- p2 = "err"
-- p3 = "union_arg2"
-- p4 = "none"
SELECT `From`, `Computer$4`, concat(replaceOne(trimRight(trimRight(toString(reinterpret(`_TimeReceived$3` - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z')
FROM (SELECT {p0:String} AS `From`, `Computer` AS `Computer$4`, `_TimeReceived` AS `_TimeReceived$3`
FROM `workspace`.`Heartbeat`
UNION ALL SELECT {p1:String} AS `From`, `Computer` AS `Computer$4`, `_TimeReceived` AS `_TimeReceived$3`
FROM `workspace`.`Syslog`
WHERE `SeverityLevel` = {p2:String}
UNION ALL SELECT {p3:String} AS `From`, `Computer$3` AS `Computer$4`, NULL::Nullable(Int64) AS `_TimeReceived$3`
FROM (SELECT {p4:String} AS `Computer$3`))
WHERE `_TimeReceived$3` > 639290880000000000
LIMIT 1001
