-- Facility:string, Lines:long
-- p0 = "info"
SELECT `Facility$2`, `count_`
FROM (SELECT `Computer` AS `$part`, `Facility` AS `Facility$2`, toInt64(count()) AS `count_`
FROM `workspace`.`Syslog`
WHERE `SeverityLevel` != {p0:String}
GROUP BY `Computer`, `Facility`)
ORDER BY `$part` ASC NULLS FIRST, `count_` DESC NULLS LAST
LIMIT 3 BY `$part`
LIMIT 1001
