/* Texts that must fit: UTF-8 cut between characters, never within one. */
#ifndef OSTLER_BASE_TEXT_H
#define OSTLER_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes of text, at most max, that end with a whole character. text has at least max bytes, or ends before. */
size_t text_whole(const char *text, size_t max);

/* Is text valid UTF-8 (RFC 3629: shortest forms, no surrogates, nothing beyond U+10FFFF)? */
bool text_is_utf8(const char *text);

/* Copy text into out, which has room for `bytes` (at least 1) with the NUL; what does not fit is left away. */
void text_copy(char *out, size_t bytes, const char *text);

#endif
