policy { name = "plate-lists", version = "1.0.0", order = 5,
  about = "Plates and users on the list 'blocked' may not enter. Put them there with: ostler list add blocked AB-123-C" }

function on.session_start(visit)
  if visit:on_list("blocked") then
    deny("user_blacklisted", "This plate or user may not park here. Please ask the staff.")
  end
end
