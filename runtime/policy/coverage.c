/*
 * The lines come from the compiled chunk as lua_dump() writes it. Its form is that of Lua 5.4 (ldump.c, lundump.h): the same in
 * all its releases, as the version and format bytes in its head say, which are checked.
 */
#include "runtime/policy/coverage.h"

#include <lauxlib.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_BYTES (4 + 1 + 1 + 6 + 3 + 8 + 8)
#define LINE_IS_ABSOLUTE (-0x80)

struct dump {
    unsigned char *bytes;
    size_t length, at;
    bool is_bad;
    unsigned char *lines;
    size_t line_max;
};

static int append(lua_State *lua, const void *bytes, size_t length, void *context)
{
    struct dump *dump = context;
    unsigned char *grown = realloc(dump->bytes, dump->length + length + 1);

    (void)lua;
    if (!grown)
        return 1;
    memcpy(grown + dump->length, bytes, length);
    dump->bytes = grown;
    dump->length += length;
    return 0;
}

static unsigned char take_byte(struct dump *dump)
{
    if (dump->at >= dump->length) {
        dump->is_bad = true;
        return 0x80; /* ends every number */
    }
    return dump->bytes[dump->at++];
}

static void skip(struct dump *dump, size_t count)
{
    if (count > dump->length - dump->at) {
        dump->is_bad = true;
        count = dump->length - dump->at;
    }
    dump->at += count;
}

/* Seven bits a byte, the highest first; the last byte has its top bit set. */
static size_t take_size(struct dump *dump)
{
    size_t value = 0;
    unsigned char byte;

    do {
        byte = take_byte(dump);
        value = value << 7 | (byte & 0x7f);
    } while (!(byte & 0x80));
    return value;
}

static void skip_text(struct dump *dump)
{
    size_t size = take_size(dump);

    skip(dump, size > 0 ? size - 1 : 0);
}

static void skip_constants(struct dump *dump)
{
    for (size_t count = take_size(dump); count > 0 && !dump->is_bad; count--) {
        unsigned char tag = take_byte(dump);

        if (tag == LUA_TNUMBER || tag == (LUA_TNUMBER | 0x10))
            skip(dump, 8);
        else if (tag == LUA_TSTRING || tag == (LUA_TSTRING | 0x10))
            skip_text(dump);
    }
}

static void mark(struct dump *dump, long line)
{
    if (line > 0 && (size_t)line <= dump->line_max)
        dump->lines[line] = 1;
}

/* The lines of a function's instructions, but for its last, which returns where nothing returned before. */
static void read_lines(struct dump *dump, long first_line)
{
    size_t count = take_size(dump), at = dump->at, absolutes;
    long line = first_line;

    skip(dump, count);
    absolutes = take_size(dump);
    for (size_t i = 0; i < count && !dump->is_bad; i++) {
        signed char step = (signed char)dump->bytes[at + i];

        if (step == LINE_IS_ABSOLUTE && absolutes > 0) {
            take_size(dump); /* the instruction */
            line = (long)take_size(dump);
            absolutes--;
        } else {
            line += step;
        }
        if (i + 1 < count)
            mark(dump, line);
    }
    for (; absolutes > 0 && !dump->is_bad; absolutes--) {
        take_size(dump);
        take_size(dump);
    }
}

static void read_function(struct dump *dump, int depth)
{
    long first_line;

    skip_text(dump);
    first_line = (long)take_size(dump);
    take_size(dump); /* its last line */
    skip(dump, 3);   /* parameters, varargs, stack */
    skip(dump, take_size(dump) * 4);
    skip_constants(dump);
    skip(dump, take_size(dump) * 3);
    for (size_t count = take_size(dump); count > 0 && !dump->is_bad && depth < 200; count--)
        read_function(dump, depth + 1);
    read_lines(dump, first_line);
    for (size_t count = take_size(dump); count > 0 && !dump->is_bad; count--) {
        skip_text(dump);
        take_size(dump);
        take_size(dump);
    }
    for (size_t count = take_size(dump); count > 0 && !dump->is_bad; count--)
        skip_text(dump);
}

bool coverage_find_code(const char *text, size_t length, unsigned char *lines, size_t max)
{
    struct dump dump = {.lines = lines, .line_max = max};
    lua_State *lua = luaL_newstate(); /* it only compiles: nothing of the text runs */
    bool fine = lua && luaL_loadbufferx(lua, text, length, "=policy", "t") == LUA_OK && lua_dump(lua, append, &dump, 0) == 0 &&
                dump.length > HEAD_BYTES && dump.bytes[4] == 0x54 && dump.bytes[5] == 0;

    if (fine) {
        dump.at = HEAD_BYTES;
        take_byte(&dump); /* upvalues */
        read_function(&dump, 0);
        fine = !dump.is_bad;
    }
    if (lua)
        lua_close(lua);
    free(dump.bytes);
    return fine;
}
