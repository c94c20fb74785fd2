-- Id:long, A:long, B:string, C:real, Again:string, Text:string
-- p0 = "!"
-- p1 = "a"
-- p2 = "{\"a\": 1, \"b\": \"x\", \"c\": 2.5}"
-- p3 = "[\"1\", \"y\", \"3\"]"
-- p4 = " \n[1, 2, 3]"
-- p5 = "{\"b\": {\"q\": 1}, \"a\": null}"
-- p6 = "text"
-- p7 = "{\"a\": \"12\", \"a\": \"13\", \"b\": true}"
-- p8 = "3"
-- p9 = "{\"c\": 1e400, \"b\": \"big\"}"
SELECT `Id`, tupleElement(if(match(`Doc`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))'), JSONExtract(`Doc`, 'Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))')), 1), tupleElement(if(match(`Doc`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))'), JSONExtract(`Doc`, 'Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))')), 2), multiIf(isNaN(tupleElement(if(match(`Doc`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))'), JSONExtract(`Doc`, 'Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))')), 3)), 'NaN', isInfinite(tupleElement(if(match(`Doc`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))'), JSONExtract(`Doc`, 'Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))')), 3)), if(tupleElement(if(match(`Doc`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))'), JSONExtract(`Doc`, 'Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))')), 3) > 0, 'Infinity', '-Infinity'), tupleElement(if(match(`Doc`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))'), JSONExtract(`Doc`, 'Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))')), 3)), concat(tupleElement(if(match(`Doc`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))'), JSONExtract(`Doc`, 'Tuple(`a` Nullable(Int64), `b` String, `c` Nullable(Float64))')), 2), {p0:String}), JSONExtract(`Doc`, {p1:String}, 'String')
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([1::Int64, 2::Int64, 3::Int64, 4::Int64, 5::Int64, 6::Int64, 7::Int64, 8::Int64, 9::Int64], 'Array(Nullable(Int64))') AS `Id`, CAST([{p2:String}, {p3:String}, {p4:String}, {p5:String}, {p6:String}, '', {p7:String}, {p8:String}, {p9:String}], 'Array(String)') AS `Doc`
WHERE not(isNull(`Id`))
LIMIT 1001
