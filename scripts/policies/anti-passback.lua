policy { name = "anti-passback", version = "1.0.0", order = 15,
  about = "A season ticket that just left may not come back at once: it could have been handed through the fence." }

setting.pause = duration("3min", "Time between leaving and coming back")

function on.session_start(visit)
  if visit.kind ~= "season" then return end
  if visit.inside then
    deny("already_inside", "This season ticket is inside already.")
  elseif visit.last_exit and visit.now - visit.last_exit < setting.pause then
    deny("left_just_now", "This season ticket just left. Please wait " .. setting.pause .. ".")
  end
end
