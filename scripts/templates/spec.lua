test "NAME"

-- What holds for all cases below, where a case says nothing else. 19 May 2026 is a Tuesday.
given { plate = "AB-12-CD", kind = "visitor", now = "2026-05-19 08:30" }

case "visitor in the morning"   { expect = "allow" }
case "a minute before closing"  { now = "2026-05-19 22:59", expect = "allow" }
case "at closing time"          { now = "2026-05-19 23:00", expect = "deny closed_now" }
case "season ticket at night"   { now = "2026-05-19 02:00", kind = "season", expect = "nothing" }
