-- set_$table:dynamic
-- p0 = "Heartbeat"
SELECT nullIf(nullIf(concat('[', arrayStringConcat(arrayMap((`x`) -> toJSONString(`x`), groupUniqArray(1048576)(`$table`)), ','), ']'), ''), 'null')
FROM (SELECT {p0:String} AS `$table`
FROM `workspace`.`Heartbeat`
WHERE true)
LIMIT 1001
