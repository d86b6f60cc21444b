policy { name = "pedestrian-door", version = "1.0.0", order = 20,
  about = "The doors for people on foot open by the app only at the hours below." }

setting.open = hours("Mon-Sun 05:00-24:00", "Hours of the doors for people on foot")

function on.door_request(request)
  if request.direction == "in" and request.door ~= request.entrance and not request.now:within(setting.open) then
    deny("door_closed_at_night", "This door opens by the app at these hours: " .. setting.open)
  end
end
