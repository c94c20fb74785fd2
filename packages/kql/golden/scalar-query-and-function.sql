-- Count:long
SELECT toInt64(count())
FROM `workspace`.`Syslog`
WHERE `ProcessID` > (SELECT ifNull(avgOrNull(`ProcessID`), nan) AS `avg_ProcessID`
FROM `workspace`.`Syslog`
LIMIT 1)
LIMIT 1001
