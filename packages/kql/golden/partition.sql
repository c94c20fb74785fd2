-- Facility:string, Lines:long
-- p0 = "info"
SELECT `Facility$2`, `count_`
FROM (SELECT `Facility` AS `Facility$2`, `Computer` AS `$part`, toInt64(count()) AS `count_`
FROM `workspace`.`Syslog`
WHERE `SeverityLevel` != {p0:String}
GROUP BY `Facility`, `Computer`)
ORDER BY `count_` DESC NULLS LAST
LIMIT 3 BY `$part`
LIMIT 1001
