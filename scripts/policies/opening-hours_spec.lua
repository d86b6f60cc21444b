test "opening-hours"

given { plate = "AB-12-CD", kind = "visitor", now = "2026-05-19 08:30" }      -- a Tuesday
case "visitor in the morning"                { expect = "nothing" }
case "a minute before opening"               { now = "2026-05-19 05:59", expect = "deny outside_opening_hours" }
case "at opening time"                       { now = "2026-05-19 06:00", expect = "allow" }
case "a second before closing"               { now = "2026-05-19 22:59:59", expect = "allow" }
case "at closing time"                       { now = "2026-05-19 23:00", expect = "deny outside_opening_hours" }
case "season ticket at night"                { now = "2026-05-19 02:00", kind = "season", expect = "nothing" }
case "a booking keeps the hours of visitors" { now = "2026-05-19 02:00", kind = "booking", expect = "deny outside_opening_hours" }
case "staff keep the hours of visitors"      { now = "2026-05-19 02:00", kind = "staff", expect = "deny outside_opening_hours" }

-- Saturday's hours go past midnight: the hour after it is Saturday's still.
case "Saturday, a minute before opening"     { now = "2026-05-23 07:59", expect = "deny outside_opening_hours" }
case "Saturday, at opening time"             { now = "2026-05-23 08:00", expect = "allow" }
case "Saturday, late"                        { now = "2026-05-23 23:59", expect = "allow" }
case "Sunday, half past midnight"            { now = "2026-05-24 00:30", expect = "allow" }
case "Sunday, when Saturday's hours end"     { now = "2026-05-24 01:00", expect = "deny outside_opening_hours" }
case "Sunday, a minute before opening"       { now = "2026-05-24 09:59", expect = "deny outside_opening_hours" }
case "Sunday, at opening time"               { now = "2026-05-24 10:00", expect = "allow" }
case "Sunday, at closing time"               { now = "2026-05-24 22:00", expect = "deny outside_opening_hours" }
case "Saturday, half past midnight"          { now = "2026-05-23 00:30", expect = "deny outside_opening_hours" }

-- The calendar.
case "29 February, a Tuesday"                { now = "2028-02-29 22:59", expect = "allow" }
case "29 February, at closing time"          { now = "2028-02-29 23:00", expect = "deny outside_opening_hours" }
case "a Saturday that is New Year's Eve"     { now = "2022-12-31 23:59:59", expect = "allow" }
case "the first hour of that new year"       { now = "2023-01-01 00:59", expect = "allow" }
case "the second hour of that new year"      { now = "2023-01-01 01:00", expect = "deny outside_opening_hours" }

-- The night when 02:00 to 03:00 comes twice, a Sunday: hours are read off the clock on the wall, both times.
given { kind = "visitor", settings = { open = "Sat 20:00-02:30" } }
case "02:15, the first time"                 { now = "2026-10-25 02:15 +02:00", expect = "allow" }
case "02:30, the first time"                 { now = "2026-10-25 02:30 +02:00", expect = "deny outside_opening_hours" }
case "02:15, the second time"                { now = "2026-10-25 02:15 +01:00", expect = "allow" }
case "02:30, the second time"                { now = "2026-10-25 02:30 +01:00", expect = "deny outside_opening_hours" }

-- The night when 02:00 to 03:00 is skipped, a Sunday: 02:30 is not there, the clock goes from 01:59 to 03:00.
case "the last minute before the gap"        { now = "2026-03-29 01:59", expect = "allow" }
case "02:30 is 03:00, when we are closed"    { now = "2026-03-29 02:30", expect = "deny outside_opening_hours" }
case "hours that are skipped are not there"  { now = "2026-03-29 03:00", settings = { open = "Sun 02:00-03:00" }, expect = "deny outside_opening_hours" }

case "open at all hours"                     { now = "2026-05-24 03:00", settings = { open = "00:00-24:00" }, expect = "allow" }
