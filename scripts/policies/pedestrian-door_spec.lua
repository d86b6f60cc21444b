test "pedestrian-door"

given { plate = "AB-12-CD", direction = "in", door = "side", entrance = "entry-1", now = "2026-05-19 08:30" }
case "by day"                             { expect = "nothing" }
case "a second before the hours"          { now = "2026-05-19 04:59:59", expect = "deny door_closed_at_night" }
case "when the hours begin"               { now = "2026-05-19 05:00", expect = "allow" }
case "the last second of the day"         { now = "2026-05-19 23:59:59", expect = "allow" }
case "midnight"                           { now = "2026-05-20 00:00", expect = "deny door_closed_at_night" }
case "season tickets too"                 { now = "2026-05-20 00:00", kind = "season", expect = "deny door_closed_at_night" }
case "the entrance for cars at night"     { now = "2026-05-19 02:00", door = "entry-1", expect = "nothing" }
case "out at night"                       { now = "2026-05-19 02:00", direction = "out", door = "exit-1", expect = "nothing" }
case "an opening before is no matter"     { openings = 2, expect = "nothing" }

case "29 February"                        { now = "2028-02-29 23:59", expect = "allow" }
case "New Year, a second after midnight"  { now = "2027-01-01 00:00:01", expect = "deny door_closed_at_night" }

-- The clock on the wall counts, in the night with an hour twice and in the one with an hour less.
given { direction = "in", door = "side", entrance = "entry-1", settings = { open = "Sun 02:30-24:00" } }
case "02:29, the first time"              { now = "2026-10-25 02:29 +02:00", expect = "deny door_closed_at_night" }
case "02:30, the first time"              { now = "2026-10-25 02:30 +02:00", expect = "allow" }
case "02:29, the second time"             { now = "2026-10-25 02:29 +01:00", expect = "deny door_closed_at_night" }
case "02:30, the second time"             { now = "2026-10-25 02:30 +01:00", expect = "allow" }
case "the last minute before the gap"     { now = "2026-03-29 01:59", expect = "deny door_closed_at_night" }
case "the first minute after the gap"     { now = "2026-03-29 03:00", expect = "allow" }
