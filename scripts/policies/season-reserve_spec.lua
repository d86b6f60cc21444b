test "season-reserve"

-- 20 holders, 15 of them inside: 5 spots are kept.
given { on = "availability", now = "2026-05-19 08:30", garage = { free = 12, capacity = 120, season_holders = 20, season_inside = 15 } }
case "visitors see what is left"        { expect = "offer 7" }
case "nobody has a season ticket"       { garage = { free = 12, season_holders = 0, season_inside = 0 }, expect = "offer 12" }
case "all holders are inside"           { garage = { free = 12, season_holders = 20, season_inside = 20 }, expect = "offer 12" }
case "more inside than holders"         { garage = { free = 12, season_holders = 20, season_inside = 23 }, expect = "offer 12" }
case "fewer are free than are kept"     { garage = { free = 4, season_holders = 20, season_inside = 15 }, expect = "offer 0" }
case "a spot for each of many"          { garage = { free = 250, season_holders = 200, season_inside = 0 }, expect = "offer 50" }
case "a thousand and no more"           { garage = { free = 1200, season_holders = 1500, season_inside = 0 }, expect = "offer 200" }
case "at midnight too"                  { now = "2026-05-19 00:00", expect = "offer 7" }
case "half of them come at a time"      { settings = { share = 50 }, expect = "offer 9" }
case "a share of nothing"               { settings = { share = 0 }, expect = "offer 12" }
case "never more than the most"         { settings = { most = 2 }, expect = "offer 10" }
case "not at these hours"               { settings = { times = "Mon-Fri 09:00-18:00" }, expect = "offer 12" }
case "from that minute on"              { now = "2026-05-19 09:00", settings = { times = "Mon-Fri 09:00-18:00" }, expect = "offer 7" }

given { on = "session_start", kind = "visitor", now = "2026-05-19 08:30", garage = { free = 6, capacity = 120, season_holders = 20, season_inside = 15 } }
case "one spot is left for visitors"    { expect = "nothing" }
case "the last ones are kept"           { garage = { free = 5, season_holders = 20, season_inside = 15 }, expect = "deny reserved_for_season_tickets" }
case "a season ticket gets one of them" { kind = "season", garage = { free = 5, season_holders = 20, season_inside = 15 }, expect = "nothing" }
case "a booking gets one of them"       { kind = "booking", garage = { free = 5, season_holders = 20, season_inside = 15 }, expect = "nothing" }
case "staff get one of them"            { kind = "staff", garage = { free = 1, season_holders = 20, season_inside = 15 }, expect = "nothing" }

-- Hours are read off the clock on the wall, also in the nights when the clocks change.
given { on = "session_start", kind = "visitor", settings = { times = "Sun 02:30-03:30" }, garage = { free = 1, season_holders = 20, season_inside = 15 } }
case "02:29, the first time"            { now = "2026-10-25 02:29 +02:00", expect = "nothing" }
case "02:30, the first time"            { now = "2026-10-25 02:30 +02:00", expect = "deny reserved_for_season_tickets" }
case "02:29, the second time"           { now = "2026-10-25 02:29 +01:00", expect = "nothing" }
case "02:30, the second time"           { now = "2026-10-25 02:30 +01:00", expect = "deny reserved_for_season_tickets" }
case "the last minute before the gap"   { now = "2026-03-29 01:59", expect = "nothing" }
case "the first minute after the gap"   { now = "2026-03-29 03:00", expect = "deny reserved_for_season_tickets" }
