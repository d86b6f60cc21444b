#include "runtime/core/scope.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    enum scope scope;
    const char *text;
} scopes_known[] = {
    {SCOPE_SESSIONS_WRITE, "sessions:write"},     {SCOPE_SESSIONS_READ, "sessions:read"},
    {SCOPE_GARAGES_READ, "garages:read"},         {SCOPE_DOORS_OPEN, "doors:open"},
    {SCOPE_POLICIES_READ, "policies:read"},       {SCOPE_POLICIES_WRITE, "policies:write"},
    {SCOPE_OPERATIONS_READ, "operations:read"},   {SCOPE_OPERATIONS_WRITE, "operations:write"},
    {SCOPE_DOORS_MAINTAIN, "doors:maintain"},
};
#define SCOPES_KNOWN (sizeof(scopes_known) / sizeof(scopes_known[0]))

const char *scope_text(enum scope scope)
{
    for (size_t i = 0; i < SCOPES_KNOWN; i++) {
        if (scopes_known[i].scope == scope)
            return scopes_known[i].text;
    }
    return "";
}

enum ost_status scope_parse(const char *text, enum scope *out)
{
    for (size_t i = 0; i < SCOPES_KNOWN; i++) {
        if (strcmp(scopes_known[i].text, text) == 0) {
            *out = scopes_known[i].scope;
            return OST_OK;
        }
    }
    return OST_INVALID;
}

void scope_set_format(scope_set scopes, char *text, unsigned bytes)
{
    size_t length = 0;

    text[0] = '\0';
    for (size_t i = 0; i < SCOPES_KNOWN && length < bytes; i++) {
        if (scopes & scopes_known[i].scope)
            length += (size_t)snprintf(text + length, bytes - length, "%s%s", length ? " " : "", scopes_known[i].text);
    }
}

enum ost_status scope_set_parse(const char *text, scope_set *out)
{
    scope_set scopes = 0;
    char one[32];

    while (*text) {
        size_t length = strcspn(text, " ");
        enum scope scope;

        if (length == 0 || length >= sizeof(one))
            return OST_INVALID;
        memcpy(one, text, length);
        one[length] = '\0';
        if (scope_parse(one, &scope) != OST_OK)
            return OST_INVALID;
        scopes |= scope;
        text += length + (text[length] == ' ');
    }
    *out = scopes;
    return OST_OK;
}
