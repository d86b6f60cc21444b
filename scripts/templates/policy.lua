policy { name = "NAME", version = "1.0.0", order = 100,
  about = "Say here in one sentence what this rule does." }

-- A setting is a field in a form. Its value can be changed later, without touching this file.
setting.open = hours("Mon-Sun 06:00-23:00", "Visitors may enter at these hours")

-- Asked for each car that wants to come in. What follows two hyphens is a comment: it is for people.
function on.session_start(visit)
  if visit.kind == "visitor" and not visit.now:within(setting.open) then
    deny("closed_now", "Visitors may enter at these hours: " .. setting.open)
  end
end
