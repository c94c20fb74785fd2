-- TimeGenerated:datetime, Computer:string, SyslogMessage:string
-- p0 = "error"
-- p1 = "failed"
-- p2 = "test"
SELECT concat(replaceOne(trimRight(trimRight(toString(reinterpret(`TimeGenerated` - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), `Computer`, `SyslogMessage`
FROM `workspace`.`Syslog`
WHERE `TimeGenerated` > 639130356000000000 AND `SeverityLevel` = {p0:String} AND hasAllTokens(`SyslogMessage`, [{p1:String}]) AND not(startsWith(lowerUTF8(`Computer`), lowerUTF8({p2:String})))
LIMIT 1001
