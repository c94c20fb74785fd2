-- Text:string, ThreadId:long, Machine:string, Missing:long
-- p0 = "Text"
-- p1 = "ThreadId"
-- p2 = "Machine"
-- p3 = "Missing"
-- p4 = ","
-- p5 = "(?s)()(.*?):()(.*?)(?:,|$)"
-- p6 = "ThreadId:458745723, junk, Machine:Node001, Text: The service is up, Level: Info, Machine:Second"
SELECT tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2), multiIf(not(startsWith(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2)), '0')), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2))), match(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2)), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2)), 3), 16, '0')))), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2)))), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2), multiIf(not(startsWith(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2)), '0')), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2))), match(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2)), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2)), 3), 16, '0')))), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed`, 'Array(Tuple(String, String))')), 2))))
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(trimBoth(arrayElement(splitByString({p4:String}, trimBoth(arrayElement(`g`, 2), ' \t\r\n')), -1), ' \t\r\n'), trimBoth(arrayElement(`g`, 4), ' \t\r\n')), extractAllGroupsVertical(`str$2`, {p5:String}))) AS `$parsed`
FROM (SELECT {p6:String} AS `str$2`))
LIMIT 1001

-- event time:datetime, src:string, dst:string, bytes:long, failure:string
-- p0 = "event time"
-- p1 = "src"
-- p2 = "dst"
-- p3 = "bytes"
-- p4 = "failure"
-- p5 = "(?s)((?:\"[^\"]*\"))$"
-- p6 = " "
-- p7 = "(?s)(?:\\s*((?:\"[^\"]*\"))\\s*=|((?:(?:\"[^\"]*\")|.)*?)=)(?:((?:\"[^\"]*\"))(?: |$)|(.*?)(?: |$))"
-- p8 = "src=10.1.1.123 dst=10.1.1.124 bytes=125 failure=\"connection aborted\" \"event time\"=2021-01-01T10:00:54"
SELECT concat(replaceOne(trimRight(trimRight(toString(reinterpret(if(match(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2), '^\\s*\\d{1,3}$|^\\s*\\d{9,}\\s*$'), NULL::Nullable(Int64), reinterpret(parseDateTime64BestEffortOrNull(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2), 7, 'UTC'), 'Int64') + 621355968000000000) - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2), multiIf(not(startsWith(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2)), '0')), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2))), match(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2)), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2)), 3), 16, '0')))), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2)))), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p4:String}, JSONExtract(`$parsed$2`, 'Array(Tuple(String, String))')), 2)
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(if(arrayElement(`g`, 1) != '', substringUTF8(arrayElement(`g`, 1), 2, lengthUTF8(arrayElement(`g`, 1)) - 2), if(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p5:String}) != '', substringUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p5:String}), 2, lengthUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p5:String})) - 2), trimBoth(arrayElement(splitByString({p6:String}, trimBoth(arrayElement(`g`, 2), ' \t\r\n')), -1), ' \t\r\n'))), if(arrayElement(`g`, 3) != '', substringUTF8(arrayElement(`g`, 3), 2, lengthUTF8(arrayElement(`g`, 3)) - 2), trimBoth(arrayElement(`g`, 4), ' \t\r\n'))), extractAllGroupsVertical(`str$3`, {p7:String}))) AS `$parsed$2`
FROM (SELECT {p8:String} AS `str$3`))
LIMIT 1001

-- event time:datetime, src:string, dst:string, bytes:long, failure:string
-- p0 = "event time"
-- p1 = "src"
-- p2 = "dst"
-- p3 = "bytes"
-- p4 = "failure"
-- p5 = "(?s)((?:\\([^)]*\\)))$"
-- p6 = " "
-- p7 = "(?s)(?:\\s*((?:\\([^)]*\\)))\\s*=|((?:(?:\\([^)]*\\))|.)*?)=)(?:((?:\\([^)]*\\)))(?: |$)|(.*?)(?: |$))"
-- p8 = "src=10.1.1.123 dst=10.1.1.124 bytes=125 failure=(connection aborted) junk (event time)=(2021-01-01 10:00:54)"
SELECT concat(replaceOne(trimRight(trimRight(toString(reinterpret(if(match(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2), '^\\s*\\d{1,3}$|^\\s*\\d{9,}\\s*$'), NULL::Nullable(Int64), reinterpret(parseDateTime64BestEffortOrNull(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2), 7, 'UTC'), 'Int64') + 621355968000000000) - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2), multiIf(not(startsWith(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2)), '0')), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2))), match(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2)), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2)), 3), 16, '0')))), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2)))), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p4:String}, JSONExtract(`$parsed$3`, 'Array(Tuple(String, String))')), 2)
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(if(arrayElement(`g`, 1) != '', substringUTF8(arrayElement(`g`, 1), 2, lengthUTF8(arrayElement(`g`, 1)) - 2), if(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p5:String}) != '', substringUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p5:String}), 2, lengthUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p5:String})) - 2), trimBoth(arrayElement(splitByString({p6:String}, trimBoth(arrayElement(`g`, 2), ' \t\r\n')), -1), ' \t\r\n'))), if(arrayElement(`g`, 3) != '', substringUTF8(arrayElement(`g`, 3), 2, lengthUTF8(arrayElement(`g`, 3)) - 2), trimBoth(arrayElement(`g`, 4), ' \t\r\n'))), extractAllGroupsVertical(`str$4`, {p7:String}))) AS `$parsed$3`
FROM (SELECT {p8:String} AS `str$4`))
LIMIT 1001

-- time:datetime, src:string, bytes:long, failure:string
-- p0 = "time"
-- p1 = "src"
-- p2 = "bytes"
-- p3 = "failure"
-- p4 = "(?s)((?:\"(?:[^\"\\\\]|[\\\\].)*\"))$"
-- p5 = " "
-- p6 = "(?s)[\\\\](.)"
-- p7 = "(?s)(?:\\s*((?:\"(?:[^\"\\\\]|[\\\\].)*\"))\\s*=|((?:(?:\"(?:[^\"\\\\]|[\\\\].)*\")|.)*?)=)(?:((?:\"(?:[^\"\\\\]|[\\\\].)*\"))(?: |$)|(.*?)(?: |$))"
-- p8 = "src=10.1.1.123 bytes=125 failure=\"the remote host sent \\\"bye!\\\"\" time=2021-01-01T10:00:54"
SELECT concat(replaceOne(trimRight(trimRight(toString(reinterpret(if(match(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$4`, 'Array(Tuple(String, String))')), 2), '^\\s*\\d{1,3}$|^\\s*\\d{9,}\\s*$'), NULL::Nullable(Int64), reinterpret(parseDateTime64BestEffortOrNull(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$4`, 'Array(Tuple(String, String))')), 2), 7, 'UTC'), 'Int64') + 621355968000000000) - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z'), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$4`, 'Array(Tuple(String, String))')), 2), multiIf(not(startsWith(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$4`, 'Array(Tuple(String, String))')), 2)), '0')), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$4`, 'Array(Tuple(String, String))')), 2))), match(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$4`, 'Array(Tuple(String, String))')), 2)), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$4`, 'Array(Tuple(String, String))')), 2)), 3), 16, '0')))), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$4`, 'Array(Tuple(String, String))')), 2)))), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$4`, 'Array(Tuple(String, String))')), 2)
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(if(arrayElement(`g`, 1) != '', substringUTF8(arrayElement(`g`, 1), 2, lengthUTF8(arrayElement(`g`, 1)) - 2), if(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p4:String}) != '', substringUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p4:String}), 2, lengthUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p4:String})) - 2), trimBoth(arrayElement(splitByString({p5:String}, trimBoth(arrayElement(`g`, 2), ' \t\r\n')), -1), ' \t\r\n'))), if(arrayElement(`g`, 3) != '', replaceRegexpAll(substringUTF8(arrayElement(`g`, 3), 2, lengthUTF8(arrayElement(`g`, 3)) - 2), {p6:String}, '\\1'), trimBoth(arrayElement(`g`, 4), ' \t\r\n'))), extractAllGroupsVertical(`str$5`, {p7:String}))) AS `$parsed$4`
FROM (SELECT {p8:String} AS `str$5`))
LIMIT 1001

-- name:string, phone:string, city:string
-- p0 = "name"
-- p1 = "phone"
-- p2 = "city"
-- p3 = " "
-- p4 = "(?s)()(.*?)=()(.*?)(?: |$)"
-- p5 = "name=John Doe phone=555 5555 city=New York"
SELECT tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$5`, 'Array(Tuple(String, String))')), 2), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$5`, 'Array(Tuple(String, String))')), 2), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$5`, 'Array(Tuple(String, String))')), 2)
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(trimBoth(arrayElement(splitByString({p3:String}, trimBoth(arrayElement(`g`, 2), ' \t\r\n')), -1), ' \t\r\n'), trimBoth(arrayElement(`g`, 4), ' \t\r\n')), extractAllGroupsVertical(`str$6`, {p4:String}))) AS `$parsed$5`
FROM (SELECT {p5:String} AS `str$6`))
LIMIT 1001

-- name:string, phone:string, city:string
-- p0 = "name"
-- p1 = "\u0001"
-- p2 = " "
-- p3 = "phone"
-- p4 = "city"
-- p5 = "(?s) ([^ =]*)="
-- p6 = "\u0001\\1="
-- p7 = "(?s)()(.*?)=()(.*?)(?:\u0001|$)"
-- p8 = "name=John Doe phone=555 5555 city=New York"
SELECT replaceRegexpAll(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$6`, 'Array(Tuple(String, String))')), 2), {p1:String}, {p2:String}), replaceRegexpAll(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$6`, 'Array(Tuple(String, String))')), 2), {p1:String}, {p2:String}), replaceRegexpAll(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p4:String}, JSONExtract(`$parsed$6`, 'Array(Tuple(String, String))')), 2), {p1:String}, {p2:String})
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(trimBoth(arrayElement(splitByString({p1:String}, trimBoth(arrayElement(`g`, 2), ' \t\r\n')), -1), ' \t\r\n'), trimBoth(arrayElement(`g`, 4), ' \t\r\n')), extractAllGroupsVertical(replaceRegexpAll(`str$7`, {p5:String}, {p6:String}), {p7:String}))) AS `$parsed$6`
FROM (SELECT {p8:String} AS `str$7`))
LIMIT 1001

-- Text:string, ThreadId:long, Machine:string
-- p0 = "Text"
-- p1 = "ThreadId"
-- p2 = "Machine"
-- p3 = "(?s)(?:^|[^\\pL\\pN])()(ThreadId|Machine|Text)[^\\pL\\pN]+?()([\\pL\\pN]+)"
-- p4 = "2021-01-01T10:00:34 [INFO] ThreadId:458745723, Machine:Node001, Text: Started"
SELECT tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$7`, 'Array(Tuple(String, String))')), 2), multiIf(not(startsWith(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$7`, 'Array(Tuple(String, String))')), 2)), '0')), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$7`, 'Array(Tuple(String, String))')), 2))), match(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$7`, 'Array(Tuple(String, String))')), 2)), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$7`, 'Array(Tuple(String, String))')), 2)), 3), 16, '0')))), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$7`, 'Array(Tuple(String, String))')), 2)))), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$7`, 'Array(Tuple(String, String))')), 2)
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), trimBoth(arrayElement(`g`, 4), ' \t\r\n')), extractAllGroupsVertical(`str$8`, {p3:String}))) AS `$parsed$7`
FROM (SELECT {p4:String} AS `str$8`))
LIMIT 1001

-- Text:string, ThreadId:long, Machine:string
-- p0 = "Text"
-- p1 = "ThreadId"
-- p2 = "Machine"
-- p3 = "(?s)((?:'(?:[^'\\\\]|[\\\\].)*'))$"
-- p4 = "(?s)[\\\\](.)"
-- p5 = "(?s)(?:^|[^\\pL\\pN])()(ThreadId|Machine|Text)[^\\pL\\pN]+?(?:((?:'(?:[^'\\\\]|[\\\\].)*'))|([\\pL\\pN]+))"
-- p6 = "2021-01-01T10:00:34 [INFO] ThreadId:458745723, Machine:Node001, Text: 'The service \\' is up'"
SELECT tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$8`, 'Array(Tuple(String, String))')), 2), multiIf(not(startsWith(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$8`, 'Array(Tuple(String, String))')), 2)), '0')), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$8`, 'Array(Tuple(String, String))')), 2))), match(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$8`, 'Array(Tuple(String, String))')), 2)), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$8`, 'Array(Tuple(String, String))')), 2)), 3), 16, '0')))), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$8`, 'Array(Tuple(String, String))')), 2)))), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$8`, 'Array(Tuple(String, String))')), 2)
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(if(arrayElement(`g`, 1) != '', substringUTF8(arrayElement(`g`, 1), 2, lengthUTF8(arrayElement(`g`, 1)) - 2), if(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p3:String}) != '', substringUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p3:String}), 2, lengthUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p3:String})) - 2), trimBoth(arrayElement(`g`, 2), ' \t\r\n'))), if(arrayElement(`g`, 3) != '', replaceRegexpAll(substringUTF8(arrayElement(`g`, 3), 2, lengthUTF8(arrayElement(`g`, 3)) - 2), {p4:String}, '\\1'), trimBoth(arrayElement(`g`, 4), ' \t\r\n'))), extractAllGroupsVertical(`str$9`, {p5:String}))) AS `$parsed$8`
FROM (SELECT {p6:String} AS `str$9`))
LIMIT 1001

-- referer url:string, request url:string, advertiser id:guid
-- p0 = "referer url"
-- p1 = "request url"
-- p2 = "advertiser id"
-- p3 = "\"([\\w ]+)\\s*:\\s*([^\"]*)\""
-- p4 = "[\"referer url: https://hostname.com/redirect?dest=/?h=1234\", \"request url: https://hostname.com/?h=1234\", \"advertiser id: 24fefbca-cf27-4d62-a623-249c2ad30c73\"]"
SELECT tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$9`, 'Array(Tuple(String, String))')), 2), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$9`, 'Array(Tuple(String, String))')), 2), toString(toUUIDOrNull(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$9`, 'Array(Tuple(String, String))')), 2)))
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(trimBoth(arrayElement(`g`, 1), ' \t\r\n'), trimBoth(arrayElement(`g`, 2), ' \t\r\n')), extractAllGroupsVertical(`str$10`, {p3:String}))) AS `$parsed$9`
FROM (SELECT {p4:String} AS `str$10`))
LIMIT 1001

-- a:string, b:long, c:string, d:string
-- p0 = "a"
-- p1 = "b"
-- p2 = "c"
-- p3 = "d"
-- p4 = "(?s)((?:\"[^\"]*\"))$"
-- p5 = " "
-- p6 = "(?s)(?:\\s*((?:\"[^\"]*\"))\\s*=|((?:(?:\"[^\"]*\")|.)*?)=)(?:((?:\"[^\"]*\"))(?: |$)|(.*?)(?: |$))"
-- p7 = "a= b=2 c=\"\" d=\"x"
SELECT tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p0:String}, JSONExtract(`$parsed$10`, 'Array(Tuple(String, String))')), 2), multiIf(not(startsWith(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$10`, 'Array(Tuple(String, String))')), 2)), '0')), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$10`, 'Array(Tuple(String, String))')), 2))), match(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$10`, 'Array(Tuple(String, String))')), 2)), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$10`, 'Array(Tuple(String, String))')), 2)), 3), 16, '0')))), toInt64OrNull(trimBoth(tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p1:String}, JSONExtract(`$parsed$10`, 'Array(Tuple(String, String))')), 2)))), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p2:String}, JSONExtract(`$parsed$10`, 'Array(Tuple(String, String))')), 2), tupleElement(arrayFirst((`p`) -> tupleElement(`p`, 1) = {p3:String}, JSONExtract(`$parsed$10`, 'Array(Tuple(String, String))')), 2)
FROM (SELECT toJSONString(arrayMap((`g`) -> tuple(if(arrayElement(`g`, 1) != '', substringUTF8(arrayElement(`g`, 1), 2, lengthUTF8(arrayElement(`g`, 1)) - 2), if(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p4:String}) != '', substringUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p4:String}), 2, lengthUTF8(extract(trimBoth(arrayElement(`g`, 2), ' \t\r\n'), {p4:String})) - 2), trimBoth(arrayElement(splitByString({p5:String}, trimBoth(arrayElement(`g`, 2), ' \t\r\n')), -1), ' \t\r\n'))), if(arrayElement(`g`, 3) != '', substringUTF8(arrayElement(`g`, 3), 2, lengthUTF8(arrayElement(`g`, 3)) - 2), trimBoth(arrayElement(`g`, 4), ' \t\r\n'))), extractAllGroupsVertical(`str$11`, {p6:String}))) AS `$parsed$10`
FROM (SELECT {p7:String} AS `str$11`))
LIMIT 1001
