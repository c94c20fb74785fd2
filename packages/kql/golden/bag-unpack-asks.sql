-- bag_unpack, at 73 of the query, asks:
-- p0 = "{\"a\":1,\"b\":\"x\"}"
-- p1 = "{\"a\":2}"
SELECT toJSONString(groupUniqArrayArray(2001)(arrayMap((`m`) -> [tupleElement(`m`, 1), toString(JSONType(tupleElement(`m`, 2)))], JSONExtractKeysAndValuesRaw(`d$2`))))
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p1:String}], 'Array(String)') AS `d$2`
LIMIT 2

-- b:string, sum_a:long
-- p0 = "{\"a\":1,\"b\":\"x\"}"
-- p1 = "{\"a\":2}"
SELECT tupleElement(if(match(`d$2`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`b` String, `a` Nullable(Int64))'), JSONExtract(`d$2`, 'Tuple(`b` String, `a` Nullable(Int64))')), 1), ifNull(sum(tupleElement(if(match(`d$2`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`b` String, `a` Nullable(Int64))'), JSONExtract(`d$2`, 'Tuple(`b` String, `a` Nullable(Int64))')), 2)), 0::Int64)
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p1:String}], 'Array(String)') AS `d$2`
GROUP BY tupleElement(if(match(`d$2`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`b` String, `a` Nullable(Int64))'), JSONExtract(`d$2`, 'Tuple(`b` String, `a` Nullable(Int64))')), 1)
LIMIT 1001
