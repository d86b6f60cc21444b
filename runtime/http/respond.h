/* What handlers share: reading bodies and pages, and the one table from the desk's verdicts to answers. */
#ifndef OSTLER_HTTP_RESPOND_H
#define OSTLER_HTTP_RESPOND_H

#include "runtime/http/api.h"
#include "runtime/http/exchange.h"
#include "runtime/http/validation.h"

struct http_api *api_of(struct http_exchange *exchange);

/*
 * The request's body as a JSON object with none but these members (a NULL ends the list). An absent body is an empty object
 * where the route allows that. NULL: answered already (400), or *validation has the error (no object) and a document exists.
 */
struct json_document *respond_read_body(struct http_exchange *exchange, const char *const *members,
                                        struct validation *validation);
/* Answer 422 where something is wrong. True: it was. */
bool respond_invalid(struct http_exchange *exchange, const struct validation *validation);

/* ?limit= of a list; an error where it is wrong, *malformed where the query is. */
size_t respond_read_limit(struct http_exchange *exchange, struct validation *validation, bool *malformed);
/* ?limit= and ?cursor= of a list. False: answered (422). */
struct page_request {
    size_t limit;
    store_cursor from;
};
bool respond_read_page(struct http_exchange *exchange, struct validation *validation, struct page_request *page);
/* The same for a list of `count` items that is in memory: from begin up to end. next is for respond_send_list(). */
struct slice_request {
    size_t begin, end;
    store_cursor next;
};
bool respond_read_slice(struct http_exchange *exchange, size_t count, struct slice_request *slice);
/* A list's bytes: a bigger buffer than the worker's. NULL: answered (503). Ended and freed by respond_send_list(). */
struct json_writer *respond_begin_list(struct http_exchange *exchange, struct json_writer *list);
/* The same with so many bytes: for items that are long. */
struct json_writer *respond_begin_long_list(struct http_exchange *exchange, struct json_writer *list, size_t bytes_max);
/* The cursor that goes on after this row; 0: no more. */
void respond_send_list(struct http_exchange *exchange, struct json_writer *list, store_cursor next);

/* A fault of the store, or OST_NOT_FOUND with the code for it. */
void respond_status(struct http_exchange *exchange, enum ost_status status, enum problem_code when_not_found);

/* The call as the desk wants it; takes one of the places of those who wait for a door. End with respond_end_call(). */
void respond_begin_call(struct http_exchange *exchange, struct desk_call *call);
void respond_end_call(struct http_exchange *exchange, const struct desk_call *call, const struct desk_answer *answer);
/* Answer what the desk said; 2xx bodies are rendered by render. */
void respond_desk(struct http_exchange *exchange, const struct desk_answer *answer, desk_render_fn *render);

/* Does the caller have this scope? */
bool caller_has(const struct http_exchange *exchange, enum scope scope);
/* The path parameter at index as an id; nil where it is none. */
struct uuid respond_id(struct http_exchange *exchange, size_t index);

#endif
