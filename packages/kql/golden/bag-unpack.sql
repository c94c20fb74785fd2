-- Town:string, Name:string, Age:long
-- p0 = "Name"
-- p1 = "Age"
-- p2 = "{\"Name\":\"John\",\"Age\":20}"
-- p3 = "{\"Name\":\"Dave\"}"
-- p4 = "Bonn"
-- p5 = "Lund"
SELECT `Town`, JSONExtract(`d$2`, {p0:String}, 'String'), JSONExtract(`d$2`, {p1:String}, 'Nullable(Int64)')
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p2:String}, {p3:String}], 'Array(String)') AS `d$2`, CAST([{p4:String}, {p5:String}], 'Array(String)') AS `Town`
LIMIT 1001
