test "max-stay"

given { plate = "AB-12-CD", kind = "visitor", on = "session_start", now = "2026-05-19 08:30" }
case "visitors get a day"               { expect = { "allow", "leave_by 2026-05-20 08:30" } }
case "season tickets may stay"          { kind = "season", expect = { "nothing", "no leave_by" } }
case "bookings may stay"                { kind = "booking", expect = "no leave_by" }
case "the setting says how long"        { settings = { longest = "2h 30min" }, expect = "leave_by 2026-05-19 11:00" }
case "into 29 February"                 { now = "2028-02-28 09:00", expect = "leave_by 2028-02-29 09:00" }
case "out of 29 February"               { now = "2028-02-29 09:00", expect = "leave_by 2028-03-01 09:00" }
case "28 February of another year"      { now = "2027-02-28 09:00", expect = "leave_by 2027-03-01 09:00" }
case "into the new year"                { now = "2026-12-31 23:59", expect = "leave_by 2027-01-01 23:59" }

-- A day is 24 hours, also where the clocks change: what is left is the time that passes.
case "clocks go forward in that day"    { now = "2026-03-28 12:00", expect = "leave_by 2026-03-29 13:00" }
case "to the moment after the gap"      { now = "2026-03-28 02:00", expect = "leave_by 2026-03-29 03:00" }
case "clocks go back in that day"       { now = "2026-10-24 12:00", expect = "leave_by 2026-10-25 11:00" }
case "to 02:30, the first time"         { now = "2026-10-24 02:30", expect = "leave_by 2026-10-25 02:30 +02:00" }
case "to 02:30, the second time"        { now = "2026-10-24 03:30", expect = "leave_by 2026-10-25 02:30 +01:00" }

given { plate = "AB-12-CD", kind = "visitor", on = "session_stop", now = "2026-05-20 08:30" }
case "just in time"                     { stayed = "24h", expect = { "nothing", "no price" } }
case "a second too long"                { stayed = "24h 1s", expect = "price 25.00" }
case "a week too long costs the same"   { stayed = "8d", expect = "price 25.00" }
case "season tickets pay nothing"       { kind = "season", stayed = "8d", expect = "no price" }
case "another limit, another surcharge" { stayed = "2h 1s", settings = { longest = "2h", surcharge = "7.50" }, expect = "price 7.50" }
case "noon to noon, 25 hours"           { started = "2026-10-24 12:00", now = "2026-10-25 12:00", expect = "price 25.00" }
case "noon to one, 24 hours"            { started = "2026-03-28 12:00", now = "2026-03-29 13:00", expect = "no price" }
