-- source_:string, EventText:string, Version:string, EventName:string, pack_:dynamic
-- p0 = "EventsTable1"
-- p1 = "Session_Id"
-- p2 = "Level"
-- p3 = "a"
-- p4 = "b"
-- p5 = "Information"
-- p6 = "Error"
-- p7 = "Some Text1"
-- p8 = "Some Text2"
-- p9 = "Some Text3"
-- p10 = "v1.0.0"
-- p11 = "v1.0.1"
-- p12 = "EventsTable2"
-- p13 = "f"
-- p14 = "Some Other Text1"
-- p15 = "Some Other Text2"
-- p16 = "Some Other Text3"
-- p17 = "Event1"
-- p18 = "Event2"
-- p19 = "Event3"
SELECT `source_`, `EventText$11`, `Version$7`, `EventName$11`, nullIf(nullIf(`pack_$9`, ''), 'null')
FROM (SELECT {p0:String} AS `source_`, `EventText` AS `EventText$11`, `Version` AS `Version$7`, '' AS `EventName$11`, concat('{', arrayStringConcat(arrayMap((`m`) -> concat(toJSONString(tupleElement(`m`, 1)), ':', tupleElement(`m`, 2)), [tuple({p1:String}, toJSONString(`Session_Id`)), tuple({p2:String}, toJSONString(`Level`))]), ','), '}') AS `pack_$9`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p3:String}, {p3:String}, {p4:String}], 'Array(String)') AS `Session_Id`, CAST([{p5:String}, {p6:String}, {p6:String}], 'Array(String)') AS `Level`, CAST([{p7:String}, {p8:String}, {p9:String}], 'Array(String)') AS `EventText`, CAST([{p10:String}, {p10:String}, {p11:String}], 'Array(String)') AS `Version`
WHERE `Session_Id` = {p3:String} AND `Level` = {p6:String}
UNION ALL SELECT {p12:String} AS `source_`, `EventText$2` AS `EventText$11`, '' AS `Version$7`, `EventName` AS `EventName$11`, concat('{', arrayStringConcat(arrayMap((`m`) -> concat(toJSONString(tupleElement(`m`, 1)), ':', tupleElement(`m`, 2)), [tuple({p1:String}, toJSONString(`Session_Id$2`)), tuple({p2:String}, toJSONString(`Level$2`))]), ','), '}') AS `pack_$9`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p13:String}, {p3:String}, {p3:String}], 'Array(String)') AS `Session_Id$2`, CAST([{p5:String}, {p5:String}, {p6:String}], 'Array(String)') AS `Level$2`, CAST([{p14:String}, {p15:String}, {p16:String}], 'Array(String)') AS `EventText$2`, CAST([{p17:String}, {p18:String}, {p19:String}], 'Array(String)') AS `EventName`
WHERE `Session_Id$2` = {p3:String} AND `Level$2` = {p6:String})
ORDER BY `source_` ASC NULLS FIRST
LIMIT 1001

-- From:string, Session_Id:string, Version:string, EventName:string
-- p0 = "EventsTable1"
-- p1 = "a"
-- p2 = "b"
-- p3 = "v1.0.0"
-- p4 = "v1.0.1"
-- p5 = "Event1"
-- p6 = "EventsTable2"
-- p7 = "f"
-- p8 = "Event2"
-- p9 = "Event3"
SELECT `From`, `Session_Id$11`, `Version$8`, `EventName$12`
FROM (SELECT {p0:String} AS `From`, `Session_Id$3` AS `Session_Id$11`, `Version$2` AS `Version$8`, '' AS `EventName$12`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p1:String}, {p1:String}, {p2:String}], 'Array(String)') AS `Session_Id$3`, CAST([{p3:String}, {p3:String}, {p4:String}], 'Array(String)') AS `Version$2`
WHERE `Version$2` = {p3:String} OR '' = {p5:String}
UNION ALL SELECT {p6:String} AS `From`, `Session_Id$4` AS `Session_Id$11`, '' AS `Version$8`, `EventName$3` AS `EventName$12`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p7:String}, {p1:String}, {p1:String}], 'Array(String)') AS `Session_Id$4`, CAST([{p5:String}, {p8:String}, {p9:String}], 'Array(String)') AS `EventName$3`
WHERE '' = {p3:String} OR `EventName$3` = {p5:String})
ORDER BY `From` ASC NULLS FIRST, `Version$8` ASC NULLS FIRST
LIMIT 1001

-- source_:string, Session_Id:string, Level:string, EventText:string, pack_:dynamic
-- p0 = "EventsTable1"
-- p1 = "Version"
-- p2 = "a"
-- p3 = "b"
-- p4 = "Information"
-- p5 = "Error"
-- p6 = "Some Text1"
-- p7 = "Some Text2"
-- p8 = "Some Text3"
-- p9 = "v1.0.0"
-- p10 = "v1.0.1"
-- p11 = "EventsTable2"
-- p12 = "EventName"
-- p13 = "f"
-- p14 = "Some Other Text1"
-- p15 = "Some Other Text2"
-- p16 = "Some Other Text3"
-- p17 = "Event1"
-- p18 = "Event2"
-- p19 = "Event3"
SELECT `source_$2`, `Session_Id$12`, `Level$11`, `EventText$12`, nullIf(nullIf(`pack_$10`, ''), 'null')
FROM (SELECT {p0:String} AS `source_$2`, `Session_Id$5` AS `Session_Id$12`, `Level$5` AS `Level$11`, `EventText$5` AS `EventText$12`, concat('{', arrayStringConcat(arrayMap((`m`) -> concat(toJSONString(tupleElement(`m`, 1)), ':', tupleElement(`m`, 2)), [tuple({p1:String}, toJSONString(`Version$4`))]), ','), '}') AS `pack_$10`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p2:String}, {p2:String}, {p3:String}], 'Array(String)') AS `Session_Id$5`, CAST([{p4:String}, {p5:String}, {p5:String}], 'Array(String)') AS `Level$5`, CAST([{p6:String}, {p7:String}, {p8:String}], 'Array(String)') AS `EventText$5`, CAST([{p9:String}, {p9:String}, {p10:String}], 'Array(String)') AS `Version$4`
WHERE `Session_Id$5` = {p2:String}
UNION ALL SELECT {p11:String} AS `source_$2`, `Session_Id$6` AS `Session_Id$12`, `Level$6` AS `Level$11`, `EventText$6` AS `EventText$12`, concat('{', arrayStringConcat(arrayMap((`m`) -> concat(toJSONString(tupleElement(`m`, 1)), ':', tupleElement(`m`, 2)), [tuple({p12:String}, toJSONString(`EventName$6`))]), ','), '}') AS `pack_$10`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p13:String}, {p2:String}, {p2:String}], 'Array(String)') AS `Session_Id$6`, CAST([{p4:String}, {p4:String}, {p5:String}], 'Array(String)') AS `Level$6`, CAST([{p14:String}, {p15:String}, {p16:String}], 'Array(String)') AS `EventText$6`, CAST([{p17:String}, {p18:String}, {p19:String}], 'Array(String)') AS `EventName$6`
WHERE `Session_Id$6` = {p2:String})
ORDER BY `source_$2` ASC NULLS FIRST, `EventText$12` ASC NULLS FIRST
LIMIT 1001

-- source_:string, EventText:string
-- p0 = "EventsTable1"
-- p1 = "a"
-- p2 = "b"
-- p3 = "Information"
-- p4 = "Error"
-- p5 = "Some Text1"
-- p6 = "Some Text2"
-- p7 = "Some Text3"
-- p8 = "v1.0.0"
-- p9 = "v1.0.1"
-- p10 = "text3"
-- p11 = "EventsTable2"
-- p12 = "f"
-- p13 = "Some Other Text1"
-- p14 = "Some Other Text2"
-- p15 = "Some Other Text3"
-- p16 = "Event1"
-- p17 = "Event2"
-- p18 = "Event3"
SELECT `source_$3`, `EventText$13`
FROM (SELECT {p0:String} AS `source_$3`, `EventText$7` AS `EventText$13`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p1:String}, {p1:String}, {p2:String}], 'Array(String)') AS `Session_Id$7`, CAST([{p3:String}, {p4:String}, {p4:String}], 'Array(String)') AS `Level$7`, CAST([{p5:String}, {p6:String}, {p7:String}], 'Array(String)') AS `EventText$7`, CAST([{p8:String}, {p8:String}, {p9:String}], 'Array(String)') AS `Version$5`
WHERE hasTokenCaseInsensitive(`Session_Id$7`, {p10:String}) OR hasTokenCaseInsensitive(`Level$7`, {p10:String}) OR hasTokenCaseInsensitive(`EventText$7`, {p10:String}) OR hasTokenCaseInsensitive(`Version$5`, {p10:String})
UNION ALL SELECT {p11:String} AS `source_$3`, `EventText$8` AS `EventText$13`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p12:String}, {p1:String}, {p1:String}], 'Array(String)') AS `Session_Id$8`, CAST([{p3:String}, {p3:String}, {p4:String}], 'Array(String)') AS `Level$8`, CAST([{p13:String}, {p14:String}, {p15:String}], 'Array(String)') AS `EventText$8`, CAST([{p16:String}, {p17:String}, {p18:String}], 'Array(String)') AS `EventName$7`
WHERE hasTokenCaseInsensitive(`Session_Id$8`, {p10:String}) OR hasTokenCaseInsensitive(`Level$8`, {p10:String}) OR hasTokenCaseInsensitive(`EventText$8`, {p10:String}) OR hasTokenCaseInsensitive(`EventName$7`, {p10:String}))
ORDER BY `source_$3` ASC NULLS FIRST
LIMIT 1001

-- source_:string, Session_Id:string, Level:string, EventText:string, EventName:string, pack_:dynamic
-- p0 = "EventsTable1"
-- p1 = "Version"
-- p2 = "a"
-- p3 = "b"
-- p4 = "Information"
-- p5 = "Error"
-- p6 = "Some Text1"
-- p7 = "Some Text2"
-- p8 = "Some Text3"
-- p9 = "v1.0.0"
-- p10 = "v1.0.1"
-- p11 = "text1"
-- p12 = "EventsTable2"
-- p13 = "f"
-- p14 = "Some Other Text1"
-- p15 = "Some Other Text2"
-- p16 = "Some Other Text3"
-- p17 = "Event1"
-- p18 = "Event2"
-- p19 = "Event3"
SELECT `source_$4`, `Session_Id$13`, `Level$12`, `EventText$14`, `EventName$13`, nullIf(nullIf(`pack_$11`, ''), 'null')
FROM (SELECT {p0:String} AS `source_$4`, `Session_Id$9` AS `Session_Id$13`, `Level$9` AS `Level$12`, `EventText$9` AS `EventText$14`, '' AS `EventName$13`, concat('{', arrayStringConcat(arrayMap((`m`) -> concat(toJSONString(tupleElement(`m`, 1)), ':', tupleElement(`m`, 2)), [tuple({p1:String}, toJSONString(`Version$6`))]), ','), '}') AS `pack_$11`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p2:String}, {p2:String}, {p3:String}], 'Array(String)') AS `Session_Id$9`, CAST([{p4:String}, {p5:String}, {p5:String}], 'Array(String)') AS `Level$9`, CAST([{p6:String}, {p7:String}, {p8:String}], 'Array(String)') AS `EventText$9`, CAST([{p9:String}, {p9:String}, {p10:String}], 'Array(String)') AS `Version$6`
WHERE '' = '' AND (hasTokenCaseInsensitive(`Session_Id$9`, {p11:String}) OR hasTokenCaseInsensitive(`Level$9`, {p11:String}) OR hasTokenCaseInsensitive(`EventText$9`, {p11:String}) OR hasTokenCaseInsensitive(`Version$6`, {p11:String}) OR hasTokenCaseInsensitive('', {p11:String}))
UNION ALL SELECT {p12:String} AS `source_$4`, `Session_Id$10` AS `Session_Id$13`, `Level$10` AS `Level$12`, `EventText$10` AS `EventText$14`, `EventName$8` AS `EventName$13`, '{}' AS `pack_$11`
FROM (SELECT 1 AS `$one`)
ARRAY JOIN CAST([{p13:String}, {p2:String}, {p2:String}], 'Array(String)') AS `Session_Id$10`, CAST([{p4:String}, {p4:String}, {p5:String}], 'Array(String)') AS `Level$10`, CAST([{p14:String}, {p15:String}, {p16:String}], 'Array(String)') AS `EventText$10`, CAST([{p17:String}, {p18:String}, {p19:String}], 'Array(String)') AS `EventName$8`
WHERE `EventName$8` = '' AND (hasTokenCaseInsensitive(`Session_Id$10`, {p11:String}) OR hasTokenCaseInsensitive(`Level$10`, {p11:String}) OR hasTokenCaseInsensitive(`EventText$10`, {p11:String}) OR hasTokenCaseInsensitive(`EventName$8`, {p11:String})))
ORDER BY `source_$4` ASC NULLS FIRST
LIMIT 1001
