/* Policies as functions, on the running program: deployed, in force at once, rolled back, explained. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/api.h"
#include "tests/unit/check.h"

static struct api api;
#define PARTNER api.garage.token
static char operator_token[64];
#define STAFF   operator_token

#define NO_VANS(condition)                                                                                                \
    "policy { name = \\\"no-vans\\\", version = \\\"1.0.0\\\", order = 1 }\\nsetting.vans = plates(\\\"V-*\\\", \\\"Vans\\\")\\n" \
    "function on.session_start(visit)\\n  if " condition " then\\n    deny(\\\"no_vans\\\", \\\"Vans do not fit.\\\")\\n  end\\nend\\n"
#define GOOD NO_VANS("visit:plate_matches(setting.vans)")

static void begin(void)
{
    api_begin(&api, garage_default);
    api_token(&api, "--partner staff --scope policies:read --scope policies:write --scope operations:read", operator_token, NULL);
}

static int deploy(const char *name, const char *source, const char *more)
{
    char body[8192];

    snprintf(body, sizeof(body), "{\"source\":\"%s\"%s}", source, more);
    return api_call(&api, STAFF, "POST", NULL, body, "/v1/policies/%s/revisions", name);
}

static int arrive(const char *plate)
{
    return api_start(&api, PARTNER, "north", plate, plate, NULL, NULL);
}

static void a_deployed_policy_refuses_at_once_and_a_rollback_lets_in(void **state)
{
    (void)state;
    begin();
    assert_int_equal(arrive("V1"), 201);
    assert_int_equal(deploy("no-vans", GOOD, ",\"message\":\"Vans\""), 201);
    api_assert_says(&api, "\"revision\":1");
    assert_int_equal(arrive("V2"), 403);
    api_assert_problem(&api, 403, "no_vans");
    api_assert_says(&api, "\"policy\":{\"name\":\"no-vans\",\"revision\":1,\"rule\":5}");
    assert_int_equal(deploy("no-vans", NO_VANS("false"), ""), 201);
    assert_int_equal(arrive("V2"), 201);
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"revision\":1}", "/v1/policies/no-vans/activate"), 200);
    assert_int_equal(arrive("V3"), 403);
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"mode\":\"off\"}", "/v1/policies/no-vans/activate"), 200);
    assert_int_equal(arrive("V3"), 201);
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/policies/no-vans/revisions"), 200);
    api_assert_says(&api, "\"message\":\"Vans\"");
    api_end(&api);
}

static void what_is_wrong_is_named_by_line_and_the_old_one_stays_live(void **state)
{
    (void)state;
    begin();
    assert_int_equal(deploy("no-vans", GOOD, ""), 201);
    assert_int_equal(deploy("no-vans", NO_VANS("visit.palte"), ""), 422);
    api_assert_problem(&api, 422, "policy_invalid");
    api_assert_says(&api, "\"pointer\":\"/source\"");
    api_assert_says(&api, "line 4: visit has no field 'palte'; did you mean 'plate'?");
    assert_int_equal(deploy("no-vans", GOOD, ",\"spec\":\"test 'no-vans'\\ncase 'a van' { plate = 'V-1', expect = 'allow' }\""), 422);
    api_assert_says(&api, "\"pointer\":\"/spec\"");
    api_assert_says(&api, "expected allow, but line 5 denied no_vans");
    assert_int_equal(deploy("other", GOOD, ""), 422);
    assert_int_equal(deploy("no-vans", GOOD, ",\"settings\":{\"vnas\":\"X\"}"), 422);
    assert_int_equal(deploy("no-vans", GOOD, ",\"unknown\":1"), 422);
    api_assert_problem(&api, 422, "validation_failed");
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"revision\":9}", "/v1/policies/no-vans/activate"), 404);
    assert_int_equal(api_call(&api, PARTNER, "POST", NULL, "{\"revision\":1}", "/v1/policies/no-vans/activate"), 403);
    assert_int_equal(arrive("V2"), 403);
    api_assert_says(&api, "\"revision\":1");
    api_end(&api);
}

static void a_setting_makes_a_revision_too(void **state)
{
    (void)state;
    begin();
    /* Its spec speaks of the source's own value, and stands in no setting's way. */
    assert_int_equal(deploy("no-vans", GOOD, ",\"spec\":\"test 'no-vans'\\ncase 'a van' { plate = 'V-1', expect = 'deny no_vans' }\""), 201);
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"settings\":{\"vans\":\"X-*\"}}", "/v1/policies/no-vans/revisions"), 201);
    api_assert_says(&api, "\"revision\":2");
    assert_int_equal(arrive("V1"), 201);
    assert_int_equal(arrive("X1"), 403);
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"settings\":{\"vans\":\"X-*\"}}", "/v1/policies/no-vans/revisions"), 200);
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"settings\":{\"vans\":null}}", "/v1/policies/no-vans/revisions"), 200);
    api_assert_says(&api, "\"revision\":1"); /* the very same as before */
    assert_int_equal(arrive("X1"), 201);
    api_end(&api);
}

/* Neither file nor network: what is deployed is in the database, and it survives a kill. */
static void what_is_deployed_outlives_the_process_and_the_folder(void **state)
{
    (void)state;
    begin();
    garage_policy(&api.garage, "closed.lua", "policy { name = \"closed\" } function on.session_start(visit) deny(\"closed\", \"x\") end");
    assert_int_equal(deploy("no-vans", GOOD, ""), 201);
    api_restart(&api, SIGKILL);
    assert_int_equal(arrive("V1"), 403);
    assert_int_equal(arrive("A1"), 201); /* the folder counts no more */
    api_end(&api);
}

static void a_shadow_is_counted_and_changes_nothing(void **state)
{
    (void)state;
    begin();
    assert_int_equal(deploy("no-vans", GOOD, ",\"mode\":\"shadow\""), 201);
    assert_int_equal(arrive("V1"), 201);
    assert_int_equal(arrive("A1"), 201);
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/policies/no-vans"), 200);
    api_assert_says(&api, "\"mode\":\"shadow\"");
    api_assert_says(&api, "\"shadowCalls\":2,\"shadowDifferences\":1");
    api_end(&api);
}

static bool has_decision(void *context)
{
    api_call(&api, STAFF, "GET", NULL, NULL, "/v1/decisions?outcome=denied");
    return strstr(api.client.body, context) != NULL;
}

static void the_log_tells_which_rule_decided_on_what(void **state)
{
    (void)state;
    begin();
    assert_int_equal(deploy("no-vans", GOOD, ""), 201);
    assert_int_equal(arrive("V1"), 403);
    assert_true(wait_for(has_decision, "Refused by no-vans, revision 1, line 5 (no_vans): Vans do not fit.", 10000));
    api_assert_says(&api, "\"licensePlate\":\"V1\"");
    api_assert_says(&api, "\"kind\":\"visitor\"");
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/decisions?policy=tariff&outcome=denied"), 200);
    api_assert_says(&api, "\"items\":[]");
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/decisions?since=yesterday&order=up"), 422);
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/decisions"), 403);
    api_end(&api);
}

static void a_try_decides_and_stores_nothing(void **state)
{
    (void)state;
    begin();
    assert_int_equal(deploy("no-vans", GOOD, ""), 201);
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"event\":\"session_start\",\"context\":{\"plate\":\"V-12\"}}", "/v1/policies/no-vans/try"), 200);
    api_assert_says(&api, "\"outcome\":\"denied\"");
    api_assert_says(&api, "deny(\\\"no_vans\\\", \\\"Vans do not fit.\\\")");
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"event\":\"session_start\",\"context\":{\"palte\":\"V\"}}", "/v1/policies/no-vans/try"), 422);
    api_assert_says(&api, "did you mean 'plate'?");
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/decisions"), 200);
    api_assert_says(&api, "\"items\":[]");
    api_end(&api);
}

static bool is_back(void *context)
{
    (void)context;
    return arrive("A9") == 201;
}

/* Young, and broken for everybody: the last good revision returns by itself. */
static void a_young_revision_that_breaks_is_quarantined(void **state)
{
    (void)state;
    begin();
    assert_int_equal(deploy("no-vans", GOOD, ""), 201);
    assert_int_equal(deploy("no-vans", NO_VANS("1 + nil"), ""), 201);
    for (int i = 0; i < 5; i++)
        assert_int_equal(arrive("A1"), 503);
    assert_true(wait_for(is_back, NULL, 10000));
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/policies/no-vans/revisions"), 200);
    api_assert_says(&api, "\"state\":\"quarantined\"");
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/v1/faults"), 200);
    api_assert_says(&api, "policy_quarantined");
    api_end(&api);
}

/* The revisions that decided give the same answers again; a candidate tells whom it would refuse. */
static void history_is_replayed_with_and_without_a_candidate(void **state)
{
    char output[4096], file[256], command[512];
    FILE *candidate;

    (void)state;
    begin();
    assert_int_equal(deploy("no-vans", GOOD, ""), 201);
    assert_int_equal(arrive("A1"), 201);
    assert_int_equal(arrive("A2"), 201);
    assert_int_equal(arrive("B1"), 201);
    assert_int_equal(garage_run(&api.garage, output, sizeof(output), "--json policy replay no-vans --since 1h"), 0);
    assert_non_null(strstr(output, "\"same\":3,\"different\":0"));
    snprintf(file, sizeof(file), "%s/no-vans.lua", api.garage.folder);
    candidate = fopen(file, "w");
    assert_non_null(candidate);
    fputs("policy { name = \"no-vans\" } function on.session_start(visit) if visit:plate_matches(\"A*\") then deny(\"no_a\", \"x\") end end", candidate);
    fclose(candidate);
    snprintf(command, sizeof(command), "--json policy replay no-vans --since 1h --candidate %s", file);
    assert_int_equal(garage_run(&api.garage, output, sizeof(output), command), 0);
    assert_non_null(strstr(output, "\"same\":1,\"different\":2"));
    assert_non_null(strstr(output, "{\"from\":\"allowed\",\"to\":\"denied no_a\",\"decisions\":2,\"cars\":2,\"money\":0}"));
    assert_int_equal(garage_run(&api.garage, output, sizeof(output), "policy replay no-vans --since soon"), 2);
    unlink(file);
    api_end(&api);
}

#define HELLO                                                                                                             \
    "policy { name = \\\"hello\\\", route = \\\"/hello/you\\\", scopes = { \\\"operations:read\\\" } }\\n"                \
    "function on.http(request) respond(201, { name = request.query.name, sum = request.body and request.body.a + 1 }) end"

static void a_function_is_served_below_fn(void **state)
{
    (void)state;
    begin();
    assert_int_equal(deploy("hello", HELLO, ""), 201);
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/fn/hello/you?name=Ann%%20B"), 201);
    assert_string_equal(api.client.body, "{\"name\":\"Ann B\"}");
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"a\":1}", "/fn/hello/you"), 201);
    assert_string_equal(api.client.body, "{\"sum\":2}");
    assert_int_equal(api_call(&api, STAFF, "POST", NULL, "{\"a\":\"x\"}", "/fn/hello/you"), 500);
    api_assert_says(&api, "\"policy\":{\"name\":\"hello\"");
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/fn/hello/you"), 403);
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/fn/hello"), 404);
    assert_int_equal(api_call(&api, STAFF, "PUT", NULL, "{}", "/fn/hello/you"), 405);
    assert_int_equal(api_call(&api, STAFF, "GET", NULL, NULL, "/fn/hello/you?a=1&a=2"), 400);
    api_end(&api);
}

static void an_offer_is_what_availability_tells(void **state)
{
    (void)state;
    begin();
    assert_int_equal(deploy("few", "policy { name = \\\"few\\\" } function on.availability(garage) offer(garage.free - 3) end", ""), 201);
    assert_int_equal(api_call(&api, PARTNER, "GET", NULL, NULL, "/v1/garages/north/availability"), 200);
    api_assert_says(&api, "\"available\":17");
    api_end(&api);
}

static bool has_alarm(void *context)
{
    api_call(&api, STAFF, "GET", NULL, NULL, "/v1/faults");
    return strstr(api.client.body, context) != NULL;
}

static void a_policy_hears_of_doors_and_may_raise(void **state)
{
    (void)state;
    begin();
    assert_int_equal(deploy("ears", "policy { name = \\\"ears\\\" } function on.door_event(event) if event.happened == \\\"opened\\\" then "
                                    "raise(\\\"it_opened\\\", event.door) end end", ""), 201);
    assert_int_equal(arrive("A1"), 201);
    assert_true(wait_for(has_alarm, "\"code\":\"it_opened\"", 15000));
    api_end(&api);
}

#define T(function) cmocka_unit_test(function)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_deployed_policy_refuses_at_once_and_a_rollback_lets_in), T(what_is_wrong_is_named_by_line_and_the_old_one_stays_live),
        T(a_setting_makes_a_revision_too), T(what_is_deployed_outlives_the_process_and_the_folder),
        T(a_shadow_is_counted_and_changes_nothing), T(the_log_tells_which_rule_decided_on_what), T(a_try_decides_and_stores_nothing),
        T(a_young_revision_that_breaks_is_quarantined), T(history_is_replayed_with_and_without_a_candidate), T(a_function_is_served_below_fn), T(an_offer_is_what_availability_tells),
        T(a_policy_hears_of_doors_and_may_raise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
