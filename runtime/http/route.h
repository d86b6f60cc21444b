/*
 * Routes: the one table of what the runtime answers. The server matches against it, the OpenAPI test compares with it.
 */
#ifndef OSTLER_HTTP_ROUTE_H
#define OSTLER_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/core/scope.h"
#include "runtime/http/exchange.h"

enum body_rule {
    BODY_NONE, /* one that is sent is ignored up to its limit */
    BODY_OPTIONAL,
    BODY_REQUIRED,
    BODY_POLICY, /* required, and it may have 64 KiB */
};

struct route {
    enum http_method method;
    const char *pattern;     /* "/v1/sessions/{sessionId}/stop": a parameter is one whole segment, not empty; {+rest} is all that is left */
    bool open;               /* needs no credential */
    scope_set any_of;        /* one of these scopes is enough */
    enum body_rule body;
    bool idempotent_key;     /* Idempotency-Key means something here */
    void (*handle)(struct http_exchange *exchange);
};

/*
 * Find the route of a raw path, exactly: no prefixes, no decoding, no case folding. The parameters are copied to text
 * (text_bytes in all). NULL: none; *allowed is then the OR of the methods that this path has (0: unknown path).
 */
const struct route *route_find(const struct route *routes, size_t count, enum http_method method, const char *path,
                               const char *parameters[PATH_PARAMETERS_MAX], char *text, size_t text_bytes,
                               unsigned *allowed);

/* The runtime's own routes. */
extern const struct route http_routes[];
extern const size_t http_route_count;
/* Those of the metrics' own listener. */
extern const struct route metrics_routes[];
extern const size_t metrics_route_count;

#endif
