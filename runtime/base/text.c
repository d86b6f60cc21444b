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
