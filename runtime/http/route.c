#include "runtime/http/route.h"

#include <string.h>

/* Match a path against a pattern; parameters are copied behind each other into text. */
static bool matches(const char *pattern, const char *path, const char *parameters[PATH_PARAMETERS_MAX], char *text,
                    size_t text_bytes)
{
    size_t count = 0;

    while (*pattern && *path) {
        if (*pattern == '{') {
            size_t length = pattern[1] == '+' ? strlen(path) : strcspn(path, "/");

            if (length == 0 || length >= text_bytes || count >= PATH_PARAMETERS_MAX)
                return false;
            memcpy(text, path, length);
            text[length] = '\0';
            parameters[count++] = text;
            text += length + 1;
            text_bytes -= length + 1;
            path += length;
            pattern += strcspn(pattern, "}") + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return !*pattern && !*path;
}

const struct route *route_find(const struct route *routes, size_t count, enum http_method method, const char *path,
                               const char *parameters[PATH_PARAMETERS_MAX], char *text, size_t text_bytes,
                               unsigned *allowed)
{
    *allowed = 0;
    for (size_t i = 0; i < count; i++) {
        if (!matches(routes[i].pattern, path, parameters, text, text_bytes))
            continue;
        if (routes[i].method == method)
            return &routes[i];
        *allowed |= routes[i].method;
    }
    return NULL;
}
