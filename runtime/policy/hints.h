/* What a syntax error of Lua's probably means, for people who do not know Lua. Private to runtime/policy. */
#ifndef OSTLER_POLICY_HINTS_H
#define OSTLER_POLICY_HINTS_H

#include <stdbool.h>
#include <stddef.h>

/* What to write instead, by Lua's message and the line of the source; NULL: no idea. A static string. */
const char *hint_for(const char *message, const char *source, size_t length, int line);

/* Is this message one of Lua's parser? */
bool hint_is_syntax(const char *message);

#endif
