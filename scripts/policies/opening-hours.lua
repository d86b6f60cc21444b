policy { name = "opening-hours", version = "1.0.0", order = 10,
  about = "Visitors may enter only while the garage is open. Season tickets enter at any time." }

setting.open = hours("Mon-Fri 06:00-23:00, Sat 08:00-01:00, Sun 10:00-22:00", "Opening hours for visitors")

function on.session_start(visit)
  if visit.kind == "season" then return end            -- no opinion
  if not visit.now:within(setting.open) then
    deny("outside_opening_hours", "We are closed. Opening hours: " .. setting.open)
  end
end
