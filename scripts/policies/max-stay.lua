policy { name = "max-stay", version = "1.0.0", order = 40,
  about = "Visitors are asked to leave within a day; who stayed longer pays a surcharge. Season tickets may stay." }

setting.longest = duration("24h", "Longest stay of a visitor")
setting.surcharge = money(25.00, "Surcharge for staying longer")

function on.session_start(visit)
  if visit.kind == "visitor" then require_leave_by(setting.longest) end
end

function on.session_stop(visit)
  if visit.kind == "visitor" and visit.stayed > setting.longest then
    charge(setting.surcharge, "Stayed longer than " .. setting.longest)
  end
end
