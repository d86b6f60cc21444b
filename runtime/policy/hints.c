#include "runtime/policy/hints.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 512

static void copy_line(const char *source, size_t length, int line, char out[LINE_BYTES])
{
    const char *end = source + length;

    while (line > 1 && source < end) {
        const char *next = memchr(source, '\n', (size_t)(end - source));

        source = next ? next + 1 : end;
        line--;
    }
    length = (size_t)(end - source);
    if (length > 0 && memchr(source, '\n', length))
        length = (size_t)((const char *)memchr(source, '\n', length) - source);
    snprintf(out, LINE_BYTES, "%.*s", (int)(length < LINE_BYTES ? length : LINE_BYTES - 1), source);
}

/* Only errors of Lua's parser: it names what it met. */
static bool is_syntax(const char *message)
{
    return strstr(message, " near ") || strstr(message, " expected");
}

const char *hint_for(const char *message, const char *source, size_t length, int line)
{
    static const struct {
        const char *written, *hint;
    } habits[] = {
        {"!=", "'not equal' is written ~="},
        {"&&", "write 'and' for &&"},
        {"||", "write 'or' for ||"},
        {"+=", "write x = x + 1 in full"},
        {"-=", "write x = x - 1 in full"},
        {"\xe2\x80\x9c", "write straight quotes \" and not the curly ones of a word processor"},
        {"\xe2\x80\x9d", "write straight quotes \" and not the curly ones of a word processor"},
        {"\xe2\x80\x98", "write straight quotes \" and not the curly ones of a word processor"},
        {"\xe2\x80\x99", "write straight quotes \" and not the curly ones of a word processor"},
    };
    char text[LINE_BYTES];

    if (!is_syntax(message))
        return NULL;
    copy_line(source, length, line, text);
    for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
        if (strstr(text, habits[i].written))
            return habits[i].hint;
    }
    if (strstr(message, "'then' expected near '='"))
        return "two values are compared with ==";
    if (strstr(message, "'then' expected"))
        return "an if ends its condition with 'then'";
    if (strstr(message, "unfinished string"))
        return "a text ends on its line, with the quote that it began with";
    if (strstr(message, "'end' expected") && strstr(text, "else if"))
        return "write 'elseif' as one word";
    if (strstr(message, "'end' expected"))
        return "every if, for and function has an 'end' of its own; did you write 'else if' for 'elseif'?";
    if (strstr(message, "<eof>' expected near 'end'"))
        return "there is an 'end' too many";
    if (strstr(message, "'}' expected"))
        return "the members between { and } have commas between them";
    return NULL;
}
