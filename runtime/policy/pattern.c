/*
 * Lua's patterns (reference manual 6.4.1, without %b, %f and back references) on a budget: matching backtracks, and on a few
 * dozen bytes a hostile pattern keeps the usual matcher busy for seconds.
 */
#include <ctype.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <string.h>

#include "runtime/policy/library.h"
#include "runtime/policy/sandbox.h"

#define STEPS_MAX 400000 /* looks at a character of the text or the pattern: about a millisecond, the same on every machine */
#define DEPTH_MAX 150
#define CAPTURES_MAX 16

struct matcher {
    lua_State *lua;
    const char *text, *text_end;
    const char *pattern_end;
    unsigned steps;
    unsigned depth;
    int level;
    struct {
        const char *start;
        ptrdiff_t length; /* OPEN until it is closed */
    } captures[CAPTURES_MAX];
};
#define OPEN (-1)

static const char *match_here(struct matcher *m, const char *text, const char *pattern);

static void count_step(struct matcher *m)
{
    if (++m->steps > STEPS_MAX)
        sandbox_fail(m->lua, "the pattern takes too many steps; use a simpler one");
    sandbox_spend(m->lua, 1);
}

/* Behind one character class. */
static const char *class_end(struct matcher *m, const char *pattern)
{
    if (pattern == m->pattern_end)
        sandbox_fail(m->lua, "the pattern ends too early");
    if (*pattern == '%') {
        if (pattern + 1 == m->pattern_end)
            sandbox_fail(m->lua, "the pattern ends with %%");
        return pattern + 2;
    }
    if (*pattern != '[')
        return pattern + 1;
    pattern++;
    if (pattern < m->pattern_end && *pattern == '^')
        pattern++;
    do {
        count_step(m);
        if (pattern >= m->pattern_end)
            sandbox_fail(m->lua, "a ] is missing in the pattern");
        pattern += *pattern == '%' && pattern + 1 < m->pattern_end ? 2 : 1;
    } while (pattern >= m->pattern_end || *pattern != ']');
    return pattern + 1;
}

static bool in_named_class(int c, int name)
{
    bool found;

    switch (tolower(name)) {
    case 'a':
        found = isalpha(c);
        break;
    case 'd':
        found = isdigit(c);
        break;
    case 'l':
        found = islower(c);
        break;
    case 'p':
        found = ispunct(c);
        break;
    case 's':
        found = isspace(c);
        break;
    case 'u':
        found = isupper(c);
        break;
    case 'w':
        found = isalnum(c);
        break;
    case 'x':
        found = isxdigit(c);
        break;
    default:
        return c == name;
    }
    return isupper(name) ? !found : found;
}

/* at stands on '[', end behind ']'. */
static bool in_set(struct matcher *m, int c, const char *at, const char *end)
{
    bool wanted = true;

    end--;
    if (*++at == '^') {
        wanted = false;
        at++;
    }
    for (; at < end; at++) {
        count_step(m);
        if (*at == '%') {
            at++;
            if (in_named_class(c, (unsigned char)*at))
                return wanted;
        } else if (at + 2 < end && at[1] == '-') {
            if ((unsigned char)*at <= c && c <= (unsigned char)at[2])
                return wanted;
            at += 2;
        } else if ((unsigned char)*at == c) {
            return wanted;
        }
    }
    return !wanted;
}

static bool matches_one(struct matcher *m, const char *text, const char *pattern, const char *end)
{
    int c;

    count_step(m);
    if (text >= m->text_end)
        return false;
    c = (unsigned char)*text;
    switch (*pattern) {
    case '.':
        return true;
    case '%':
        return in_named_class(c, (unsigned char)pattern[1]);
    case '[':
        return in_set(m, c, pattern, end);
    default:
        return (unsigned char)*pattern == c;
    }
}

static const char *match_many(struct matcher *m, const char *text, const char *pattern, const char *end, bool shortest)
{
    ptrdiff_t count = 0;

    if (shortest) {
        for (;;) {
            const char *found = match_here(m, text, end + 1);

            if (found || !matches_one(m, text, pattern, end))
                return found;
            text++;
        }
    }
    while (matches_one(m, text + count, pattern, end))
        count++;
    for (; count >= 0; count--) {
        const char *found = match_here(m, text + count, end + 1);

        if (found)
            return found;
    }
    return NULL;
}

static const char *match_capture(struct matcher *m, const char *text, const char *pattern)
{
    const char *found;
    int level;

    if (*pattern == '(') {
        if (m->level >= CAPTURES_MAX)
            sandbox_fail(m->lua, "the pattern has too many captures");
        m->captures[m->level].start = text;
        m->captures[m->level++].length = OPEN;
        found = match_here(m, text, pattern + 1);
        if (!found)
            m->level--;
        return found;
    }
    for (level = m->level - 1; level >= 0 && m->captures[level].length != OPEN; level--)
        ;
    if (level < 0)
        sandbox_fail(m->lua, "the pattern has a ) without a (");
    m->captures[level].length = text - m->captures[level].start;
    found = match_here(m, text, pattern + 1);
    if (!found)
        m->captures[level].length = OPEN;
    return found;
}

static const char *match_item(struct matcher *m, const char *text, const char *pattern)
{
    const char *end = class_end(m, pattern);
    char repeat = end < m->pattern_end ? *end : '\0';
    const char *found;

    switch (repeat) {
    case '?':
        if (matches_one(m, text, pattern, end) && (found = match_here(m, text + 1, end + 1)))
            return found;
        return match_here(m, text, end + 1);
    case '+':
        return matches_one(m, text, pattern, end) ? match_many(m, text + 1, pattern, end, false) : NULL;
    case '*':
        return match_many(m, text, pattern, end, false);
    case '-':
        return match_many(m, text, pattern, end, true);
    default:
        return matches_one(m, text, pattern, end) ? match_here(m, text + 1, end) : NULL;
    }
}

static const char *match_here(struct matcher *m, const char *text, const char *pattern)
{
    const char *found;

    if (pattern == m->pattern_end)
        return text;
    if (++m->depth > DEPTH_MAX)
        sandbox_fail(m->lua, "the pattern is too complicated");
    count_step(m);
    if (*pattern == '(' || *pattern == ')')
        found = match_capture(m, text, pattern);
    else if (*pattern == '$' && pattern + 1 == m->pattern_end)
        found = text == m->text_end ? text : NULL;
    else
        found = match_item(m, text, pattern);
    m->depth--;
    return found;
}

static int push_captures(struct matcher *m, const char *start, const char *end)
{
    int count = m->level > 0 ? m->level : 1;

    luaL_checkstack(m->lua, count, "too many captures");
    for (int i = 0; i < count; i++) {
        if (m->level == 0)
            lua_pushlstring(m->lua, start, (size_t)(end - start));
        else if (m->captures[i].length == OPEN)
            return sandbox_fail(m->lua, "the pattern has a ( without a )");
        else
            lua_pushlstring(m->lua, m->captures[i].start, (size_t)m->captures[i].length);
    }
    return count;
}

static const char *begin(struct matcher *m, lua_State *lua, bool *anchored)
{
    size_t text_length, pattern_length;
    const char *pattern;

    memset(m, 0, sizeof(*m));
    m->lua = lua;
    m->text = luaL_checklstring(lua, 1, &text_length);
    m->text_end = m->text + text_length;
    pattern = luaL_checklstring(lua, 2, &pattern_length);
    m->pattern_end = pattern + pattern_length;
    *anchored = pattern_length > 0 && *pattern == '^';
    return pattern + *anchored;
}

/* find(text, what, from, true): the text as it is written; the memmem() of glibc takes time linear in both. */
static int find_plain(lua_State *lua, const struct matcher *m, const char *start)
{
    size_t length;
    const char *wanted = lua_tolstring(lua, 2, &length);
    const char *found;

    sandbox_spend(lua, STEPS_OF_VALUE + ((size_t)(m->text_end - start) + length) / 16);
    found = memmem(start, (size_t)(m->text_end - start), wanted, length);
    if (!found) {
        lua_pushnil(lua);
        return 1;
    }
    lua_pushinteger(lua, found - m->text + 1);
    lua_pushinteger(lua, found - m->text + (lua_Integer)length);
    return 2;
}

static int find_or_match(lua_State *lua, bool find)
{
    struct matcher m;
    bool anchored;
    const char *pattern = begin(&m, lua, &anchored);
    lua_Integer init = luaL_optinteger(lua, 3, 1);
    const char *start = m.text;

    if (init < 0)
        init = init < -(m.text_end - m.text) ? 1 : m.text_end - m.text + init + 1;
    if (init > m.text_end - m.text + 1) {
        lua_pushnil(lua);
        return 1;
    }
    start += init > 0 ? init - 1 : 0;
    if (find && lua_toboolean(lua, 4))
        return find_plain(lua, &m, start);
    do {
        const char *end;

        m.level = 0;
        m.depth = 0;
        end = match_here(&m, start, pattern);
        if (!end)
            continue;
        if (!find)
            return push_captures(&m, start, end);
        lua_pushinteger(lua, start - m.text + 1);
        lua_pushinteger(lua, end - m.text);
        return 2 + (m.level > 0 ? push_captures(&m, start, end) : 0);
    } while (++start <= m.text_end && !anchored);
    lua_pushnil(lua);
    return 1;
}

int library_find(lua_State *lua)
{
    return find_or_match(lua, true);
}

int library_match(lua_State *lua)
{
    return find_or_match(lua, false);
}

/* The replacement of one match: a text (with %0..%9), a table or a function. */
static void add_replacement(struct matcher *m, luaL_Buffer *buffer, const char *start, const char *end)
{
    lua_State *lua = m->lua;

    if (lua_type(lua, 3) == LUA_TSTRING) {
        size_t length;
        const char *text = lua_tolstring(lua, 3, &length);

        for (size_t i = 0; i < length; i++) {
            sandbox_spend(lua, 1);
            if (text[i] != '%' || i + 1 == length) {
                luaL_addchar(buffer, text[i]);
            } else if (isdigit((unsigned char)text[++i])) {
                int which = text[i] - '0';

                if (which == 0 || (which == 1 && m->level == 0))
                    luaL_addlstring(buffer, start, (size_t)(end - start));
                else if (which > m->level || m->captures[which - 1].length == OPEN)
                    sandbox_fail(lua, "gsub: the pattern has no capture %d", which);
                else
                    luaL_addlstring(buffer, m->captures[which - 1].start, (size_t)m->captures[which - 1].length);
            } else {
                luaL_addchar(buffer, text[i]);
            }
        }
        return;
    }
    if (lua_type(lua, 3) == LUA_TFUNCTION) {
        lua_pushvalue(lua, 3);
        lua_call(lua, push_captures(m, start, end), 1);
    } else {
        push_captures(m, start, end);
        lua_settop(lua, lua_gettop(lua) - (m->level > 1 ? m->level - 1 : 0));
        lua_rawget(lua, 3);
    }
    if (!lua_toboolean(lua, -1)) {
        lua_pop(lua, 1);
        luaL_addlstring(buffer, start, (size_t)(end - start));
    } else {
        luaL_argcheck(lua, lua_isstring(lua, -1), 3, "gives something that is no text");
        luaL_addvalue(buffer);
    }
}

int library_gsub(lua_State *lua)
{
    struct matcher m;
    bool anchored;
    const char *pattern = begin(&m, lua, &anchored);
    lua_Integer most = luaL_optinteger(lua, 4, TEXT_MAX);
    lua_Integer count = 0;
    const char *at = m.text;
    luaL_Buffer buffer;

    luaL_argcheck(lua, lua_isstring(lua, 3) || lua_istable(lua, 3) || lua_isfunction(lua, 3), 3,
                  "must be a text, a table or a function");
    luaL_buffinit(lua, &buffer);
    while (count < most) {
        const char *end;

        m.level = 0;
        m.depth = 0;
        end = match_here(&m, at, pattern);
        if (end) {
            sandbox_spend(lua, STEPS_OF_VALUE);
            count++;
            add_replacement(&m, &buffer, at, end);
        }
        if (end && end > at)
            at = end;
        else if (at < m.text_end)
            luaL_addchar(&buffer, *at++);
        else
            break;
        if (luaL_bufflen(&buffer) > TEXT_MAX)
            return sandbox_fail(lua, "gsub: the text would be longer than %d bytes", TEXT_MAX);
        if (anchored)
            break;
    }
    if (luaL_bufflen(&buffer) + (size_t)(m.text_end - at) > TEXT_MAX)
        return sandbox_fail(lua, "gsub: the text would be longer than %d bytes", TEXT_MAX);
    luaL_addlstring(&buffer, at, (size_t)(m.text_end - at));
    luaL_pushresult(&buffer);
    lua_pushinteger(lua, count);
    return 2;
}
