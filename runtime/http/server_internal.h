/* The server as its two halves see it: server.c lives with civetweb, passage.c takes one request through. Private to them. */
#ifndef OSTLER_HTTP_SERVER_INTERNAL_H
#define OSTLER_HTTP_SERVER_INTERNAL_H

#include <civetweb.h>
#include <stdatomic.h>

#include "runtime/http/guard.h"
#include "runtime/http/server.h"

#define STATUS_CLASSES 6

struct http_server {
    struct http_server_settings settings;
    struct guard *guard;
    struct mg_context *civetweb;
    char address[80];
    _Atomic unsigned in_flight;
    _Atomic bool draining;
    _Atomic bool stack_too_small;
    struct metric **requests; /* of each route and class of status; the last row is of no route */
    struct metric *seconds;
};

/* Take a request through gate, route, authorisation and handler. The status that was sent. Worker thread. */
unsigned passage_answer(struct http_server *server, struct mg_connection *connection);
/*
 * Answer what civetweb would close without a word: `*`, and an absolute form that names another host or port, as it does behind
 * a proxy. Nothing where the connection closes for another reason.
 */
void passage_answer_last(struct http_server *server, struct mg_connection *connection);
/* Answer what civetweb refuses before it is a request to us: a problem with an id, as all others have. */
void passage_answer_unheard(struct http_server *server, struct mg_connection *connection);

#endif
