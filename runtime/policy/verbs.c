/* Verbs: what a policy may say. They record into the decision of the run; `return` decides nothing. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "runtime/policy/instance.h"
#include "runtime/policy/units.h"

bool policy_code_is_reserved(const char *code)
{
    static const char *const reserved[] = {
        "malformed_json", "malformed_request", "invalid_token", "insufficient_scope", "not_found", "garage_not_found",
        "door_not_found", "session_not_found", "command_not_found", "policy_not_found", "method_not_allowed",
        "length_required", "body_too_large", "target_too_long", "unsupported_media_type", "headers_too_large",
        "session_already_active", "plate_already_active", "garage_full", "garage_closed", "garage_suspended",
        "session_not_active", "door_not_allowed", "door_in_maintenance", "idempotency_in_progress", "validation_failed",
        "door_indication_required", "door_not_entry", "door_not_exit", "idempotency_key_reused", "policy_invalid",
        "rate_limited", "too_many_openings", "internal_error", "door_unreachable", "policy_unavailable",
        "storage_unavailable", "overloaded", "shutting_down", NULL};
    const char *const *each = reserved;

    while (*each && strcmp(*each, code) != 0)
        each++;
    return *each != NULL;
}

/* The run, where this verb may be said; raises where not. allowed: bits 1 << trigger. */
static struct policy_run *speaking(lua_State *lua, const char *verb, unsigned allowed)
{
    struct policy_run *run = sandbox_host(lua);

    if (run->loading)
        sandbox_fail(lua, "%s belongs inside a handler such as function on.session_start(visit)", verb);
    if (!(allowed & (1u << run->trigger)))
        sandbox_fail(lua, "%s cannot be said in on.%s", verb, policy_trigger_text(run->trigger));
    return run;
}

/* One reason more; beyond the bound the last place is kept for a denial. */
static struct decision_reason *add_reason(lua_State *lua, struct policy_run *run)
{
    struct decision *decision = run->decision;
    struct decision_reason *reason;

    if (decision->reason_count == DECISION_REASONS_MAX)
        decision->reason_count--;
    reason = &decision->reasons[decision->reason_count++];
    memset(reason, 0, sizeof(*reason));
    snprintf(reason->policy, sizeof(reason->policy), "%s", run->facts->name);
    reason->revision = run->facts->revision;
    reason->line = sandbox_line(lua);
    return reason;
}

#define AT_ENTRY (1u << TRIGGER_SESSION_START)
#define AT_STOP (1u << TRIGGER_SESSION_STOP)
#define AT_DOOR (1u << TRIGGER_DOOR_REQUEST)

static int verb_deny(lua_State *lua)
{
    struct policy_run *run = speaking(lua, "deny", AT_ENTRY | AT_DOOR);
    const char *code = luaL_checkstring(lua, 1);
    const char *text = luaL_optstring(lua, 2, "");
    struct decision_reason *reason;

    if (!code_is_valid(code))
        return sandbox_fail(lua, "a code has small letters, digits and _, as in deny(\"outside_opening_hours\", \"We are closed.\")");
    if (policy_code_is_reserved(code))
        return sandbox_fail(lua, "the code %s is Ostler's own; choose another one", code);
    reason = add_reason(lua, run);
    reason->verb = REASON_DENY;
    snprintf(reason->code, sizeof(reason->code), "%s", code);
    snprintf(reason->text, sizeof(reason->text), "%s", text);
    return 0;
}

static int verb_allow(lua_State *lua)
{
    struct policy_run *run = speaking(lua, "allow", AT_ENTRY | AT_DOOR);
    struct decision_reason *reason;

    if (run->decision->reason_count == DECISION_REASONS_MAX)
        return 0; /* it changes nothing */
    reason = add_reason(lua, run);
    reason->verb = REASON_ALLOW;
    snprintf(reason->text, sizeof(reason->text), "%s", luaL_optstring(lua, 1, ""));
    return 0;
}

static int verb_allow_always(lua_State *lua)
{
    speaking(lua, "allow_always", AT_ENTRY | AT_DOOR);
    return sandbox_fail(lua, "allow_always needs the right 'override', which a policy from the folder does not have");
}

static int verb_leave_by(lua_State *lua)
{
    struct policy_run *run = speaking(lua, "require_leave_by", AT_ENTRY);
    int64_t leave_by_ms = check_moment(lua, 1, run->visit->now_ms);

    if (run->decision->leave_by_ms == 0 || leave_by_ms < run->decision->leave_by_ms)
        run->decision->leave_by_ms = leave_by_ms;
    return 0;
}

static int verb_notify(lua_State *lua)
{
    struct policy_run *run = speaking(lua, "notify", AT_ENTRY | AT_STOP | AT_DOOR);
    const char *text = luaL_checkstring(lua, 1);

    if (run->decision->note_count < DECISION_NOTES_MAX)
        snprintf(run->decision->notes[run->decision->note_count++], REASON_BYTES, "%s", text);
    return 0;
}

/* Hundredths in the minor unit of the garage's currency; half up where that is coarser. */
static int64_t minor_units(int64_t hundredths, const char *currency)
{
    switch (currency_digits(currency)) {
    case 0:
        return hundredths >= 0 ? (hundredths + 50) / 100 : -((-hundredths + 50) / 100);
    case 3:
        return hundredths * 10;
    default:
        return hundredths;
    }
}

static int record_price(lua_State *lua, const char *verb,
                        enum ost_status (*record)(struct price *price, int64_t amount, const char *text))
{
    struct policy_run *run = speaking(lua, verb, AT_STOP);
    struct price *price = &run->decision->price;
    const char *currency = run->visit->garage.currency;

    snprintf(price->currency, sizeof(price->currency), "%s", currency);
    if (record(price, minor_units(check_money(lua, 1), currency), luaL_optstring(lua, 2, run->facts->name)) != OST_OK)
        return sandbox_fail(lua, "the price has too many lines, or is too large");
    return 0;
}

static int verb_charge(lua_State *lua)
{
    return record_price(lua, "charge", price_add);
}

static int verb_replace_price(lua_State *lua)
{
    return record_price(lua, "replace_price", price_replace);
}

void verbs_open(lua_State *lua)
{
    static const luaL_Reg verbs[] = {{"deny", verb_deny}, {"allow", verb_allow}, {"allow_always", verb_allow_always},
        {"require_leave_by", verb_leave_by}, {"notify", verb_notify}, {"charge", verb_charge},
        {"replace_price", verb_replace_price}, {NULL, NULL}};

    luaL_setfuncs(lua, verbs, 0);
}
