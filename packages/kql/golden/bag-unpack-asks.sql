-- bag_unpack, at 73 of the query, asks:
-- p0 = "{\"a\":1,\"b\":\"x\"}"
-- p1 = "{\"a\":2}"
SELECT toJSONString(groupUniqArrayArray(2001)(arrayMap((`m`) -> [tupleElement(`m`, 1), toString(JSONType(tupleElement(`m`, 2)))], JSONExtractKeysAndValuesRaw(`d$2`))))
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p1:String}], 'Array(String)') AS `d$2`
LIMIT 2

-- b:string, sum_a:long
-- p0 = "b"
-- p1 = "a"
-- p2 = "{\"a\":1,\"b\":\"x\"}"
-- p3 = "{\"a\":2}"
SELECT JSONExtract(`d$2`, {p0:String}, 'String'), ifNull(sum(JSONExtract(`d$2`, {p1:String}, 'Nullable(Int64)')), 0::Int64)
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p2:String}, {p3:String}], 'Array(String)') AS `d$2`
GROUP BY JSONExtract(`d$2`, {p0:String}, 'String')
LIMIT 1001
