/* Verbs: what a policy may say. They record into the decision of the run; `return` decides nothing. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/text.h"
#include "runtime/policy/instance.h"
#include "runtime/policy/units.h"
#include "runtime/policy/words.h"

struct policy_run *verb_speaks(lua_State *lua, const char *name)
{
    struct policy_run *run = sandbox_host(lua);
    const struct word *verb = word_find(policy_verbs, name);
    char text[192];

    if (run->loading)
        sandbox_fail(lua, "%s belongs inside a handler such as function on.session_start(visit)", name);
    if (!(verb->triggers & AT(run->trigger))) {
        verb_complain(verb, run->trigger, text, sizeof(text));
        sandbox_fail(lua, "%s", text);
    }
    trace_said(lua, run, name);
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

static int verb_deny(lua_State *lua)
{
    struct policy_run *run = verb_speaks(lua, "deny");
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
    text_copy(reason->text, sizeof(reason->text), text);
    return 0;
}

static int verb_allow(lua_State *lua)
{
    struct policy_run *run = verb_speaks(lua, "allow");
    struct decision_reason *reason;

    if (run->decision->reason_count == DECISION_REASONS_MAX)
        return 0; /* it changes nothing */
    reason = add_reason(lua, run);
    reason->verb = REASON_ALLOW;
    text_copy(reason->text, sizeof(reason->text), luaL_optstring(lua, 1, ""));
    return 0;
}

static int verb_allow_always(lua_State *lua)
{
    struct policy_run *run = verb_speaks(lua, "allow_always");
    const char *why = luaL_optstring(lua, 1, "");
    struct decision_reason *reason;

    if (!(run->facts->rights & 1u << RIGHT_OVERRIDE))
        return sandbox_fail(lua, "allow_always needs the right 'override': ask for it in policy { rights = { \"override\" } }, "
                                 "and let the deployment grant it (--grant override)");
    reason = add_reason(lua, run);
    reason->verb = REASON_ALLOW_ALWAYS;
    text_copy(reason->text, sizeof(reason->text), why);
    run->ends_asking = true;
    return 0;
}

static int verb_leave_by(lua_State *lua)
{
    struct policy_run *run = verb_speaks(lua, "require_leave_by");
    int64_t leave_by_ms = check_moment(lua, 1, run->visit->now_ms);

    if (run->decision->leave_by_ms == 0 || leave_by_ms < run->decision->leave_by_ms)
        run->decision->leave_by_ms = leave_by_ms;
    return 0;
}

static int verb_notify(lua_State *lua)
{
    struct policy_run *run = verb_speaks(lua, "notify");
    const char *text = luaL_checkstring(lua, 1);

    if (run->decision->note_count < DECISION_NOTES_MAX) {
        struct decision *decision = run->decision;

        decision->note_authors[decision->note_count] = decision->revision_count; /* who is asked now stands last */
        text_copy(decision->notes[decision->note_count++], REASON_BYTES, text);
    }
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
    struct policy_run *run = verb_speaks(lua, verb);
    struct price *price = &run->decision->price;
    const char *currency = run->visit->garage.currency;
    int64_t amount = minor_units(check_money(lua, 1), currency);
    char text[PRICE_TEXT_BYTES];

    text_copy(text, sizeof(text), luaL_optstring(lua, 2, run->facts->name));
    snprintf(price->currency, sizeof(price->currency), "%s", currency);
    if (record(price, amount, text) != OST_OK)
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
    verbs_effects_open(lua);
}
