#include "runtime/core/plate.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define PLATE_CHARACTERS 12
#define PLATE_TEXT_MAX 512 /* no plate is written in more bytes, whatever separates its characters */

static bool is_separator(utf8proc_int32_t codepoint)
{
    return codepoint == '-' || codepoint == '.' || codepoint == ' ' ||
           utf8proc_category(codepoint) == UTF8PROC_CATEGORY_ZS;
}

static bool is_letter(utf8proc_int32_t codepoint)
{
    switch (utf8proc_category(codepoint)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
        return true;
    default:
        return false;
    }
}

static utf8proc_int32_t upper(utf8proc_int32_t codepoint)
{
    return codepoint == 0xdf ? codepoint : utf8proc_toupper(codepoint); /* sharp s stays, as the contract says */
}

/* NFC of the text as code points; *out is freed by the caller. Negative: it is not UTF-8. */
static utf8proc_ssize_t compose(const char *text, utf8proc_int32_t **out)
{
    utf8proc_uint8_t *composed = utf8proc_NFC((const utf8proc_uint8_t *)text);
    utf8proc_ssize_t count = -1;
    size_t length;

    if (!composed)
        return -1;
    length = strlen((const char *)composed);
    *out = malloc((length + 1) * sizeof(**out));
    if (*out) {
        count = 0;
        for (size_t at = 0; at < length; count++)
            at += (size_t)utf8proc_iterate(composed + at, (utf8proc_ssize_t)(length - at), &(*out)[count]);
    }
    free(composed);
    return count;
}

enum ost_status plate_normalise(const char *text, char plate[PLATE_BYTES])
{
    utf8proc_int32_t *characters = NULL;
    utf8proc_ssize_t count = strlen(text) <= PLATE_TEXT_MAX ? compose(text, &characters) : -1;
    char made[PLATE_BYTES];
    size_t length = 0;
    unsigned kept = 0;
    bool valid = count > 0;

    for (utf8proc_ssize_t i = 0; i < count && valid; i++) {
        utf8proc_int32_t codepoint = upper(characters[i]);

        if (is_separator(codepoint))
            continue;
        valid = ++kept <= PLATE_CHARACTERS && ((codepoint >= '0' && codepoint <= '9') || is_letter(codepoint));
        if (valid)
            length += (size_t)utf8proc_encode_char(codepoint, (utf8proc_uint8_t *)made + length);
    }
    free(characters);
    if (!valid || kept == 0)
        return OST_INVALID;
    memcpy(plate, made, length);
    plate[length] = '\0';
    return OST_OK;
}

/* The next character of UTF-8 text; a byte that is none counts as itself. 0 at the end. */
static utf8proc_int32_t next_character(const char **text)
{
    utf8proc_int32_t codepoint;
    utf8proc_ssize_t bytes;

    if (!**text)
        return 0;
    bytes = utf8proc_iterate((const utf8proc_uint8_t *)*text, -1, &codepoint);
    if (bytes <= 0) {
        codepoint = (unsigned char)**text;
        bytes = 1;
    }
    *text += bytes;
    return codepoint;
}

static utf8proc_int32_t next_of_glob(const char **glob)
{
    utf8proc_int32_t codepoint;

    do
        codepoint = next_character(glob);
    while (codepoint && is_separator(codepoint));
    return upper(codepoint);
}

/* Two pointers: on a mismatch behind a `*` the star swallows one character more. */
bool plate_matches(const char *plate, const char *glob)
{
    const char *glob_after_star = NULL;
    const char *plate_at_star = NULL;

    for (;;) {
        const char *plate_next = plate;
        const char *glob_next = glob;
        utf8proc_int32_t have = next_character(&plate_next);
        utf8proc_int32_t want = next_of_glob(&glob_next);

        if (want == '*') {
            glob_after_star = glob_next;
            plate_at_star = plate;
            glob = glob_next;
        } else if (have && (want == have || want == '?' || (want == '#' && have >= '0' && have <= '9'))) {
            plate = plate_next;
            glob = glob_next;
        } else if (!have && !want) {
            return true;
        } else if (glob_after_star && *plate_at_star) {
            next_character(&plate_at_star);
            plate = plate_at_star;
            glob = glob_after_star;
        } else {
            return false;
        }
    }
}

bool plate_is_glob(const char *text)
{
    return strpbrk(text, "#?*") != NULL;
}
