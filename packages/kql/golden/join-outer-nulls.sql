-- TimeGenerated:datetime, TimeGenerated1:datetime
SELECT concat(replaceOne(trimRight(trimRight(toString(reinterpret(`TimeGenerated` - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), concat(replaceOne(trimRight(trimRight(toString(reinterpret(`TimeGenerated$2` - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z')
FROM (SELECT `TimeGenerated`, `Computer`
FROM `workspace`.`Heartbeat`) AS `$left0`
LEFT JOIN (SELECT toNullable(`TimeGenerated$2`) AS `TimeGenerated$2`, `Computer$2`
FROM (SELECT `TimeGenerated` AS `TimeGenerated$2`, `Computer` AS `Computer$2`
FROM `workspace`.`Syslog`)) AS `$right0` ON `Computer` = `Computer$2`
LIMIT 1001
