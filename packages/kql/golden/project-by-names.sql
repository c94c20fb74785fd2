-- Name:string, Data:string, Country:string
-- p0 = "Peter"
-- p1 = "Source-data"
-- p2 = "USA"
SELECT `Name`, `Data`, `Country`
FROM (SELECT {p0:String} AS `Name`, {p1:String} AS `Data`) AS `$left0`
LEFT JOIN (SELECT `Country`, `Name$2`
FROM (SELECT {p0:String} AS `Name$2`, {p2:String} AS `Country`)) AS `$right0` ON `Name` = `Name$2`
LIMIT 1001

-- City:string, Country:string, Name:string
-- p0 = "Peter"
-- p1 = "New York"
-- p2 = "USA"
SELECT `City$3`, `Country$3`, `Name$5`
FROM (SELECT {p0:String} AS `Name$5`, {p1:String} AS `City$3`, {p2:String} AS `Country$3`)
LIMIT 1001
