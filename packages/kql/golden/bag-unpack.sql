-- Town:string, Name:string, Age:long
-- p0 = "{\"Name\":\"John\",\"Age\":20}"
-- p1 = "{\"Name\":\"Dave\"}"
-- p2 = "Bonn"
-- p3 = "Lund"
SELECT `Town`, tupleElement(if(match(`d$2`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`Name` String, `Age` Nullable(Int64))'), JSONExtract(`d$2`, 'Tuple(`Name` String, `Age` Nullable(Int64))')), 1), tupleElement(if(match(`d$2`, '^\\s*\\['), defaultValueOfTypeName('Tuple(`Name` String, `Age` Nullable(Int64))'), JSONExtract(`d$2`, 'Tuple(`Name` String, `Age` Nullable(Int64))')), 2)
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p0:String}, {p1:String}], 'Array(String)') AS `d$2`, CAST([{p2:String}, {p3:String}], 'Array(String)') AS `Town`
LIMIT 1001
