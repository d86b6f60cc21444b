#include "runtime/core/limits.h"

#include <stddef.h>
#include <string.h>
#include <utf8proc.h>

static bool is_small(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool slug_is_valid(const char *text)
{
    size_t length = text ? strlen(text) : 0;

    if (length == 0 || length >= SLUG_BYTES || text[0] == '-')
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_small(text[i]) && !is_digit(text[i]) && text[i] != '-')
            return false;
    }
    return true;
}

bool code_is_valid(const char *text)
{
    size_t length = text ? strlen(text) : 0;

    if (length == 0 || length >= CODE_BYTES || !is_small(text[0]))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_small(text[i]) && !is_digit(text[i]) && text[i] != '_')
            return false;
    }
    return true;
}

static bool is_printable(utf8proc_int32_t codepoint)
{
    switch (utf8proc_category(codepoint)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return false;
    default:
        return true;
    }
}

bool user_id_is_valid(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    size_t at = 0;
    unsigned characters = 0;

    if (length == 0 || length >= USER_ID_BYTES)
        return false;
    while (at < length) {
        utf8proc_int32_t codepoint;
        utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(length - at), &codepoint);

        if (bytes <= 0 || !is_printable(codepoint) || ++characters > 128)
            return false;
        at += (size_t)bytes;
    }
    return true;
}

bool sentence_is_valid(const char *text)
{
    size_t length = text ? strlen(text) : 0;
    size_t at = 0;
    bool seen = false;

    while (at < length) {
        utf8proc_int32_t codepoint;
        utf8proc_ssize_t bytes = utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(length - at), &codepoint);
        bool is_joiner = bytes > 0 && utf8proc_category(codepoint) == UTF8PROC_CATEGORY_CF; /* within emoji, for one */

        if (bytes <= 0 || (!is_joiner && !is_printable(codepoint)))
            return false;
        seen |= !is_joiner && utf8proc_category(codepoint) != UTF8PROC_CATEGORY_ZS;
        at += (size_t)bytes;
    }
    return seen;
}
