#include <string.h>
#include <time.h>

#include "runtime/policy/sandbox.h"
#include "tests/unit/check.h"

static const struct sandbox_limits limits = {.memory_bytes = 512 * 1024, .cpu_ns = 5000000};

static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* In C, where no hook comes, and without a word to the sandbox. */
static int work_too_long(lua_State *lua)
{
    int64_t until_ns = cpu_ns() + 2 * limits.cpu_ns;

    (void)lua;
    while (cpu_ns() < until_ns)
        ;
    return 0;
}

static int work_for_ever(lua_State *lua)
{
    for (;;)
        sandbox_spend(lua, 1);
    return 0;
}

/* The text is the context; it breaks what it breaks with assert(). */
static int run_text(lua_State *lua)
{
    const char *text = lua_touserdata(lua, 1);

    sandbox_push_library(lua);
    sandbox_load(lua, text, strlen(text), "text");
    lua_call(lua, 0, 0);
    return 0;
}

static void a_call_that_ends_too_late_has_broken_its_limit(void **state)
{
    struct sandbox_failure failure;
    struct sandbox *sandbox;

    (void)state;
    assert_ok(sandbox_create(&limits, &sandbox));
    assert_false(sandbox_call(sandbox, work_too_long, NULL, &failure));
    assert_int_equal(failure.breach, SANDBOX_CPU);
    assert_string_equal(failure.text, "takes longer than it may (5 ms)");
    sandbox_destroy(sandbox);
}

static void a_function_in_c_that_says_that_it_works_is_stopped(void **state)
{
    struct sandbox_failure failure;
    struct sandbox *sandbox;

    (void)state;
    assert_ok(sandbox_create(&limits, &sandbox));
    assert_false(sandbox_call(sandbox, work_for_ever, NULL, &failure));
    assert_int_equal(failure.breach, SANDBOX_CPU);
    sandbox_destroy(sandbox);
}

static void assert_runs(const char *text)
{
    struct sandbox_failure failure = {.breach = SANDBOX_FINE};
    struct sandbox *sandbox;

    assert_ok(sandbox_create(&limits, &sandbox));
    if (!sandbox_call(sandbox, run_text, (void *)(uintptr_t)text, &failure))
        fail_msg("line %d: %s", failure.line, failure.text);
    sandbox_destroy(sandbox);
}

static void lists_are_changed_as_in_lua(void **state)
{
    (void)state;
    assert_runs("local t = {1, 2, 3}\n"
                "table.insert(t, 4) table.insert(t, 1, 0) table.insert(t, 6, 5) assert(table.concat(t, ',') == '0,1,2,3,4,5')\n"
                "assert(table.remove(t) == 5 and table.remove(t, 1) == 0 and table.remove(t, #t + 1) == nil)\n"
                "assert(table.concat(t) == '1234' and table.concat(t, '-', 2, 3) == '2-3' and table.concat(t, '-', 3, 2) == '')\n"
                "assert(table.remove({}) == nil and table.concat({}) == '' and table.concat({1.5, 'x'}, ' ') == '1.5 x')");
}

static void sorting_is_right_for_every_length_and_keeps_equals_in_order(void **state)
{
    (void)state;
    assert_runs("for n = 0, 70 do local t = {} for i = 1, n do t[i] = i * 37 % 71 end table.sort(t)\n"
                "  assert(#t == n) for i = 2, n do assert(t[i - 1] <= t[i]) end end");
    assert_runs("local t = {'b', 'a\\0b', 'a', 'ab', '', 'a\\0'} table.sort(t) assert(table.concat(t, ',') == ',a,a\\0,a\\0b,ab,b')");
    assert_runs("local t = {3, 1, 2} table.sort(t, function(a, b) return a > b end) assert(table.concat(t) == '321')");
    assert_runs("local t = {} for i = 1, 40 do t[i] = {k = i % 3, i = i} end table.sort(t, function(a, b) return a.k < b.k end)\n"
                "for i = 2, 40 do assert(t[i - 1].k < t[i].k or (t[i - 1].k == t[i].k and t[i - 1].i < t[i].i)) end");
}

static void pairs_come_by_sorted_keys(void **state)
{
    (void)state;
    assert_runs("local s = '' for k, v in pairs({z = 1, a = 2, [3] = 3, [1] = 4, [2.5] = 5}) do s = s .. k .. '=' .. v .. ' ' end\n"
                "assert(s == '1=4 2.5=5 3=3 a=2 z=1 ')");
}

static void texts_are_repeated_as_in_lua(void **state)
{
    (void)state;
    assert_runs("assert(('ab'):rep(3) == 'ababab' and ('ab'):rep(3, '-') == 'ab-ab-ab' and ('ab'):rep(1, '-') == 'ab')\n"
                "assert(('ab'):rep(0) == '' and (''):rep(3, ',') == ',,' and #('x'):rep(65536) == 65536)");
}

RUN(T(a_call_that_ends_too_late_has_broken_its_limit), T(a_function_in_c_that_says_that_it_works_is_stopped),
    T(lists_are_changed_as_in_lua), T(sorting_is_right_for_every_length_and_keeps_equals_in_order), T(pairs_come_by_sorted_keys),
    T(texts_are_repeated_as_in_lua))
