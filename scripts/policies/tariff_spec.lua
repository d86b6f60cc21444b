test "tariff"

given { plate = "AB-12-CD", kind = "visitor", now = "2026-05-19 12:00" }
case "in and out again"                 { stayed = "0s", expect = "price 0.00" }
case "the last free second"             { stayed = "10min", expect = "price 0.00" }
case "a second more: one step"          { stayed = "10min 1s", expect = "price 0.50" }
case "the end of the first step"        { stayed = "22min", expect = "price 0.50" }
case "the second step"                  { stayed = "22min 1s", expect = "price 1.00" }
case "two hours"                        { stayed = "2h", expect = "price 5.00" }
case "a step below the cap"             { stayed = "7h 10min", expect = "price 17.50" }
case "the cap"                          { stayed = "7h 10min 1s", expect = "price 18.00" }
case "no more than the cap"             { stayed = "20h", expect = "price 18.00" }
case "a day and the free time"          { stayed = "24h 10min", expect = "price 18.00" }
case "the second day begins"            { stayed = "24h 10min 1s", expect = "price 18.50" }
case "two days and the free time"       { stayed = "48h 10min", expect = "price 36.00" }
case "thirty days and the free time"    { stayed = "720h 10min", expect = "price 540.00" }

case "season tickets park free"         { kind = "season", stayed = "20h", expect = { "nothing", "no price" } }
case "bookings pay"                     { kind = "booking", stayed = "2h", expect = "price 5.00" }
case "staff pay"                        { kind = "staff", stayed = "2h", expect = "price 5.00" }

-- What counts is the time that passed, and not what the clock on the wall says.
given { kind = "visitor" }
case "midnight to four, any night"             { started = "2026-05-19 00:00", now = "2026-05-19 04:00", expect = "price 10.00" }
case "the night with an hour less"             { started = "2026-03-29 00:00", now = "2026-03-29 04:00", expect = "price 7.50" }
case "over the gap: two minutes, free"         { started = "2026-03-29 01:59", now = "2026-03-29 03:01", expect = "price 0.00" }
case "the night with an hour more"             { started = "2026-10-25 00:00", now = "2026-10-25 04:00", expect = "price 12.50" }
case "02:30 to 02:30, an hour later"           { started = "2026-10-25 02:30 +02:00", now = "2026-10-25 02:30 +01:00", expect = "price 2.50" }
case "a day of 25 hours from noon to noon"     { started = "2026-10-24 12:00", now = "2026-10-25 12:00", expect = "price 20.50" }
case "a day of 23 hours from noon to noon"     { started = "2026-03-28 12:00", now = "2026-03-29 12:00", expect = "price 18.00" }
case "28 February to 1 March of a leap year"   { started = "2028-02-28 12:00", now = "2028-03-01 12:00", expect = "price 36.00" }
case "28 February to 1 March of another year"  { started = "2027-02-28 12:00", now = "2027-03-01 12:00", expect = "price 18.00" }
case "over midnight"                           { started = "2026-05-19 23:45", now = "2026-05-20 00:15", expect = "price 1.00" }
case "over New Year's Eve"                     { started = "2026-12-31 23:00", now = "2027-01-01 01:00", expect = "price 5.00" }
