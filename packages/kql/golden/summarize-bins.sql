-- TimeGenerated:datetime, Facility:string, Count:long, Hosts:long, Ratio:real
SELECT concat(replaceOne(trimRight(trimRight(toString(reinterpret(`TimeGenerated` - `TimeGenerated` % 36000000000 - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), `Facility`, toInt64(count()), toInt64(ifNull(uniqCombined64(`Computer`), 0)), multiIf(isNaN(toFloat64(100. * toInt64(countIf(`ProcessID` > 0))) / toInt64(count())), 'NaN', isInfinite(toFloat64(100. * toInt64(countIf(`ProcessID` > 0))) / toInt64(count())), if(toFloat64(100. * toInt64(countIf(`ProcessID` > 0))) / toInt64(count()) > 0, 'Infinity', '-Infinity'), toFloat64(100. * toInt64(countIf(`ProcessID` > 0))) / toInt64(count()))
FROM `workspace`.`Syslog`
WHERE `TimeGenerated` >= 639028224000000000 AND `TimeGenerated` <= 639029088000000000
GROUP BY `TimeGenerated` - `TimeGenerated` % 36000000000, `Facility`
ORDER BY `TimeGenerated` - `TimeGenerated` % 36000000000 ASC NULLS FIRST
LIMIT 1001
