test "anti-passback"

given { plate = "AB-12-CD", kind = "season", now = "2026-05-19 08:30" }
case "first visit"                        { expect = "nothing" }
case "inside already"                     { inside = true, expect = "deny already_inside" }
case "inside and just left: inside wins"  { inside = true, last_exit = "2026-05-19 08:29", expect = "deny already_inside" }
case "left at this very moment"           { last_exit = "2026-05-19 08:30", expect = "deny left_just_now" }
case "a second too early"                 { last_exit = "2026-05-19 08:27:01", expect = "deny left_just_now" }
case "after the pause"                    { last_exit = "2026-05-19 08:27", expect = "nothing" }
case "the setting says how long"          { last_exit = "2026-05-19 08:27", settings = { pause = "10min" }, expect = "deny left_just_now" }
case "visitors may come back"             { kind = "visitor", last_exit = "2026-05-19 08:29", expect = "nothing" }

-- What counts is the time that passed, and not what the clock on the wall says.
case "over midnight and a year's end"     { last_exit = "2026-12-31 23:59", now = "2027-01-01 00:01", expect = "deny left_just_now" }
case "into 29 February"                   { last_exit = "2028-02-28 23:59", now = "2028-02-29 00:01", expect = "deny left_just_now" }
case "28 February, a day later"           { last_exit = "2028-02-28 23:59", now = "2028-03-01 00:01", expect = "nothing" }
case "clocks go back: two minutes"        { last_exit = "2026-10-25 02:59 +02:00", now = "2026-10-25 02:01 +01:00", expect = "deny left_just_now" }
case "clocks go back: an hour, same time" { last_exit = "2026-10-25 02:30 +02:00", now = "2026-10-25 02:30 +01:00", expect = "nothing" }
case "clocks go forward: two minutes"     { last_exit = "2026-03-29 01:59", now = "2026-03-29 03:01", expect = "deny left_just_now" }
