-- TimeGenerated:datetime, Computer:string
-- p0 = "6d0a4e2c-0000-4000-8000-000000000001"
-- p1 = "error"
-- p2 = "Syslog"
-- p3 = "(?is)(?:^|[^a-zA-Z0-9\\x{80}-\\x{10FFFF}])web"
SELECT concat(replaceOne(trimRight(trimRight(toString(reinterpret(`TimeGenerated$2` - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), `Computer$2`
FROM (SELECT `TimeGenerated` AS `TimeGenerated$2`, `Computer` AS `Computer$2`
FROM `workspace`.`Syslog`
WHERE (hasTokenCaseInsensitive({p0:String}, {p1:String}) OR hasTokenCaseInsensitive(`Computer`, {p1:String}) OR hasTokenCaseInsensitive(`Facility`, {p1:String}) OR hasTokenCaseInsensitive(`SeverityLevel`, {p1:String}) OR hasAllTokens(`SyslogMessage`, [{p1:String}]) OR hasTokenCaseInsensitive({p2:String}, {p1:String})) AND match(`Computer`, {p3:String}))
LIMIT 1001
