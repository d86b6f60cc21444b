---@meta ostler
-- What a policy and its spec may use, for editors with lua-language-server (in VS Code: the extension "Lua" by sumneko).
-- Nothing here runs. The guide is scripts/README.md; it is installed as /usr/share/ostler/policies.md.
---@diagnostic disable: missing-return, lowercase-global, unused-local, duplicate-set-field

-- ---- policy { } ----------------------------------------------------------------------------------------------------

---@alias ostler.Right
---| "override" # allow_always() may be said; the deployment grants it: ostler policy deploy FILE --grant override

---@alias ostler.Scope
---| "sessions:write" # start and stop sessions
---| "sessions:read" # read own sessions
---| "garages:read" # garages, doors, availability
---| "doors:open" # open a door of an own running session
---| "policies:read" # read policies
---| "policies:write" # deploy and roll back policies
---| "operations:read" # decisions, faults, audit, lists
---| "operations:write" # manual openings, occupancy, lists
---| "doors:maintain" # maintenance of doors

---@class ostler.Manifest
---@field name string Small letters, digits and hyphens, as in `"opening-hours"`. It cannot be changed later: another name is another policy.
---@field version? string For people, as in `"1.0.0"`. Ostler counts revisions by itself.
---@field order? integer Policies run by their order, the smaller first. Default 100.
---@field about? string One or two sentences: what the policy does. Consoles and lists show it.
---@field schedule? string Of `on.schedule`: `"every 15min"`, `"06:00"`, `"Mon-Fri 06:00"`, `"Sat,Sun 08:30"`, `"Mon every 1h"`.
---@field route? string Of `on.http`: `"/hello"` is served as `/fn/hello`.
---@field scopes? ostler.Scope[] Of `on.http`: a caller needs one of them. Without: everybody with a token may call.
---@field rights? ostler.Right[] What the policy asks for. The deployment grants it, or not.

---What the policy is called, and what it asks for. It stands first, once.
---```lua
---policy { name = "opening-hours", version = "1.0.0", order = 10,
---  about = "Visitors may enter only while the garage is open." }
---```
---@param manifest ostler.Manifest
function policy(manifest) end

-- ---- units ---------------------------------------------------------------------------------------------------------

---An amount of money, exact to the cent. Add, subtract and compare amounts; multiply one by a number.
---In a text it is written as `2.50`.
---@class ostler.Money
---@operator add(ostler.Money): ostler.Money
---@operator sub(ostler.Money): ostler.Money
---@operator mul(number): ostler.Money
---@operator concat(any): string

---A stretch of time. Add, subtract and compare durations; multiply one by a number.
---In a text it is written as `2 h 5 min`.
---@class ostler.Duration
---@field seconds integer All of it in whole seconds.
---@field minutes integer All of it in whole minutes.
---@field hours integer All of it in whole hours.
---@operator add(ostler.Duration): ostler.Duration
---@operator sub(ostler.Duration): ostler.Duration
---@operator mul(number): ostler.Duration
---@operator concat(any): string

---A moment, in the local time of the garage. A time less a time is a duration; a time and a duration is a time.
---In a text it is written as `2026-05-19 08:30`.
---@class ostler.Time
---@field year integer
---@field month integer 1 to 12
---@field day integer 1 to 31
---@field hour integer 0 to 23
---@field minute integer 0 to 59
---@field second integer 0 to 59
---@field weekday integer 1 is Monday, 7 is Sunday
---@operator add(ostler.Duration|string): ostler.Time
---@operator sub(ostler.Time): ostler.Duration
---@operator sub(ostler.Duration|string): ostler.Time
---@operator concat(any): string
local time = {}

---Is this moment within opening hours? Days and times as the clock on the wall shows them. The closing minute is closed.
---```lua
---if visit.now:within(setting.open) then ... end
---if visit.now:within("Mon-Fri 07:00-19:00") then ... end
---```
---@param hours ostler.Hours|string
---@return boolean
function time:within(hours) end

---Opening hours by weekday. Ask with `visit.now:within(hours)`.
---@class ostler.Hours
---@operator concat(any): string

---What a stay costs. Ask with `tariff:price(visit.stayed)`.
---@class ostler.Tariff
local tariff_value = {}

---The price of a stay: nothing within the free time; beyond it, each started step of the stay less the free time.
---@param stayed ostler.Duration|string
---@return ostler.Money
function tariff_value:price(stayed) end

---Plates and patterns of plates. Ask with `visit:plate_matches(plates)`.
---@class ostler.Plates
---@operator concat(any): string

---@class ostler.TariffParts
---@field rate ostler.Money The price of each started step.
---@field every ostler.Duration|string How long a step is: `"12min"`.
---@field free? ostler.Duration|string Free time at the beginning: `"10min"`.
---@field cap? ostler.Money No more than this within `per`.
---@field per? ostler.Duration|string The time that the cap is for: `"24h"`.

---An amount of money: `money(2.50)` is two euros fifty where the garage's currency is the euro. With a point, never a comma.
---@param amount number|ostler.Money At most two decimals.
---@param label? string Of a setting: what the form shows.
---@return ostler.Money
function money(amount, label) end

---A stretch of time: `duration("15min")`, `duration("1h 30min")`, `duration("7d")`. Units: s, min, h, d.
---@param length string|ostler.Duration
---@param label? string Of a setting: what the form shows.
---@return ostler.Duration
function duration(length, label) end

---Opening hours: `hours("Mon-Fri 07:00-23:00, Sat 08:00-01:00")`. Days in English: Mon Tue Wed Thu Fri Sat Sun; without days: every
---day. An end before the beginning is after midnight. `24:00` is the end of a day.
---@param times string|ostler.Hours
---@param label? string Of a setting: what the form shows.
---@return ostler.Hours
function hours(times, label) end

---What a stay costs.
---```lua
---tariff { free = "10min", rate = money(0.50), every = "12min", cap = money(18.00), per = "24h" }
---tariff({ rate = money(25.00), every = "24h" }, "Price of a day")    -- as a setting, with a label
---```
---@param parts ostler.TariffParts
---@param label? string Of a setting: what the form shows.
---@return ostler.Tariff
function tariff(parts, label) end

---Plates, or patterns of them: `#` is one digit, `?` any one character, `*` any run. Hyphens, spaces and case do not count.
---```lua
---setting.taxis = plates("TX-##-*, AB-12-CD", "Plates of taxis")
---```
---For more than a few, use a list: `visit:on_list("taxis")`.
---@param globs string|ostler.Plates
---@param label? string Of a setting: what the form shows.
---@return ostler.Plates
function plates(globs, label) end

---A setting that is a number: `setting.spots = number(5, "Spots that are kept")`. Elsewhere just write `5`.
---@param value number
---@param label? string What the form shows.
---@return number
function number(value, label) end

---A setting that is a text: `setting.greeting = text("Welcome", "Greeting")`. Elsewhere just write `"Welcome"`.
---@param value string
---@param label? string What the form shows.
---@return string
function text(value, label) end

---A setting that is true or false: `setting.strict = boolean(true, "Refuse at once")`. Elsewhere just write `true`.
---@param value boolean
---@param label? string What the form shows.
---@return boolean
function boolean(value, label) end

-- ---- settings ------------------------------------------------------------------------------------------------------

---The form of the policy. Make each setting once, at the top of the file; handlers read it.
---```lua
---setting.open = hours("Mon-Fri 06:00-23:00", "Opening hours for visitors")
---```
---@class ostler.Settings
setting = {}

-- ---- what handlers are given ---------------------------------------------------------------------------------------

---@alias ostler.Kind
---| "visitor" # on none of the lists below
---| "season" # on the list "season"
---| "booking" # on the list "booking"
---| "staff" # on the list "staff"

---@class ostler.Garage
---@field name string
---@field state "open"|"closed"|"suspended"
---@field free integer Free spots, before this car. Never below 0.
---@field capacity integer All spots.
---@field season_holders integer How many plates have a season ticket.
---@field season_inside integer How many of them are inside.

---One car that comes, stays or goes.
---@class ostler.Visit
---@field plate string Capital letters and digits, without hyphens: `"AB12CD"`. Compare with `visit:plate_matches("AB-12-CD")`.
---@field country? string Of the plate, where it is known, as in `"NL"`; else nil.
---@field kind ostler.Kind By the lists `season`, `booking` and `staff`.
---@field user string The partner's user id.
---@field partner string The id of the partner whose app this is.
---@field now ostler.Time Local time of the garage.
---@field entrance string The id of the entry door.
---@field garage ostler.Garage
---@field inside boolean This plate has a running session here.
---@field last_exit? ostler.Time When the exit last opened for this plate; nil: never.
---@field visits_today integer Sessions that this plate started here since midnight.
local visit = {}

---Is the plate or the user on this list? Put them there with `ostler list add NAME PLATE`.
---```lua
---if visit:on_list("blocked") then ... end
---```
---@param name string
---@return boolean
function visit:on_list(name) end

---Does the plate match? `#` is one digit, `?` any one character, `*` any run.
---```lua
---if visit:plate_matches("TX-##-*, AB-12-CD") then ... end
---if visit:plate_matches(setting.taxis) then ... end
---```
---@param globs string|ostler.Plates
---@return boolean
function visit:plate_matches(globs) end

---A car that wants to come in.
---@class ostler.StartVisit : ostler.Visit

---A car that leaves.
---@class ostler.StopVisit : ostler.Visit
---@field started ostler.Time When the session started.
---@field stayed ostler.Duration How long the car stayed.

---The app asks to open a door once more, or a door for people on foot. (The opening at a start or stop does not ask.)
---@class ostler.DoorRequest : ostler.Visit
---@field direction "in"|"out" Entry doors and doors for people on foot: `"in"`. Exit doors: `"out"`.
---@field session string The id of the session.
---@field door string The id of the door.
---@field openings integer How often this door was opened for the session so far.

---The garage, when somebody asks how many spots are free.
---@class ostler.Availability : ostler.Garage
---@field now ostler.Time Local time of the garage.

---Something happened at a door.
---@class ostler.DoorEvent
---@field door string The id of the door.
---@field kind "entry"|"exit"|"pedestrian"
---@field direction "in"|"out"
---@field happened "opened"|"closed"|"fault"|"recovered"
---@field fault? string Of `"fault"` and `"recovered"`: its code; else nil.
---@field cause? "session"|"manual"|"test"|"schedule"|"fire"|"request_to_exit"|"unexplained" Of `"opened"`: why; else nil.
---@field now ostler.Time Local time of the garage.
---@field garage ostler.Garage

---The time has come that `policy { schedule = ... }` says. Runs once for each garage.
---@class ostler.Clock
---@field now ostler.Time Local time of the garage.
---@field garage ostler.Garage

---A call of the policy's own address, `policy { route = "/hello" }`.
---@class ostler.Request
---@field method "GET"|"POST"
---@field query table<string, string> Of `/fn/hello?name=Ann`: `request.query.name` is `"Ann"`.
---@field body any The JSON of the call as texts, numbers and tables; nil: none.
---@field now ostler.Time Local time of the garage.
---@field partner string The id of the partner that calls.
---@field garage ostler.Garage The first garage of this device.

---When the policy is asked. Write one function for each moment that matters; each only once.
---```lua
---function on.session_start(visit)
---  if visit:on_list("blocked") then deny("blocked_plate", "Please ask the staff.") end
---end
---```
---@class ostler.Handlers
---@field session_start fun(visit: ostler.StartVisit) A car wants to come in. May say allow, deny, allow_always, require_leave_by, notify.
---@field session_stop fun(visit: ostler.StopVisit) A car leaves. May say charge, replace_price, notify.
---@field door_request fun(request: ostler.DoorRequest) An app asks to open a door. May say allow, deny, allow_always.
---@field availability fun(garage: ostler.Availability) Somebody asks how many spots are free. May say offer.
---@field door_event fun(event: ostler.DoorEvent) Something happened at a door. May say notify, raise.
---@field schedule fun(clock: ostler.Clock) At the times of `policy { schedule = ... }`. May say set_garage_state, notify.
---@field http fun(request: ostler.Request) A call of `policy { route = ... }`. May say respond.
on = {}

-- ---- verbs: they record what the policy says; the handler runs on -----------------------------------------------------

---Refuse, with a code for the app and a text for the driver. `return` is not needed, and decides nothing.
---
---In `on.session_start` and `on.door_request`. One deny is enough to refuse, whatever the others say.
---@param code string Small letters, digits and _, at most 40, as in `"outside_opening_hours"`.
---@param text? string What the driver reads.
function deny(code, text) end

---Say that this is allowed, for the log. Nobody's deny is taken back by it; where nobody says anything, it is allowed anyway.
---
---In `on.session_start` and `on.door_request`.
---@param why? string
function allow(why) end

---Allow, whatever the policies after this one say: they are not asked. It needs the right `override`:
---`policy { rights = { "override" } }`, and `ostler policy deploy FILE --grant override`.
---
---In `on.session_start` and `on.door_request`.
---@param why? string
function allow_always(why) end

---The car has to leave by then: a time, or a duration from now. Of several the earliest counts.
---
---In `on.session_start`.
---@param when ostler.Time|ostler.Duration|string
function require_leave_by(when) end

---Tell the staff. It goes to their event stream and upstream.
---
---In `on.session_start`, `on.session_stop`, `on.door_event` and `on.schedule`.
---@param text string
function notify(text) end

---Add a line to the price. Lines of all policies add up; a negative one is a discount.
---
---In `on.session_stop`.
---@param amount ostler.Money
---@param text? string What the line says on the bill; without: the policy's name.
function charge(amount, text) end

---Replace all lines before by this one: also those of policies with a smaller order.
---
---In `on.session_stop`.
---@param amount ostler.Money
---@param text? string What the line says on the bill; without: the policy's name.
function replace_price(amount, text) end

---Show so many free spots. Of several policies the smallest counts; below 0 is 0.
---
---In `on.availability`.
---@param spots integer Whole spots: `garage.free - 5`.
function offer(spots) end

---Something about a door that the staff should look at: it becomes a fault on their list.
---
---In `on.door_event`.
---@param code string Small letters, digits and _, as in `"open_at_night"`.
---@param text? string
function raise(code, text) end

---Open or close the garage for new cars. Cars always get out.
---
---In `on.schedule`.
---@param state "open"|"closed"|"suspended"
---@param reason? string
function set_garage_state(state, reason) end

---Answer a call with JSON: `respond { hello = "world" }`, or `respond(404, { error = "nothing here" })`.
---
---In `on.http`.
---@overload fun(body: table)
---@param status integer 200 to 599
---@param body? table
function respond(status, body) end

-- ---- specs: NAME_spec.lua ---------------------------------------------------------------------------------------------

---@class ostler.SpecGarage
---@field name? string
---@field state? "open"|"closed"|"suspended"
---@field free? integer
---@field capacity? integer
---@field season_holders? integer
---@field season_inside? integer
---@field currency? string As in `"EUR"`.

---@alias ostler.Trigger
---| "session_start"
---| "session_stop"
---| "door_request"
---| "availability"
---| "door_event"
---| "schedule"
---| "http"

---What happens, as the policy is told of it. What is left out has a harmless value.
---@class ostler.Given
---@field on? ostler.Trigger Which handler is asked. Default: the only one that the policy has, else `"session_start"`.
---@field now? string `"2026-05-19 08:30"`, local time; with `" +01:00"` behind it where the clock shows it twice.
---@field settings? table<string, any> Values other than the policy's own: `{ open = "Mon-Fri 08:00-18:00", price = "2.50" }`.
---@field zone? string Time zone; default `"Europe/Amsterdam"`.
---@field rights? ostler.Right[] What the deployment grants; default none.
---@field plate? string
---@field country? string
---@field kind? ostler.Kind Default `"visitor"`.
---@field user? string
---@field partner? string
---@field entrance? string
---@field inside? boolean
---@field last_exit? string A time as `now`.
---@field visits_today? integer
---@field lists? string[] The lists that plate or user are on: `{ "blocked" }`.
---@field garage? ostler.SpecGarage
---@field started? string session_stop: a time as `now`.
---@field stayed? string session_stop: `"2h 5min"`. Either this or `started`.
---@field direction? "in"|"out" door_request, door_event
---@field session? string door_request
---@field door? string door_request, door_event
---@field openings? integer door_request
---@field happened? "opened"|"closed"|"fault"|"recovered" door_event
---@field fault? string door_event
---@field cause? string door_event
---@field method? "GET"|"POST" http
---@field query? table<string, string> http
---@field body? any http

---@alias ostler.Expected
---| "allow" # it is allowed
---| "nothing" # the policy says nothing at all
---| "no price"
---| "no leave_by"
---| "no offer"
---| "notify"
---| string # "deny CODE", "price 12.50", "leave_by 2026-05-20 08:30", "offer 5", "notify TEXT", "raise CODE", "state closed", "status 200", "body {json}", "broken CODE"

---@class ostler.Case : ostler.Given
---@field expect ostler.Expected|ostler.Expected[] What has to come of it; of several, all.

---What is tested: the name of the policy. It stands first.
---@param name string
function test(name) end

---What holds for the cases after it, where they say nothing else. A later `given` replaces it.
---@param values ostler.Given
function given(values) end

---One case: `case "at closing time" { now = "2026-05-19 23:00", expect = "deny outside_opening_hours" }`
---@param name string
---@return fun(case: ostler.Case)
function case(name) end

-- ---- the part of Lua that policies have -------------------------------------------------------------------------------

---Stop with this text unless the value is true. At the top of a file: the policy is not deployed. In a handler: it is broken.
---@generic T
---@param value T
---@param text? string
---@return T
function assert(value, text) end

---Stop with this text. In a handler the policy is then broken: to refuse a car, use deny().
---@param text string
function error(text) end

---Each value of a list, with its number: `for number, value in ipairs(list) do ... end`
---@generic T
---@param list T[]
---@return fun(list: T[], number: integer): integer, T
---@return T[]
---@return integer
function ipairs(list) end

---Each name and value of a table, sorted by name: `for name, value in pairs(table) do ... end`
---@generic K, V
---@param t table<K, V>
---@return fun(t: table<K, V>, key?: K): K, V
---@return table<K, V>
---@return nil
function pairs(t) end

---@param n integer|"#"
---@return any
function select(n, ...) end

---A text as a number; nil where it is none.
---@param value any
---@param base? integer
---@return number?
function tonumber(value, base) end

---Any value as a text: times, durations and money as people write them.
---@param value any
---@return string
function tostring(value) end

---@param value any
---@return "nil"|"number"|"string"|"boolean"|"table"|"function"|"userdata"
function type(value) end

---@class stringlib
string = {}
---@return integer ...
function string.byte(s, i, j) end
---@return string
function string.char(...) end
---Where a text is in another: `s:find("cat", 1, true)`; true: as it is written, and not as a pattern.
---@param s string
---@param pattern string
---@param from? integer
---@param plain? boolean
---@return integer? first
---@return integer? last
function string.find(s, pattern, from, plain) end
---`string.format("%d of %s", 3, name)`. Known: %s %d %x %f %g %%
---@param form string
---@return string
function string.format(form, ...) end
---@param s string
---@param pattern string
---@param replacement string|table|function
---@param count? integer
---@return string
---@return integer
function string.gsub(s, pattern, replacement, count) end
---@param s string
---@return integer
function string.len(s) end
---@param s string
---@return string
function string.lower(s) end
---@param s string
---@param pattern string
---@param from? integer
---@return string? ...
function string.match(s, pattern, from) end
---@param s string
---@param count integer
---@param between? string
---@return string
function string.rep(s, count, between) end
---@param s string
---@return string
function string.reverse(s) end
---@param s string
---@param first integer
---@param last? integer
---@return string
function string.sub(s, first, last) end
---@param s string
---@return string
function string.upper(s) end

---@class tablelib
table = {}
---@param list table
---@param between? string
---@param first? integer
---@param last? integer
---@return string
function table.concat(list, between, first, last) end
---@overload fun(list: table, value: any)
---@param list table
---@param at integer
---@param value any
function table.insert(list, at, value) end
---@param list table
---@param at? integer
---@return any
function table.remove(list, at) end
---@generic T
---@param list T[]
---@param before? fun(a: T, b: T): boolean
function table.sort(list, before) end

---@class mathlib
---@field huge number
---@field pi number
---@field maxinteger integer
---@field mininteger integer
math = {}
---@return number
function math.abs(x) end
---The whole number above.
---@param x number
---@return integer
function math.ceil(x) end
---The whole number below.
---@param x number
---@return integer
function math.floor(x) end
---@return number
function math.fmod(x, y) end
---@param x number
---@return number
function math.max(x, ...) end
---@param x number
---@return number
function math.min(x, ...) end
---@return integer whole
---@return number rest
function math.modf(x) end
---The same for the same visit: a decision can be replayed.
---@overload fun(): number
---@param low integer
---@param high? integer
---@return integer
function math.random(low, high) end
---@return number
function math.sqrt(x) end
---@return integer?
function math.tointeger(x) end
---@return "integer"|"float"|nil
function math.type(x) end
