-- Type:string, Received:datetime
-- p0 = "Heartbeat"
-- p1 = "6d0a4e2c-0000-4000-8000-000000000001"
SELECT {p0:String}, concat(replaceOne(trimRight(trimRight(toString(reinterpret(`_TimeReceived` - 621355968000000000, 'DateTime64(7, \'UTC\')')), '0'), '.'), ' ', 'T'), 'Z')
FROM `workspace`.`Heartbeat`
WHERE {p1:String} != '' AND {p0:String} = {p0:String}
LIMIT 1001
