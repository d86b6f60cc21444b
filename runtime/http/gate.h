/*
 * The gate: what a request must look like before anything else reads it. It closes the holes that civetweb's parser leaves:
 * headers that are dropped silently hide a Content-Length, and then a body is read as the next request.
 */
#ifndef OSTLER_HTTP_GATE_H
#define OSTLER_HTTP_GATE_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/http/problem.h"

#define GATE_TARGET_MAX 1024 /* bytes of path and query */

struct gate_header {
    const char *name;
    const char *value;
};

struct gate_request {
    const char *target; /* raw, without the query */
    const char *query;  /* behind the '?', or NULL */
    const struct gate_header *headers;
    size_t header_count;
};

struct gate_result {
    enum problem_code problem;
    bool refused;             /* with problem; the connection is to be closed */
    long long content_length; /* -1: the request has none */
    const char *authorization; /* the one header's value; NULL: none */
    bool authorization_twice;
};

/*
 * Judge a request whose header texts still stand in the buffer that it was parsed from, as civetweb leaves them: each name
 * and value NUL-terminated in place, the last value followed by what ended the header block.
 */
void gate_judge(const struct gate_request *request, struct gate_result *result);

#endif
