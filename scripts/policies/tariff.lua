policy { name = "tariff", version = "3.2.0", order = 50,
  about = "10 minutes free, then 0.50 per started 12 minutes, at most 18.00 in 24 hours. Season tickets park free." }

local day_rate = tariff { free = "10min", rate = money(0.50), every = "12min", cap = money(18.00), per = "24h" }

function on.session_stop(visit)
  if visit.kind ~= "season" then
    charge(day_rate:price(visit.stayed), "Parking " .. visit.stayed)
  end
end
