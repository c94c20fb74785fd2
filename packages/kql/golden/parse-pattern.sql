-- Text:string, User:string, Id:long
-- p0 = "(?s)^user=(.*?) id=(\\s*[-+]?\\d+\\s*) .*$"
-- p1 = "user=bob id=42 done"
SELECT `Text`, arrayElement(`$parsed`, 1::Int64), multiIf(not(startsWith(trimBoth(trimBoth(arrayElement(`$parsed`, 2::Int64), ' \t\r\n')), '0')), toInt64OrNull(trimBoth(trimBoth(arrayElement(`$parsed`, 2::Int64), ' \t\r\n'))), match(trimBoth(trimBoth(arrayElement(`$parsed`, 2::Int64), ' \t\r\n')), '^0[xX][0-9a-fA-F]{1,16}$'), reinterpretAsInt64(reverse(unhex(leftPad(substring(trimBoth(trimBoth(arrayElement(`$parsed`, 2::Int64), ' \t\r\n')), 3), 16, '0')))), toInt64OrNull(trimBoth(trimBoth(arrayElement(`$parsed`, 2::Int64), ' \t\r\n'))))
FROM (SELECT `Text`, extractGroups(`Text`, {p0:String}) AS `$parsed`
FROM (SELECT {p1:String} AS `Text`))
LIMIT 1001
