/*
 * An exchange: one request and its one answer, as handlers see it. No civetweb in sight.
 *
 * The server fills the request part after the gate, the authentication and the body limits have passed; the handler
 * calls exactly one of the answer functions. All on the HTTP worker's thread. Request texts live until the handler returns.
 */
#ifndef OSTLER_HTTP_EXCHANGE_H
#define OSTLER_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/json.h"
#include "runtime/base/uuid.h"
#include "runtime/core/garage.h"
#include "runtime/http/problem.h"
#include "runtime/ports/authenticator.h"

#define PATH_PARAMETERS_MAX 3
#define RESPONSE_BYTES (64 * 1024) /* of a JSON answer; longer ones (lists, metrics, documents) bring their own bytes */

struct http_exchange;

enum http_method { HTTP_GET = 1, HTTP_POST = 2, HTTP_PUT = 4, HTTP_DELETE = 8 }; /* HEAD reaches handlers as GET */

struct http_request {
    enum http_method method;
    const char *path;                             /* the raw target without the query */
    const char *query;                            /* raw, after '?'; "" where there is none */
    const char *parameters[PATH_PARAMETERS_MAX];  /* of the route's {...}, in order */
    const char *body;                             /* whole; NULL where there is none */
    size_t body_length;
    const char *request_id;                       /* for X-Request-Id, problems and logs */
    const char *traceparent;                      /* valid, or "" */
    const char *idempotency_key;                  /* valid, or "" */
    unsigned char digest[32];                     /* of method, path and body, where there is a key */
    int64_t wait_ms;                              /* Prefer: wait=N, 0..10,000 */
    const struct caller *caller;                  /* NULL on a route that needs no credential */
    const struct site *site;                      /* in force for the whole exchange */
    void *context;                                /* the application's, from http_server_settings */
};

const struct http_request *exchange_request(const struct http_exchange *exchange);

/*
 * A value of the query string, percent-decoded and valid UTF-8, in a buffer of the exchange; NULL where it is not there.
 * *malformed (may be NULL) is set where it is there twice or cannot be decoded.
 */
const char *exchange_query_value(struct http_exchange *exchange, const char *name, bool *malformed);

/*
 * Decode %XX (and, in queries, '+'), with a NUL at the end. False: a bad escape, a NUL, or longer than bytes - 1.
 */
bool exchange_percent_decode(const char *text, size_t length, bool plus_is_space, char *out, size_t bytes);

/* ---- answering: once ---- */

/* The exchange's own buffer of RESPONSE_BYTES, to write a JSON body into. */
struct json_writer *exchange_body(struct http_exchange *exchange);
/* A further response header, before the answer; name and value are sane texts of ours. At most 8. */
void exchange_header(struct http_exchange *exchange, const char *name, const char *value);
/* Send what was written to exchange_body() as application/json. An overflow becomes 500 internal_error, and is logged. */
void exchange_send_json(struct http_exchange *exchange, unsigned status);
/* Send other bytes, borrowed for the call. */
void exchange_send(struct http_exchange *exchange, unsigned status, const char *content_type, const char *bytes,
                   size_t length);
/* An answer without a body: 204, or 304. */
void exchange_send_empty(struct http_exchange *exchange, unsigned status);

/* A problem, see problem.h. detail NULL takes the code's own sentence. */
void exchange_problem(struct http_exchange *exchange, enum problem_code code, const char *detail);
/* The same with further members: errors collected by validation.h, a decision, Retry-After other than the code's default. */
struct validation;
struct decision;
struct problem_extras {
    const struct validation *validation; /* members `errors` */
    const struct decision *decision;     /* members `decisionId` and `policy`; its code and text replace the problem's on denial */
    unsigned retry_after_s;              /* 0: the default of the code */
    bool is_retryable;                   /* worth trying again here, though the code as such is not */
};
void exchange_problem_with(struct http_exchange *exchange, enum problem_code code, const char *detail,
                           const struct problem_extras *extras);

#endif
