/* Verbs of the triggers beside a visit: offer, raise, set_garage_state and respond. */
#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/text.h"
#include "runtime/policy/instance.h"
#include "runtime/policy/json_lua.h"

/* offer(garage.free - 5): less than none is none. */
static int verb_offer(lua_State *lua)
{
    struct policy_run *run = verb_speaks(lua, "offer");
    struct decision *decision = run->decision;
    int is_whole;
    lua_Integer spots = lua_tointegerx(lua, 1, &is_whole);

    if (lua_type(lua, 1) != LUA_TNUMBER)
        return sandbox_fail(lua, "offer takes a number of spots, as in offer(garage.free - 5)");
    if (!is_whole)
        return sandbox_fail(lua, "offer takes whole spots; write offer(math.floor(...))");
    if (spots < 0)
        spots = 0;
    if (!decision->has_offer || spots < decision->offer)
        decision->offer = spots;
    decision->has_offer = true;
    return 0;
}

static int verb_raise(lua_State *lua)
{
    struct policy_run *run = verb_speaks(lua, "raise");
    const char *code = luaL_checkstring(lua, 1);
    const char *text = luaL_optstring(lua, 2, "");
    struct decision *decision = run->decision;
    struct decision_alarm *alarm;

    if (!code_is_valid(code))
        return sandbox_fail(lua, "a code has small letters, digits and _, as in raise(\"open_at_night\", \"The exit stood open at night.\")");
    if (decision->alarm_count == DECISION_ALARMS_MAX)
        return 0;
    alarm = &decision->alarms[decision->alarm_count++];
    alarm->author = decision->revision_count; /* who is asked now stands last */
    snprintf(alarm->code, sizeof(alarm->code), "%s", code);
    text_copy(alarm->text, sizeof(alarm->text), text);
    return 0;
}

static int verb_set_garage_state(lua_State *lua)
{
    struct policy_run *run = verb_speaks(lua, "set_garage_state");
    struct decision *decision = run->decision;
    const char *state = lua_type(lua, 1) == LUA_TSTRING ? lua_tostring(lua, 1) : "";
    const char *reason = luaL_optstring(lua, 2, run->facts->about[0] ? run->facts->about : run->facts->name);

    if (garage_state_parse(state, &decision->state) != OST_OK)
        return sandbox_fail(lua, "the state of a garage is \"open\", \"closed\" or \"suspended\", as in set_garage_state(\"closed\", \"Night\")");
    decision->has_state = true;
    decision->state_author = decision->revision_count;
    text_copy(decision->state_reason, sizeof(decision->state_reason), reason);
    return 0;
}

/* respond(200, { hello = "world" }) or respond { hello = "world" }; the last one said counts. */
static int verb_respond(lua_State *lua)
{
    struct policy_run *run = verb_speaks(lua, "respond");
    struct policy_response *response = run->response;
    bool has_status = lua_type(lua, 1) == LUA_TNUMBER;
    lua_Integer status = has_status ? luaL_checkinteger(lua, 1) : 200;
    struct json_writer writer;

    if (status < 200 || status > 599)
        return sandbox_fail(lua, "a status is a number from 200 to 599, as in respond(200, { hello = \"world\" })");
    if (lua_isnone(lua, has_status ? 2 : 1))
        lua_newtable(lua);
    json_writer_init(&writer, response->body, sizeof(response->body));
    response->status = 0;
    json_write_lua(lua, has_status ? 2 : 1, &writer);
    if (writer.overflow)
        return sandbox_fail(lua, "an answer may have %d bytes", POLICY_RESPONSE_BYTES);
    response->status = (unsigned)status;
    response->length = writer.length;
    return 0;
}

void verbs_effects_open(lua_State *lua)
{
    static const luaL_Reg verbs[] = {{"offer", verb_offer}, {"raise", verb_raise}, {"set_garage_state", verb_set_garage_state},
        {"respond", verb_respond}, {NULL, NULL}};

    luaL_setfuncs(lua, verbs, 0);
}
