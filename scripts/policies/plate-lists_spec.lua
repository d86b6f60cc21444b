test "plate-lists"

given { plate = "AB-12-CD", user = "u-123", now = "2026-05-19 08:30" }
case "on no list"                    { expect = "nothing" }
case "on the list"                   { lists = { "blocked" }, expect = "deny user_blacklisted" }
case "on this list and others"       { lists = { "season", "blocked" }, expect = "deny user_blacklisted" }
case "on other lists only"           { lists = { "season", "staff" }, expect = "nothing" }
case "a list with a longer name"     { lists = { "blocked-2025" }, expect = "nothing" }
case "season tickets can be blocked" { kind = "season", lists = { "blocked" }, expect = "deny user_blacklisted" }
