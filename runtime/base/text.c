#include "runtime/base/text.h"

#include <string.h>

static size_t bytes_of_character(unsigned char first)
{
    return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

/* Only the last character can be cut: it begins at most three bytes before the end. What is no UTF-8 is cut anywhere. */
size_t text_whole(const char *text, size_t max)
{
    size_t length = strnlen(text, max);
    size_t start = length;

    while (start > 0 && length - start < 3 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return length;
    start--;
    return start + bytes_of_character((unsigned char)text[start]) > length ? start : length;
}

void text_copy(char *out, size_t bytes, const char *text)
{
    size_t length = text_whole(text, bytes - 1);

    memcpy(out, text, length);
    out[length] = '\0';
}

bool text_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at) {
        size_t length = bytes_of_character(*at);
        unsigned char least = *at == 0xe0 ? 0xa0 : *at == 0xf0 ? 0x90 : 0x80;
        unsigned char most = *at == 0xed ? 0x9f : *at == 0xf4 ? 0x8f : 0xbf;

        if (*at > 0xf4 || (*at >= 0x80 && *at < 0xc2) || (length > 1 && (at[1] < least || at[1] > most)))
            return false;
        for (size_t i = 2; i < length; i++) { /* a NUL is no continuation, so this ends with the text */
            if ((at[i] & 0xc0) != 0x80)
                return false;
        }
        at += length;
    }
    return true;
}
