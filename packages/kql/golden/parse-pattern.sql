-- Text:string, User:string, Id:long
-- p0 = "(?s)^user=(.*?) id=(\\s*[-+]?\\d+\\s*) .*$"
-- p1 = "user=bob id=42 done"
SELECT `Text`, JSONExtractString(`$parsed`, 1::Int64), if(match(trimBoth(trimBoth(JSONExtractString(`$parsed`, 2::Int64))), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(trimBoth(JSONExtractString(`$parsed`, 2::Int64))), 3), 16, '0')))), toInt64OrNull(trimBoth(trimBoth(JSONExtractString(`$parsed`, 2::Int64)))))
FROM (SELECT `Text`, toJSONString(extractGroups(`Text`, {p0:String})) AS `$parsed`
FROM (SELECT {p1:String} AS `Text`))
LIMIT 1001
