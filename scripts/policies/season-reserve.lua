policy { name = "season-reserve", version = "1.0.0", order = 30,
  about = "Keeps spots for season ticket holders who are not inside. Visitors get what is left." }

setting.share = number(100, "Percent of the season ticket holders outside that a spot is kept for")
setting.most = number(1000, "Never keep more spots than this")
setting.times = hours("Mon-Sun 00:00-24:00", "When spots are kept")

-- How many spots are kept now.
local function kept(garage, now)
  if not now:within(setting.times) then return 0 end
  local outside = math.max(garage.season_holders - garage.season_inside, 0)
  local spots = math.min(outside * setting.share / 100, setting.most)
  return math.ceil(spots)
end

function on.availability(garage)
  offer(garage.free - kept(garage, garage.now))
end

function on.session_start(visit)
  if visit.kind == "visitor" and visit.garage.free <= kept(visit.garage, visit.now) then
    deny("reserved_for_season_tickets", "The last free spots are kept for season tickets.")
  end
end
