test "event-surge"

-- A concert on Saturday 4 July, from 17:00 on; two hours of parking.
given { plate = "AB-12-CD", kind = "visitor", stayed = "2h", now = "2026-07-04 21:00", settings = { dates = "2026-07-04, 2026-12-31" } }
case "visitor of the concert"              { expect = "price 10.00" }
case "season tickets pay nothing more"     { kind = "season", expect = { "nothing", "no price" } }
case "no events, nothing to pay"           { settings = { dates = "" }, expect = "nothing" }
case "the day before"                      { now = "2026-07-03 21:00", expect = "nothing" }
case "the band's own van"                  { plate = "TX-12-AB", settings = { dates = "2026-07-04", exempt = "TX-##-*" }, expect = "nothing" }
case "another rate"                        { settings = { dates = "2026-07-04", rate = { rate = "4.00", every = "1h", cap = "15.00", per = "24h" } }, expect = "price 8.00" }
case "instead of the tariff"               { settings = { dates = "2026-07-04", instead = true }, expect = "price 10.00" }
case "a date that nobody can read"         { settings = { dates = "4 July" }, expect = "broken not_loaded" }

-- Who came at the hours of the event pays, however late it leaves.
given { kind = "visitor", settings = { dates = "2026-07-04, 2026-12-31, 2028-02-29, 2026-03-28, 2026-10-24" } }
case "came a second too early"             { started = "2026-07-04 16:59:59", now = "2026-07-04 23:00", expect = "nothing" }
case "came when the hours begin"           { started = "2026-07-04 17:00", now = "2026-07-04 23:00", expect = "price 10.00" }
case "came after midnight, same evening"   { started = "2026-07-05 01:59", now = "2026-07-05 04:00", expect = "price 10.00" }
case "came when the hours end"             { started = "2026-07-05 02:00", now = "2026-07-05 04:00", expect = "nothing" }
case "05:59 is the evening before"         { started = "2026-07-05 05:59", now = "2026-07-05 08:00", settings = { dates = "2026-07-04", arrival = "00:00-24:00" }, expect = "price 10.00" }
case "06:00 is a new day"                  { started = "2026-07-05 06:00", now = "2026-07-05 08:00", settings = { dates = "2026-07-04", arrival = "00:00-24:00" }, expect = "nothing" }
case "early on the date: evening before"   { started = "2026-07-04 01:00", now = "2026-07-04 04:00", expect = "nothing" }
case "stays for 24 hours"                  { started = "2026-07-04 18:00", now = "2026-07-05 18:00", expect = "price 10.00" }
case "stays for a second day"              { started = "2026-07-04 18:00", now = "2026-07-05 18:00:01", expect = "price 20.00" }
case "New Year's Eve, before midnight"     { started = "2026-12-31 23:59", now = "2027-01-01 03:00", expect = "price 10.00" }
case "New Year's Eve, after midnight"      { started = "2027-01-01 00:30", now = "2027-01-01 03:00", expect = "price 10.00" }
case "the evening of New Year's Day"       { started = "2027-01-01 18:00", now = "2027-01-01 23:00", expect = "nothing" }
case "29 February"                         { started = "2028-02-29 18:00", now = "2028-02-29 23:00", expect = "price 10.00" }
case "29 February, after midnight"         { started = "2028-03-01 00:30", now = "2028-03-01 03:00", expect = "price 10.00" }
case "clocks go forward in that night"     { started = "2026-03-29 01:59", now = "2026-03-29 03:01", expect = "price 10.00" }
case "after the gap the hours are over"    { started = "2026-03-29 03:00", now = "2026-03-29 05:00", expect = "nothing" }
case "clocks go back in that night"        { started = "2026-10-25 01:59", now = "2026-10-25 02:30 +01:00", expect = "price 10.00" }
case "02:00 is too late, the first time"   { started = "2026-10-25 02:00 +02:00", now = "2026-10-25 04:00", expect = "nothing" }
case "02:00 is too late, the second time"  { started = "2026-10-25 02:00 +01:00", now = "2026-10-25 04:00", expect = "nothing" }
