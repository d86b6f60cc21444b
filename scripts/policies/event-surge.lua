policy { name = "event-surge", version = "1.0.0", order = 60,
  about = "Visitors who come for an event pay a surcharge, or another rate. Without a date it does nothing." }

setting.dates = text("", "Dates of the events, as in 2026-07-04, 2026-12-31")
setting.arrival = hours("17:00-02:00", "Who comes at these hours comes for the event")
setting.rate = tariff({ rate = money(10.00), every = "24h" }, "What a visitor of the event pays")
setting.instead = boolean(false, "Instead of the tariff; else on top of it")
setting.exempt = plates("", "Plates that do not pay it, as in TX-##-*, AB-12-CD")

-- A date that is written in another way would never be found: say so when the policy is deployed.
local rest = setting.dates:gsub("%d%d%d%d%-%d%d%-%d%d", "")
assert(not rest:find("[^, ]"), "the setting 'dates' is written as 2026-07-04, 2026-12-31")

-- The date of an evening: what comes after midnight still belongs to the day before.
local function evening(time)
  if time.hour < 6 then time = time - "12h" end
  return tostring(time):sub(1, 10)
end

function on.session_stop(visit)
  if visit.kind ~= "visitor" or visit:plate_matches(setting.exempt) then return end
  local date = evening(visit.started)
  if setting.dates:find(date, 1, true) and visit.started:within(setting.arrival) then
    local price = setting.rate:price(visit.stayed)
    if setting.instead then
      replace_price(price, "Event on " .. date)
    else
      charge(price, "Event on " .. date)
    end
  end
end
