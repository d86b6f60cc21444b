/* The scopes of the HTTP contract, section 2, as a set. */
#ifndef OSTLER_CORE_SCOPE_H
#define OSTLER_CORE_SCOPE_H

#include <stdbool.h>

#include "runtime/base/status.h"

enum scope {
    SCOPE_SESSIONS_WRITE = 1 << 0,
    SCOPE_SESSIONS_READ = 1 << 1,
    SCOPE_GARAGES_READ = 1 << 2,
    SCOPE_DOORS_OPEN = 1 << 3,
    SCOPE_POLICIES_READ = 1 << 4,
    SCOPE_POLICIES_WRITE = 1 << 5,
    SCOPE_OPERATIONS_READ = 1 << 6,
    SCOPE_OPERATIONS_WRITE = 1 << 7,
    SCOPE_DOORS_MAINTAIN = 1 << 8,
};
#define SCOPES_OF_PARTNERS (SCOPE_SESSIONS_WRITE | SCOPE_SESSIONS_READ | SCOPE_GARAGES_READ | SCOPE_DOORS_OPEN)
#define SCOPES_OF_STAFF 0x1ffu
#define STAFF_PARTNER "staff" /* the built-in partner that alone may hold operators' and technicians' scopes */

typedef unsigned scope_set; /* an OR of enum scope */

/* "sessions:write" and so on; one scope. A static string. */
const char *scope_text(enum scope scope);
/* OST_INVALID: no such scope. */
enum ost_status scope_parse(const char *text, enum scope *out) OST_MUST_CHECK;
/* The scopes separated by spaces (RFC 6749 section 3.3), in the order above. Cut if bytes is too small; 256 is enough. */
void scope_set_format(scope_set scopes, char *text, unsigned bytes);
enum ost_status scope_set_parse(const char *text, scope_set *out) OST_MUST_CHECK;

#endif
