-- Count:long
-- p0 = "10"
-- p1 = "0"
-- p2 = "1"
-- p3 = "(?is)(?:^|[^a-zA-Z0-9\\x{80}-\\x{10FFFF}])10\\.0\\.0\\.1(?:$|[^a-zA-Z0-9\\x{80}-\\x{10FFFF}])"
-- p4 = "root"
-- p5 = "admin"
SELECT toInt64(count())
FROM `workspace`.`Syslog`
WHERE hasAllTokens(`SyslogMessage`, [{p0:String}, {p1:String}, {p2:String}]) AND match(`SyslogMessage`, {p3:String}) AND hasAnyTokens(`SyslogMessage`, [{p4:String}, {p5:String}])
LIMIT 1001
