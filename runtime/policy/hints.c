#include "runtime/policy/hints.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define LINE_BYTES 512
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

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

bool hint_is_syntax(const char *message)
{
    return strstr(message, " near ") != NULL; /* Lua's parser names what it met */
}

/* A keyword in other letters: "If", "END". */
static bool has_capital_keyword(const char *text)
{
    static const char *const keywords[] = {"if", "then", "else", "elseif", "end", "function", "local", "return", "for", "while", NULL};

    for (text += strcspn(text, LETTERS); *text; text += strcspn(text, LETTERS)) {
        size_t length = strspn(text, LETTERS);

        for (size_t i = 0; keywords[i]; i++) {
            if (length == strlen(keywords[i]) && strncasecmp(text, keywords[i], length) == 0 && strncmp(text, keywords[i], length) != 0)
                return true;
        }
        text += length;
    }
    return false;
}

static bool has_odd_quotes(const char *text)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == '"';
    return count % 2 == 1;
}

/* `if (...) {` up to this line: the condition is long over where the parser still waits for its end. */
static bool has_braces_of_c(const char *source, size_t length, int line)
{
    char text[LINE_BYTES];

    for (int i = line; i > 0 && i > line - 10; i--) {
        size_t end;

        copy_line(source, length, i, text);
        end = strlen(text);
        while (end > 0 && isspace((unsigned char)text[end - 1]))
            end--;
        if (strstr(text, "if") && end > 0 && text[end - 1] == '{')
            return true;
    }
    return false;
}

/* Habits from other languages and word processors; each hint where the line has it and the message fits. */
static const struct {
    const char *message, *written, *hint;
} habits[] = {
    {"", "!=", "'not equal' is written ~="},
    {"", "&&", "write 'and' for &&, 'or' for || and 'not' for !"},
    {"", "||", "write 'or' for ||, 'and' for && and 'not' for !"},
    {"'!'", "!", "write 'not' for !"},
    {"", "+=", "write x = x + 1 in full"},
    {"", "-=", "write x = x - 1 in full"},
    {"", "++", "write x = x + 1 in full"},
    {"'//'", "//", "a comment begins with --"},
    {"'#'", "#", "a comment begins with --"},
    {"", "\xe2\x80\x9c", "write straight quotes \" and not the curly ones of a word processor"},
    {"", "\xe2\x80\x9d", "write straight quotes \" and not the curly ones of a word processor"},
    {"", "\xe2\x80\x98", "write straight quotes \" and not the curly ones of a word processor"},
    {"", "\xe2\x80\x99", "write straight quotes \" and not the curly ones of a word processor"},
    {"", "\xe2\x80\x9e", "write straight quotes \" and not the curly ones of a word processor"},
    {"", "policy (", "write policy { ... } with curly brackets"},
    {"", "policy(", "write policy { ... } with curly brackets"},
    {"", "name:", "write name = \"...\", with = and not with :"},
    {"", "name :", "write name = \"...\", with = and not with :"},
    {"", "elif ", "write 'elseif' for elif"},
    {"", "def ", "write function on.session_start(visit) ... end"},
    {"'then' expected near '='", "", "two values are compared with =="},
    {"'then' expected near ':'", "", "an if ends its condition with 'then'"},
    {"unfinished string", "", "a text ends on its line, with the quote that it began with"},
    {"'end' expected", "else if", "write 'elseif' as one word"},
    {"'}' expected", "", "between { and } a comma stands behind each member"},
};

static const char *hint_of_message(const char *message, const char *text, const char *source, size_t length, int line)
{
    if (strstr(message, "'then' expected") && has_braces_of_c(source, length, line))
        return "write 'then' for { and 'end' for the } that closes it";
    if (strstr(message, "'then' expected"))
        return "an if ends its condition with 'then'";
    if (strstr(message, "'end' expected"))
        return "every if, for and function has an 'end' of its own; did you write 'else if' for 'elseif', or forget an 'end' above?";
    if (strstr(message, "<eof> expected near 'end'") || strstr(message, "'<eof>' expected near 'end'"))
        return "there is an 'end' too many, here or above";
    if (has_odd_quotes(text))
        return "a text is not closed: look for a missing \" in this line";
    return NULL;
}

const char *hint_for(const char *message, const char *source, size_t length, int line)
{
    char text[LINE_BYTES];

    if (!hint_is_syntax(message))
        return NULL;
    copy_line(source, length, line, text);
    for (size_t i = 0; i < sizeof(habits) / sizeof(habits[0]); i++) {
        if (strstr(message, habits[i].message) && strstr(text, habits[i].written))
            return habits[i].hint;
    }
    if (has_capital_keyword(text))
        return "write if, then, else, end and function in small letters";
    return hint_of_message(message, text, source, length, line);
}
