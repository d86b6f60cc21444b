/* An exchange from the server's side. Private to server.c and exchange.c: the only files that know civetweb. */
#ifndef OSTLER_HTTP_EXCHANGE_INTERNAL_H
#define OSTLER_HTTP_EXCHANGE_INTERNAL_H

#include <civetweb.h>

#include "runtime/http/exchange.h"
#include "runtime/http/guard.h"
#include "runtime/http/route.h"

#define HEAD_BYTES 2048
#define BODY_BYTES_MAX (16 * 1024)
#define POLICY_BYTES_MAX (64 * 1024) /* of a body that brings a policy */
#define HEADERS_OF_OURS_MAX 8
#define QUERY_TEXT_BYTES 2048

struct http_exchange {
    struct http_request request;
    struct mg_connection *connection;
    struct worker *worker;
    bool is_head;          /* the method was HEAD: no body is sent */
    bool must_close;
    bool answered;
    unsigned status;
    struct json_writer body;
    struct {
        const char *name;
        char value[256];
    } headers[HEADERS_OF_OURS_MAX];
    size_t header_count;
    char request_id[130];
    char path[1100];
    char parameters[1100];
    char query_text[QUERY_TEXT_BYTES];
    size_t query_used;
    struct caller caller;
};

#endif
