/* What is found in a policy's text before it runs, and what is not: a policy that would run is never refused. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/policy_fixture.h"

static void a_field_of_another_trigger_is_found_when_the_policy_is_loaded(void **state)
{
    (void)state;
    assert_problem(HEAD "function on.session_start(visit)\n local x = visit.stayed end",
                   "visit has no field 'stayed' in on.session_start; it is there in on.session_stop", 3);
    assert_problem(HEAD "function on.session_start(visit)\n if visit.direction == 'in' then deny('x') end end",
                   "visit has no field 'direction' in on.session_start; it is there in on.door_request", 3);
    assert_problem(STOP("local d = visit.door"), "visit has no field 'door' in on.session_stop", 2);
    assert_problem(DOOR("local d = request.stayed"), "request has no field 'stayed' in on.door_request", 2);
    assert_problem(HEAD "on.session_start = function(v) local x = v.openings end", "v has no field 'openings' in on.session_start", 2);
    assert_problem(START("local n = visit.garage.fre"), "the garage has no field 'fre'; did you mean 'free'?", 2);
    assert_problem(STOP("local s = visit.stayde"), "did you mean 'stayed'?", 2);
    assert_problem(START("if visit:on_lst('x') then allow() end"), "did you mean 'on_list'?", 2);
}

/* Where the text hides it, the run finds it. */
static void a_field_of_another_trigger_breaks_the_policy_that_reads_it(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct decision decision = decide_with(HEAD "local function f(v) return v.stayed end function on.session_start(visit)\nf(visit) end",
                                           TRIGGER_SESSION_START, &visit);

    (void)state;
    assert_int_equal(decision.outcome, DECISION_BROKEN);
    assert_string_equal(decision.reasons[0].text, "visit has no field 'stayed' in on.session_start; it is there in on.session_stop");
    assert_int_equal(decision.reasons[0].line, 2);
    decision = decide_with(STOP("local v = visit charge(money(1), v['direction'])"), TRIGGER_SESSION_STOP, &visit);
    assert_true(decision_has_broken(&decision));
    assert_false(decision.price.is_set);
}

static void each_trigger_has_its_own_fields(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");

    (void)state;
    visit.started_ms = visit.now_ms - 60000;
    visit.stayed_ms = 60000;
    strcpy(visit.door_id, "exit-1");
    visit.direction = DIRECTION_OUT;
    visit.openings = 2;
    assert_int_equal(decide_with(STOP("if visit.now - visit.started ~= visit.stayed then error('differs') end charge(money(1))"),
                                 TRIGGER_SESSION_STOP, &visit).price.amount, 100);
    assert_int_equal(decide_with(DOOR("if request.direction .. request.door .. request.openings ~= 'outexit-12' then deny('x') end"),
                                 TRIGGER_DOOR_REQUEST, &visit).outcome, DECISION_ALLOWED);
}

static void a_misspelt_setting_is_found_with_a_suggestion(void **state)
{
    static const char made[] = HEAD "setting.open = hours('06:00-23:00', 'Open')\n";
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    char text[400];
    struct decision decision;

    (void)state;
    snprintf(text, sizeof(text), "%sfunction on.session_start(visit)\n local o = setting.opne end", made);
    assert_problem(text, "there is no setting 'opne'; did you mean 'open'?", 4);
    snprintf(text, sizeof(text), "%sfunction on.session_start(visit)\n if visit.now:within(setting.opne) then deny('x') end end", made);
    assert_problem(text, "there is no setting 'opne'; did you mean 'open'?", 4);
    assert_problem(START("local o = setting.open"), "there is no setting 'open'", 2);
    snprintf(text, sizeof(text), "%slocal s = setting function on.session_start(visit)\n local o = s.opne end", made);
    decision = decide_with(text, TRIGGER_SESSION_START, &visit);
    assert_string_equal(decision.reasons[0].text, "there is no setting 'opne'; did you mean 'open'?");
    assert_int_equal(decision.reasons[0].line, 4);
}

static void a_setting_without_its_type_says_how_it_is_written(void **state)
{
    (void)state;
    assert_problem(HEAD "\nsetting.x = 5 function on.session_start(visit) end", "setting.x = number(5, \"label\")", 3);
    assert_problem(HEAD "setting.x = 'hello' function on.session_start(visit) end", "setting.x = text(\"hello\", \"label\")", 2);
    assert_problem(HEAD "setting.x = true function on.session_start(visit) end", "setting.x = boolean(true, \"label\")", 2);
    assert_problem(HEAD "setting.x = {} function on.session_start(visit) end", "a setting is written as setting.x = hours(\"...\", \"label\")", 2);
    assert_problem(HEAD "setting.x = number('5') function on.session_start(visit) end", "number expected, got string", 2);
}

static void settings_of_every_type_are_read_as_plain_values(void **state)
{
    static const char text[] = HEAD "setting.n = number(5, 'n') setting.t = text('hi', 't') setting.b = boolean(false, 'b')\n"
        "setting.m = money(1.25, 'm') setting.d = duration('1h', 'd') setting.h = hours('06:00-23:00', 'h')\n"
        "setting.a, setting.z = number(1), number(2)\n"
        "function on.session_stop(visit) if setting.n + 1 ~= 6 or setting.t .. '!' ~= 'hi!' or setting.b ~= false or setting.z ~= 2 then error('wrong') end\n"
        "charge(setting.m, setting.d .. ', ' .. setting.h .. setting.a) end";
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");
    struct decision decision = decide_with(text, TRIGGER_SESSION_STOP, &visit);

    (void)state;
    assert_int_equal(decision.price.amount, 125);
    assert_string_equal(decision.price.lines[0].text, "1 h, 06:00-23:001");
}

static void a_verb_in_the_wrong_trigger_is_found(void **state)
{
    (void)state;
    assert_problem(HEAD "function on.session_start(visit)\n\n charge(money(1), 'x') end", "charge cannot be said in on.session_start; it belongs in on.session_stop", 4);
    assert_problem(STOP("deny 'x'"), "deny cannot be said in on.session_stop; it belongs in on.session_start or on.door_request", 2);
    assert_problem(DOOR("require_leave_by('1h')"), "require_leave_by cannot be said in on.door_request", 2);
    assert_problem(STOP("if visit.kind == 'staff' then allow() end"), "allow cannot be said in on.session_stop", 2);
}

static void a_code_that_is_not_the_policys_to_use_is_found(void **state)
{
    (void)state;
    assert_problem(HEAD "function on.session_start(visit)\n deny('garage_full', 'x') end", "the code garage_full is Ostler's own", 3);
    assert_problem(DOOR("deny \"door_not_allowed\""), "the code door_not_allowed is Ostler's own", 2);
    assert_problem(START("deny([[rate_limited]])"), "the code rate_limited is Ostler's own", 2);
    assert_problem(START("deny('Too Late', 'x')"), "a code has small letters", 2);
}

static void a_second_handler_of_a_trigger_is_an_error(void **state)
{
    (void)state;
    assert_problem(HEAD "function on.session_start(visit) end\nfunction on.session_start(visit) end", "there are two handlers on.session_start; write what they do into one", 3);
    assert_problem(HEAD "on.session_stop = 5", "a handler is written as function on.session_stop(visit) ... end", 2);
}

/* Odd, but they run: each loads without a word, and does what it says. */
static void odd_policies_that_run_are_not_refused(void **state)
{
    static const char *const odd[] = {
        START("local function f(visit) return visit.anything end f({anything = 1})"),
        START("visit = {stayed = 1} local x = visit.stayed"),
        START("local visit = {door = 1} local x = visit.door"),
        START("for _, visit in ipairs({{door = 1}}) do local x = visit.door end"),
        START("local x, y visit, x = {door = 1}, 2 y = visit.door"),
        HEAD "local function f(visit) return visit.whatever end function on.session_start(visit) f({}) end",
        HEAD "local t = {garage = {whatever = 1}} function on.session_start(visit) local x = t.garage.whatever end",
        HEAD "local t = {visit = {stayed = 1}} function on.session_start(visit) local x = t.visit.stayed end",
        HEAD "local t = {} function t:m() return self.x end function t.f(a, ...) return a, ... end function on.session_start(visit) t:m() t.f(1, 2) end",
        HEAD "local x local function f(y) return y end function on.session_start(visit) x = f(1) end",
        HEAD "local a <const>, b <close> = 1, nil function on.session_start(visit) local c = a end",
        HEAD "local deny = function() end function on.session_stop(visit) deny('garage_full') end",
        HEAD "local say = {charge = function() end} function on.session_start(visit) say.charge(1) local t = {charge = 1, deny = 2} end",
        START("local later = charge local both = {deny, charge}"),
        START("if visit.garage.free < 0 then deny('garage_full' .. '_today', 'x') end"),
        START("if visit.garage.free < 0 then deny('garage\\x5ffull_', 'x') end"),
        START("for i = 1, 3 do for j = 1, 3 do if j == 2 then goto continue end ::continue:: end end"),
        START("do goto done end local x ::done::"),
        START("local s = [==[ ]] 'unknown' ]=] deny(unknown) ]==] local t = s"),
        START("local s = 'a\\z\n    b unknown' .. \"it's \\\" unknown\" .. 'x\\\nunknown'"),
        START("--[[ unknown\n charge() ]] --[==[ ]] unknown ]==]\n-- charge(unknown)\nlocal x = 1"),
        START("local x = 0x1p+4 + 1e-3 + .5 + 3. + 0xA.8p-1 local y = 1 .. 2"),
        START("local x = visit.plate:sub(1, 2):lower():upper() local n = #visit.plate // 2 << 1 ~ 3"),
        START("local t = {x = 1, ['y'] = 2; z = {w = 3}, 4} local u = t.x == 1 and t.z.w ~= 2"),
        START("local _ENV = {foo = 1} local x = foo foo = 2"),
        START("local function f(...) local a, b = ... return select('#', ...), a, b end f(1, 2)"),
        START("local a = function() return 1 end local b = (function(x) return x end)(a)"),
        START("repeat local done = true until done while false do end"),
        START("local v = visit local p = v.plate, v.kind, v['now']"),
        START("local name = 'plate' local p = visit[name]"),
        HEAD "local s = setting s.limit = number(3, 'x') function on.session_start(visit) local x = setting.limit end",
        HEAD "for _, n in ipairs({'a', 'b'}) do setting[n] = number(1, n) end function on.session_start(visit) local x = setting.a + setting.b end",
        HEAD "local setting = {} function on.session_start(visit) local x = setting.anything end",
        HEAD "setting.a, setting.b = number(1), number(2) function on.session_start(visit) local x = setting.a + setting.b end",
        HEAD "local h = function(v) return v.plate end on.session_start = h on.session_stop = h",
        HEAD "on['session_start'] = function(visit) end",
        HEAD "function on.session_start() end function on.session_stop(_) end function on.door_request(...) end",
        HEAD "function on.session_start(visit) local stop = function(other) return other.stayed end end function on.session_stop(visit) charge(money(0), visit.stayed .. '') end",
        "policy { name = 'odd', about = [[\nline]], }\r\nfunction on.session_start(visit)\r\n  local x = visit.plate\r\nend\r\n",
        "-- first\n;;;policy{name='odd'};function on.session_start(visit);;;end;",
    };
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");

    (void)state;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct decision decision = decide_with(odd[i], TRIGGER_SESSION_START, &visit);

        if (decision.outcome != DECISION_ALLOWED || decision_has_broken(&decision))
            fail_msg("%s: %s", odd[i], decision.reasons[0].text);
    }
}

/* What people write who know another language, or none. */
static void syntax_errors_say_what_to_write(void **state)
{
    (void)state;
    assert_problem(START("if visit.kind != 'season' then end"), "'not equal' is written ~=", 2);
    assert_problem(START("if visit.inside && visit.inside then end"), "write 'and' for &&", 2);
    assert_problem(START("if visit.kind = 'season' then end"), "two values are compared with ==", 2);
    assert_problem(START("if visit.inside deny('x') end"), "an if ends its condition with 'then'", 2);
    assert_problem(START("local n = 1 n += 1"), "write x = x + 1 in full", 2);
    assert_problem(START("deny(\xe2\x80\x9c" "closed\xe2\x80\x9d)"), "write straight quotes", 2);
    assert_problem(START("deny('closed)"), "with the quote that it began with", 2);
    assert_problem(START("if visit.inside then deny('x') else if visit.inside then deny('y') end"), "'elseif'", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(syntax_errors_say_what_to_write), T(a_field_of_another_trigger_is_found_when_the_policy_is_loaded), T(a_field_of_another_trigger_breaks_the_policy_that_reads_it),
        T(each_trigger_has_its_own_fields), T(a_misspelt_setting_is_found_with_a_suggestion),
        T(a_setting_without_its_type_says_how_it_is_written), T(settings_of_every_type_are_read_as_plain_values),
        T(a_verb_in_the_wrong_trigger_is_found), T(a_code_that_is_not_the_policys_to_use_is_found),
        T(a_second_handler_of_a_trigger_is_an_error), T(odd_policies_that_run_are_not_refused),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
