-- Computer:string, TimeGenerated:datetime, OSType:string
SELECT `Computer`, concat(replaceOne(trimRight(trimRight(toString(reinterpret(max(`TimeGenerated`) - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), argMax(`OSType`, `TimeGenerated`)
FROM `workspace`.`Heartbeat`
GROUP BY `Computer`
LIMIT 1001
