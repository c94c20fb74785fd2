-- TenantId:string, TimeGenerated:datetime, Computer:string, Facility:string, SeverityLevel:string, SyslogMessage:string, ProcessID:int, Type:string, Length:long
-- p0 = "6d0a4e2c-0000-4000-8000-000000000001"
-- p1 = "Syslog"
SELECT {p0:String}, concat(replaceOne(trimRight(trimRight(toString(reinterpret(`TimeGenerated` - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), `Computer`, `Facility`, `SeverityLevel`, `SyslogMessage`, `ProcessID`, {p1:String}, toInt64(lengthUTF8(`SyslogMessage`))
FROM `workspace`.`Syslog`
WHERE toInt64(lengthUTF8(`SyslogMessage`)) > 100
ORDER BY toInt64(lengthUTF8(`SyslogMessage`)) DESC NULLS LAST
LIMIT 5
