-- Computer:string, TimeGenerated:datetime, OSType:string
SELECT `Computer`, concat(replaceOne(trimRight(trimRight(toString(reinterpret(max(`TimeGenerated`) - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), tupleElement(argMax(tuple(`OSType`), `TimeGenerated`), 1)
FROM `workspace`.`Heartbeat`
GROUP BY `Computer`
LIMIT 1001
