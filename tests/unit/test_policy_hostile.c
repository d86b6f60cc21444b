/* Policies that mean harm: each ends in time, is denied or harmless, and the next call of another policy is right. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/unit/policy_fixture.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CPU_MAX_MS 1000 /* sanitizers slow everything down, and so another limit may be the first to be met */
#define LIMITS_ARE_EXACT false
#else
#define LIMITS_ARE_EXACT true
#define CPU_MAX_MS 55   /* the limit of 5 ms, and the 50 ms within which what overran it is stopped */
#endif

#define BIG "local function big(c) return (c):rep(60000) end "
/* Keys that meet in one place of a table of 2^bits places, for the modulus 2^bits - 1. */
#define COLLIDE(count, modulus) "for i = 1, " #count " do t[i * " #modulus "] = true end "

struct hostile {
    const char *name;
    const char *text;
    const char *code; /* how it ends; NULL: harmless, and allowed */
};

static const struct hostile cpu[] = {
    {"while", START("while true do end"), "cpu_limit"},
    {"repeat", START("repeat until false"), "cpu_limit"},
    {"numeric for", START("for i = 1, math.maxinteger do end"), "cpu_limit"},
    {"for by a float step", START("for i = 1, 1e18, 0.5 do end"), "cpu_limit"},
    {"goto", START("::a:: goto a"), "cpu_limit"},
    {"tail calls", START("local function f() return f() end f()"), "cpu_limit"},
    {"in a comparator", START("table.sort({3,2,1}, function(a, b) while true do end end)"), "cpu_limit"},
    {"in a replacement", START("string.gsub('abc', '.', function() while true do end end)"), "cpu_limit"},
    {"in an iterator of pairs", START("for k in pairs({1,2,3}) do while true do end end"), "cpu_limit"},
    {"an iterator without an end", START("for x in function() return 1 end do end"), "cpu_limit"},
    {"fields of the visit", START("while true do local x = visit.garage.free end"), "cpu_limit"},
    {"fields of a unit", START("local m = money(1) while true do m = m + money(0) end"), "cpu_limit"},
    {"verbs", START("while true do deny('x', 'y') allow() notify('z') end"), "cpu_limit"},
    {"opening hours", START("while true do visit.now:within('Mon-Sun 01:00-02:00, Mon-Sun 03:00-04:00') end"), "cpu_limit"},
    {"random numbers", START("while true do math.random(math.mininteger, math.maxinteger) end"), "cpu_limit"},
    {"while loading", HEAD "while true do end function on.session_start(visit) end", "not_loaded"},
};

static const struct hostile library[] = {
    {"insert into a table with gaps", START("local t = {} for i = 62, 0, -1 do t[1 << i] = 1 end table.insert(t, 1, 0)"), "error"},
    {"insert into a table of 2^30", START("local t = {} for i = 30, 0, -1 do t[1 << i] = 1 end table.insert(t, 1, 0)"), "cpu_limit"},
    {"remove from a table of 2^30", START("local t = {} for i = 30, 0, -1 do t[1 << i] = 1 end table.remove(t, 1)"), "cpu_limit"},
    {"length at the last integer", START("local t = {} for i = 62, 0, -1 do t[1 << i] = 1 end t[math.maxinteger] = 1 table.insert(t, 1)"), "error"},
    {"sort of a table of 2^30", START("local t = {} for i = 30, 0, -1 do t[1 << i] = 1 end table.sort(t)"), "memory_limit"},
    {"concat of nothing, often", START("table.concat({}, 'x', 1, math.maxinteger)"), "error"},
    {"concat up to the last integer", START("local t = {[math.maxinteger] = 'a'} allow(table.concat(t, '', math.maxinteger, math.maxinteger))"), NULL},
    {"sort of long texts", START(BIG "local t = {} local s = big('x') for i = 1, 4000 do t[i] = s end table.sort(t)"), "cpu_limit"},
    {"sort by a function in C", START("local t = {} for i = 1, 4000 do t[i] = i end while true do table.sort(t, math.max) end"), "cpu_limit"},
    {"sort that never agrees", START("table.sort({3,2,1,4,5,6,7,8}, function(a, b) return true end)"), NULL},
    {"sort that changes its table", START("local t = {3,2,1} table.sort(t, function(a, b) t[1] = nil t[2] = nil return a < b end)"), NULL},
    {"a long set on a long text", START("local s = ('b'):rep(60000) string.find(s, '[' .. ('a'):rep(60000) .. ']')"), "error"},
    {"a long set, again and again", START("local s = '[' .. ('a'):rep(60000) .. ']' while true do string.find('b', s) end"), "cpu_limit"},
    {"a set that never ends", START("local s = '[' .. ('a'):rep(60000) while true do string.find('b', s) end"), "error"},
    {"a pattern that backtracks", START("string.find(('a'):rep(60), ('a*'):rep(30) .. 'b')"), "error"},
    {"a lazy pattern that backtracks", START("string.match(('a'):rep(500), ('a-'):rep(40) .. 'b')"), "error"},
    {"gsub that finds nothing", START("string.gsub(('a'):rep(5000), '.-b', 'x')"), "error"},
    {"gsub that grows", START("string.gsub(('a'):rep(60000), 'a', ('x'):rep(1000))"), "error"},
    {"a pattern that nests", START("string.find('x', ('('):rep(5000))"), "error"},
    {"rep of nothing", START("while true do (''):rep(65536) end"), "cpu_limit"},
    {"rep to the last integer", START("('x'):rep(math.maxinteger)"), "error"},
    {"rep with a long separator", START("('x'):rep(math.maxinteger, ('y'):rep(60000))"), "error"},
    {"a wide format", START("string.format('%999d', 1)"), "error"},
    {"a precise format", START("string.format('%.999f', 1)"), "error"},
    {"formats", START("while true do string.format('%99.99f%99.99f', 1e15, 1e15) end"), "cpu_limit"},
    {"lower, upper, reverse", START(BIG "local s = big('x') while true do s:lower() s:upper() s:reverse() end"), "cpu_limit"},
    {"byte of a long text", START(BIG "local s = big('x') s:byte(1, -1)"), "error"},
    {"number of a long text", START(BIG "local s = '0.' .. big('9') while true do tonumber(s) end"), "cpu_limit"},
    {"number in a base", START(BIG "local s = big('z') while true do tonumber(s, 36) end"), "cpu_limit"},
    {"ipairs of a table with gaps", START("local t = {} for i = 62, 0, -1 do t[1 << i] = 1 end for i in ipairs(t) do end"), NULL},
    {"select far away", START("select(math.maxinteger, 1) select(math.mininteger, 1)"), "error"},
    {"pairs of keys of all kinds", START("local t = {[1e308] = 1, [-1] = 2, [{}] = 3, [true] = 4, x = 5} for k in pairs(t) do end"), NULL},
};

static const struct hostile memory[] = {
    {"a table without an end", START("local t = {} while true do t[#t + 1] = t end"), "memory_limit"},
    {"tables in tables", START("local t = {} while true do t = {t, {}, {}} end"), "memory_limit"},
    {"a text that doubles", START("local s = 'x' while true do s = s .. s end"), "memory_limit"},
    {"a chain of texts", START(BIG "local s = big('x') s = s..s..s..s..s..s..s..s..s..s"), "memory_limit"},
    {"closures", START("local f while true do local g = f f = function() return g end end"), "memory_limit"},
    {"garbage all the time", START("local keep = {} for i = 1, 2500 do keep[i] = {i} end while true do local x = {} end"), "cpu_limit"},
    {"recursion", START("local function f() return 1 + f() end f()"), "memory_limit"},
    {"recursion through C", START("local function f() string.gsub('x', 'x', f) end f()"), "error"},
    {"recursion through sort", START("local function f() table.sort({2, 1}, f) end f()"), "error"},
    {"recursion that joins texts", START("local d = duration('1h') local function f() local s = d .. 'x' .. 'y' .. d if s ~= '1 hxy1 h' then deny(s) end return 1 + f() end f()"), "memory_limit"},
    {"many values", START("local function f(...) return f(1, 2, 3, 4, 5, 6, 7, 8, ...) end f()"), "memory_limit"},
    {"units", START("local t = {} while true do t[#t + 1] = money(1) end"), "memory_limit"},
    {"an error of 60 KB", START("error(('1:'):rep(30000))"), "error"},
    {"an error that is a table", START("error({})"), "error"},
    {"an error that is nothing", START("error()"), "error"},
    {"a code of 60 KB", START(BIG "deny(big('x'), 'x')"), "error"},
    {"notes of 60 KB", START(BIG "local s = big('x') for i = 1, 20 do notify(s) end"), NULL},
    {"a field of 60 KB", START(BIG "local x = visit[big('x')]"), "error"},
};

static const struct hostile vm[] = {
    {"comparing texts of NULs", START("local s = ('\\0'):rep(60000) local a, b = s .. 'a', s .. 'b' while true do local c = a < b end"), "cpu_limit"},
    {"comparing equal texts", START(BIG "local a, b = big('x') .. 'y', big('x') .. 'y' while true do local c = a == b or a <= b end"), "cpu_limit"},
    {"joining texts and numbers", START("while true do local s = 1.5 .. 1e300 .. 2.5 .. 1e-300 .. 3.5 .. 1e200 .. 4.5 end"), "cpu_limit"},
    {"keys of long texts", START(BIG "local t, s = {}, big('x') for i = 1, 1000000 do local x = t[s .. i] end"), "cpu_limit"},
    {"keys that collide", START("local t = {} for i = 1, 1000000 do t[i * 4095 * 8191] = true end"), "cpu_limit"},
    {"keys that collide at once when the table grows",
     HEAD "local t = {} " COLLIDE(2048, 4095) "function on.session_start(visit) t[0.5] = true while true do t[2049 * 4095] = true end end", "cpu_limit"},
    {"a table that is built anew all the time",
     HEAD "local t = {} " COLLIDE(1200, 2047) "function on.session_start(visit) local a, b = 0, 1200\n"
          "while true do a = a + 1 b = b + 1 t[a * 2047] = nil t[b * 2047] = true end end", "cpu_limit"},
    {"pairs of keys that collide", HEAD "local t = {} " COLLIDE(1500, 2047) "function on.session_start(visit) while true do for k in pairs(t) do end end end", "cpu_limit"},
    {"the least integer", START("local x = math.mininteger // -1 + math.mininteger % -1 + math.abs(math.mininteger) x = x * math.mininteger"), NULL},
    {"division by nothing", START("local x = 1 // 0"), "error"},
    {"remainder of nothing", START("local x = 1 % 0"), "error"},
    {"a float remainder that takes long", START("while true do local x = 1.7e308 % 5e-324 math.fmod(1.7e308, 5e-324) end"), "cpu_limit"},
    {"a for that would wrap around", START("for i = math.maxinteger - 1, math.maxinteger do end for i = math.mininteger, math.mininteger + 1, 2 do end"), NULL},
    {"a for without a step", START("for i = 1, 2, 0 do end"), "error"},
    {"shifts beyond the word", START("local x = 1 << 64 | 1 >> math.mininteger | ~0 << -1"), NULL},
};

static const struct hostile tricks[] = {
    {"bytecode", "\x1bLuaT\0\x19\x93\r\n", "not_loaded"},
    {"getmetatable", START("getmetatable('').__index = nil"), "not_loaded"},
    {"load", START("load('while true do end')()"), "not_loaded"},
    {"string.dump", START("string.dump(function() end)"), "error"},
    {"globals by _ENV", START("_ENV.x = 1"), "error"},
    {"another environment", START("local _ENV = {} x = 1 y = x"), NULL},
    {"insert into the globals", START("table.insert(_ENV, 1)"), "error"},
    {"insert into the settings", START("table.insert(setting, 1)"), "error"},
    {"sort of the handlers", START("table.sort(on)"), "error"},
    {"a handler from a handler", START("on.session_stop = function() end"), "error"},
    {"a setting from a handler", START("setting.x = number(1, 'x')"), "error"},
    {"a library that is changed", START("string.rep = nil table.sort = nil math.floor = nil"), NULL},
    {"methods of texts that are changed", START("string.upper = function() while true do end end ('x'):upper()"), "cpu_limit"},
    {"a visit that is changed", START("visit.plate = 'X'"), "error"},
    {"a visit's method on something else", START("local f = visit.on_list f(money(1), 'x')"), "error"},
    {"a verb kept for later", HEAD "local d = deny d('x', 'y') function on.session_start(visit) end", "not_loaded"},
    {"a forged unit", START("local m = money(1) + {value = 1}"), "error"},
    {"a result that is returned", START("return {outcome = 'allowed', verb = 'allow_always'}"), NULL},
    {"a right that it does not have", START("deny('x', 'y') allow_always('me')"), "error"},
};

/* Of the triggers that are asked by themselves; the body of a call is a list of 500 lists. */
static const struct {
    enum policy_trigger trigger;
    struct hostile hostile;
} others[] = {
#define CALL(body) "policy { name = 'p', route = '/p' }\nfunction on.http(request) " body " end"
#define TIMER(body) "policy { name = 'p', schedule = 'every 1h' }\nfunction on.schedule(clock) " body " end"
#define OFFER(body) HEAD "function on.availability(garage) " body " end"
#define EVENT(body) HEAD "function on.door_event(event) " body " end"
    {TRIGGER_HTTP, {"an answer within itself", CALL("local t = {} t.t = t respond(t)"), "error"}},
    {TRIGGER_HTTP, {"an answer of 2^16 parts", CALL("local t = 1 for i = 1, 15 do t = {t, t} end respond(t)"), "error"}},
    {TRIGGER_HTTP, {"an answer of 2^16 nothings", CALL("local t = {} for i = 1, 15 do t = {t, t} end while true do respond(t) end"), "memory_limit"}},
    {TRIGGER_HTTP, {"an answer with gaps", CALL("local t = {} for i = 62, 0, -1 do t[1 << i] = 1 end respond(t)"), "cpu_limit"}},
    {TRIGGER_HTTP, {"an answer too long", CALL(BIG "respond { big('x'), big('y') }"), "error"}},
    {TRIGGER_HTTP, {"an answer that escapes", CALL("respond { ('\\1'):rep(60000) }"), "error"}},
    {TRIGGER_HTTP, {"answers all the time", CALL("while true do respond { a = 1, b = 2, c = 3 } end"), "cpu_limit"}},
    {TRIGGER_HTTP, {"an answer of long names", CALL(BIG "local t = {} for i = 1, 7 do t[big('x') .. i] = i end while true do respond(t) end"), "memory_limit"}},
    {TRIGGER_HTTP, {"an answer that is no text", CALL("respond { '\\xff\\xfe', ('\\xf0'):rep(20) }"), NULL}},
    {TRIGGER_HTTP, {"a number that is none", CALL("respond { 0/0 }"), "error"}},
    {TRIGGER_HTTP, {"an answer that listens", CALL("respond { setting }"), "error"}},
    {TRIGGER_HTTP, {"an answer that is a function", CALL("respond { respond }"), "error"}},
    {TRIGGER_HTTP, {"the body, again and again", CALL("while true do local x = request.body[1] end"), "cpu_limit"}},
    {TRIGGER_HTTP, {"a body that is kept", CALL("local t = {} while true do t[#t + 1] = request.body end"), "memory_limit"}},
    {TRIGGER_HTTP, {"a query that is changed", CALL("request.query.x = 1"), NULL}},
    {TRIGGER_SCHEDULE, {"a state that is none", TIMER("set_garage_state('open\\0closed')"), NULL}},
    {TRIGGER_SCHEDULE, {"a state of 60 KB", TIMER(BIG "set_garage_state(big('x'))"), "error"}},
    {TRIGGER_SCHEDULE, {"a reason of 60 KB", TIMER(BIG "set_garage_state('closed', big('x'))"), NULL}},
    {TRIGGER_SCHEDULE, {"states all the time", TIMER("while true do set_garage_state('open') set_garage_state('closed') end"), "cpu_limit"}},
    {TRIGGER_SCHEDULE, {"a deny of a clock", TIMER("local f = deny f('x', 'y')"), "error"}},
    {TRIGGER_AVAILABILITY, {"more spots than there are", OFFER("offer(math.maxinteger) offer(math.mininteger)"), NULL}},
    {TRIGGER_AVAILABILITY, {"half a spot", OFFER("offer(0.5)"), "error"}},
    {TRIGGER_AVAILABILITY, {"no number of spots", OFFER("offer(0/0)"), "error"}},
    {TRIGGER_AVAILABILITY, {"spots without an end", OFFER("offer(1/0)"), "error"}},
    {TRIGGER_AVAILABILITY, {"offers all the time", OFFER("while true do offer(garage.free) end"), "cpu_limit"}},
    {TRIGGER_DOOR_EVENT, {"alarms all the time", EVENT("while true do raise('x', 'y') end"), "cpu_limit"}},
    {TRIGGER_DOOR_EVENT, {"an alarm of 60 KB", EVENT(BIG "raise('x', big('y'))"), NULL}},
    {TRIGGER_DOOR_EVENT, {"a code of 60 KB", EVENT(BIG "raise(big('x'))"), "error"}},
    {TRIGGER_DOOR_EVENT, {"an alarm of a table", EVENT("raise({}, {})"), "error"}},
};

/* Plates, tariffs and other units that are fed what they do not expect. */
static const struct hostile units[] = {
    {"plates of 60 KB", START(BIG "visit:plate_matches(big('*'))"), "error"},
    {"plates that backtrack", START("while true do visit:plate_matches(('*A'):rep(60) .. '!') end"), "error"},
    {"plates of stars", START("while true do visit:plate_matches(('*A'):rep(7)) end"), "cpu_limit"},
    {"plates of commas", START("while true do visit:plate_matches((','):rep(100)) end"), "cpu_limit"},
    {"plates all the time", START("local p = plates('AB-*, *-##-*') while true do visit:plate_matches(p) end"), "cpu_limit"},
    {"hours of 60 KB", START(BIG "visit.now:within(big('1'))"), "error"},
    {"hours of NULs", START("visit.now:within('Mon-Fri 06:00-22:00\\0, x')"), NULL},
    {"a list of 60 KB", START(BIG "if visit:on_list(big('x')) then deny('x', 'y') end"), NULL},
    {"a tariff that never steps", START("tariff { rate = money(1), every = '0s' }"), "error"},
    {"a tariff of tables", START("tariff { rate = {}, every = {} }"), "error"},
    {"a tariff of steps of 1 ms", START("local t = tariff { rate = money(0.01), every = '1s' } while true do t:price('3660d') end"), "cpu_limit"},
    {"a duration of 60 KB", START(BIG "duration(big('1'))"), "error"},
    {"a forged visit", START("local f = visit.plate_matches f({}, 'x')"), "error"},
    {"a time from a number", START("local t = visit.now + 5"), "error"},
    {"the sum of a time and a table", START("local t = visit.now - {}"), "error"},
};

static int64_t thread_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct policy_set *compile_beside_good(const struct hostile *hostile)
{
    static const char good[] = "policy { name = 'good', order = 1 } local calls = 0 function on.session_start(visit)\n"
                               "calls = calls + 1 allow(visit.plate .. calls .. ('x'):rep(2) .. table.concat({1, 2})) end";
    struct policy_source sources[2];
    struct policy_problem problems[4];
    struct policy_set *set;
    size_t count;
    int64_t began_ms = thread_ms();

    memset(sources, 0, sizeof(sources));
    strcpy(sources[0].file, "good.lua");
    sources[0].text = good;
    strcpy(sources[1].file, "p.lua");
    sources[1].text = hostile->text;
    sources[0].length = strlen(good);
    sources[1].length = strlen(hostile->text);
    assert_ok(host->ops->compile(host, sources, 2, &set, problems, 4, &count));
    if (thread_ms() - began_ms > 2 * CPU_MAX_MS) /* into two instances */
        fail_msg("%s: loading took %d ms", hostile->name, (int)(thread_ms() - began_ms));
    return set;
}

/* The broken policy's reason, or NULL. */
static const struct decision_reason *broken_reason(const struct decision *decision)
{
    for (unsigned i = 0; i < decision->reason_count; i++) {
        if (decision->reasons[i].verb == REASON_BROKEN)
            return &decision->reasons[i];
    }
    return NULL;
}

static void check_end(const struct hostile *hostile, const struct decision *decision)
{
    const struct decision_reason *broken = broken_reason(decision);
    bool has_good = false;

    if (hostile->code && (!broken || (LIMITS_ARE_EXACT && strcmp(broken->code, hostile->code) != 0)))
        fail_msg("%s: expected %s, got %s (%s)", hostile->name, hostile->code, broken ? broken->code : "no breach", broken ? broken->text : "");
    if (!hostile->code && broken)
        fail_msg("%s: expected no breach, got %s (%s)", hostile->name, broken->code, broken->text);
    assert_int_equal(decision->outcome, hostile->code ? DECISION_BROKEN : DECISION_ALLOWED);
    for (unsigned i = 0; i < decision->reason_count; i++)
        has_good |= strcmp(decision->reasons[i].policy, "good") == 0 && strcmp(decision->reasons[i].text, "AB123C1xx12") == 0;
    assert_true(has_good);
}

static void check_all(const struct hostile *hostiles, size_t count)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");

    for (size_t i = 0; i < count; i++) {
        struct policy_set *set = compile_beside_good(&hostiles[i]);

        for (int round = 0; round < 3; round++) {
            struct decision decision;
            int64_t began_ms = thread_ms();

            assert_ok(ask(set, TRIGGER_SESSION_START, &visit, &decision));
            if (thread_ms() - began_ms > CPU_MAX_MS)
                fail_msg("%s: took %d ms", hostiles[i].name, (int)(thread_ms() - began_ms));
            check_end(&hostiles[i], &decision);
        }
        host->ops->destroy_set(host, set);
    }
}

static void loops_end_by_their_time(void **state)
{
    (void)state;
    check_all(cpu, sizeof(cpu) / sizeof(cpu[0]));
}

static void functions_of_the_library_end_whatever_they_are_fed(void **state)
{
    (void)state;
    check_all(library, sizeof(library) / sizeof(library[0]));
}

static void memory_and_depth_have_an_end(void **state)
{
    (void)state;
    check_all(memory, sizeof(memory) / sizeof(memory[0]));
}

static void single_instructions_are_bounded(void **state)
{
    (void)state;
    check_all(vm, sizeof(vm) / sizeof(vm[0]));
}

static void tricks_change_nothing_for_anybody(void **state)
{
    (void)state;
    check_all(tricks, sizeof(tricks) / sizeof(tricks[0]));
}

static void units_refuse_what_they_cannot_be(void **state)
{
    (void)state;
    check_all(units, sizeof(units) / sizeof(units[0]));
}

/* 500 lists in a list, as an app may send them. */
static struct json_document *long_body(void)
{
    static char text[2048] = "[";
    char error[128];
    struct json_document *document = NULL;
    size_t length = 1;

    for (int i = 0; i < 500; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length, "[],");
    text[length - 1] = ']';
    assert_ok(json_parse(text, length, 16, &document, error));
    return document;
}

static void every_trigger_is_bounded(void **state)
{
    static struct policy_response response;
    struct json_document *body = long_body();
    struct policy_request request = {.method = "POST", .body = json_root(body)};
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");

    (void)state;
    visit.request = &request;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const struct hostile *hostile = &others[i].hostile;
        struct policy_question question = {.trigger = others[i].trigger, .visit = &visit, .response = &response, .wait_ms = 100};
        struct policy_set *set = compile_beside_good(hostile);
        const struct decision_reason *broken;
        struct decision decision;
        int64_t began_ms = thread_ms();

        assert_ok(host->ops->decide(host, set, &question, &decision));
        if (thread_ms() - began_ms > CPU_MAX_MS)
            fail_msg("%s: took %d ms", hostile->name, (int)(thread_ms() - began_ms));
        broken = broken_reason(&decision);
        if (!hostile->code != !broken || (broken && LIMITS_ARE_EXACT && strcmp(broken->code, hostile->code) != 0))
            fail_msg("%s: expected %s, got %s (%s)", hostile->name, hostile->code ? hostile->code : "no breach", broken ? broken->code : "no breach",
                     broken ? broken->text : "");
        assert_true(!decision.has_offer || decision.offer >= 0);
        assert_true(response.length <= sizeof(response.body));
        host->ops->destroy_set(host, set);
    }
    json_free(body);
}

/* Lua 5.4.4 reads its old stack where that moves within a join; whatever is left on the stack, the text is right or refused. */
static void joining_at_the_end_of_the_stack_is_right_or_refused(void **state)
{
    struct policy_visit visit = visit_at("2026-05-19T10:00:00Z");

    (void)state;
    for (int values = 20; values < 700; values += 10) {
        struct decision decision;
        char text[400];

        snprintf(text, sizeof(text), /* the assignments put the join where the stack was last looked after long ago */
                 START("local x local d = duration('1h') local function join(...) local s = d .. 'x' .. 'y' .. d deny('joined', s) end "
                       "local b = ('x'):rep(%d) x=1 x=1 x=1 x=1 join(b:byte(1, -1))"), values);
        decision = decide_with(text, TRIGGER_SESSION_START, &visit);
        if (decision.outcome == DECISION_DENIED)
            assert_string_equal(decision.reasons[0].text, "1 hxy1 h");
        else
            assert_string_equal(decision.reasons[0].text, "is nested too deeply to join texts here");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(loops_end_by_their_time), T(functions_of_the_library_end_whatever_they_are_fed), T(memory_and_depth_have_an_end),
        T(single_instructions_are_bounded), T(tricks_change_nothing_for_anybody),
        T(joining_at_the_end_of_the_stack_is_right_or_refused), T(units_refuse_what_they_cannot_be), T(every_trigger_is_bounded),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
