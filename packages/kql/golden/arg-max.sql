-- Computer:string, TimeGenerated:datetime, OSType:string
SELECT `Computer`, concat(replaceOne(trimRight(trimRight(toString(reinterpret(max(`TimeGenerated`) - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), argMax(`OSType`, `TimeGenerated`)
FROM `workspace`.`Heartbeat`
WHERE `TimeGenerated` IN (SELECT max(`TimeGenerated`)
FROM `workspace`.`Heartbeat`
GROUP BY `Computer`)
GROUP BY `Computer`
LIMIT 1001
