/*
 * Where in the text a key stands. Lua tells the line of a section's call only; for the line of a key the text is scanned
 * once more, by its brackets: a key of another section, a comment or a text in quotes must not be taken for it.
 */
#include <ctype.h>
#include <string.h>

#include "runtime/app/configuration_keys.h"

static bool is_word(char letter)
{
    return isalnum((unsigned char)letter) || letter == '_';
}

/* Behind the long bracket, [[...]] or [=[...]=], that begins at text; NULL where none does. */
static const char *skip_long_bracket(const char *text, const char *end)
{
    size_t level = text + 1 < end ? strspn(text + 1, "=") : 0;

    if (*text != '[' || text + 1 + level >= end || text[1 + level] != '[')
        return NULL;
    for (text += 2 + level; text + 1 + level < end; text++) {
        if (*text == ']' && strspn(text + 1, "=") == level && text[1 + level] == ']')
            return text + 2 + level;
    }
    return end;
}

/* Behind the text in quotes, the long text or the comment that begins at text; text itself where none does. */
static const char *skip_opaque(const char *text, const char *end)
{
    const char *behind;
    char quote = *text;

    if (text + 1 < end && text[0] == '-' && text[1] == '-') {
        behind = text + 2 < end ? skip_long_bracket(text + 2, end) : NULL;
        if (!behind)
            behind = memchr(text, '\n', (size_t)(end - text));
        return behind ? behind : end;
    }
    if (quote != '"' && quote != '\'') {
        behind = skip_long_bracket(text, end);
        return behind ? behind : text;
    }
    for (text++; text < end && *text != quote && *text != '\n'; text++)
        text += *text == '\\' && text + 1 < end;
    return text < end ? text + 1 : end;
}

/* `name {`, `name({` or `name = {` begins at text: behind its brace; else NULL. */
static const char *opening_of(const char *text, const char *end, const char *name)
{
    size_t length = strlen(name);

    if ((size_t)(end - text) <= length || strncmp(text, name, length) != 0 || is_word(text[length]))
        return NULL;
    text += length;
    text += strspn(text, " \t\r\n");
    text += *text == '=' || *text == '(';
    text += strspn(text, " \t\r\n");
    return *text == '{' ? text + 1 : NULL;
}

/* From behind a section's brace to its end: `key =` that is the section's own, not an inner table's; NULL: it has none. */
static const char *find_key(const char *text, const char *end, const char *key)
{
    size_t length = strlen(key);
    int depth = 1;

    while (text < end && depth > 0) {
        const char *behind = skip_opaque(text, end);

        if (behind > text) {
            text = behind;
            continue;
        }
        if (depth == 1 && strncmp(text, key, length) == 0 && !is_word(text[-1]) && !is_word(text[length]) &&
            text[length + strspn(text + length, " \t")] == '=')
            return text;
        depth += *text == '{' || *text == '(';
        depth -= *text == '}' || *text == ')';
        text++;
    }
    return NULL;
}

int configuration_line_of(const struct keys *keys, const char *key)
{
    const char *text = keys->context->text;
    const char *end = text + keys->context->length;
    int before = keys->before;
    int line = 1;

    if (!key || keys->context->report->count >= CONFIGURATION_PROBLEMS_MAX) /* nobody will be shown more */
        return keys->line;
    for (const char *at = text; at < end && line <= keys->line; at++) {
        const char *brace = line == keys->line && (at == text || !is_word(at[-1])) ? opening_of(at, end, keys->section) : NULL;
        const char *found = brace && before-- == 0 ? find_key(brace, end, key) : NULL;

        for (; found && at < found; at++)
            line += *at == '\n';
        if (found)
            return line;
        line += *at == '\n';
    }
    return keys->line;
}
