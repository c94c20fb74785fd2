-- Computer:string, OSType:string, Errors:long
SELECT `Computer`, `OSType`, `count_`
FROM (SELECT `Computer`, `OSType`
FROM `workspace`.`Heartbeat`
LIMIT 1 BY `Computer`) AS `$left0`
INNER JOIN (SELECT `Computer` AS `Computer$3`, toInt64(count()) AS `count_`
FROM `workspace`.`Syslog`
GROUP BY `Computer`) AS `$right0` ON `Computer` = `Computer$3`
LIMIT 1001
