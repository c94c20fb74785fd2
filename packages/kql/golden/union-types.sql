-- Source:string, Computer:string, Value_long:long, Value_string:string
-- p0 = "union_arg0"
-- p1 = "union_arg1"
-- p2 = "x"
SELECT `Source`, `Computer$3`, `Value_long`, `Value_string`
FROM (SELECT {p0:String} AS `Source`, `Computer` AS `Computer$3`, 1::Int64 AS `Value_long`, '' AS `Value_string`
FROM `workspace`.`Heartbeat`
UNION ALL SELECT {p1:String} AS `Source`, `Computer` AS `Computer$3`, NULL::Nullable(Int64) AS `Value_long`, {p2:String} AS `Value_string`
FROM `workspace`.`Syslog`)
LIMIT 1001
