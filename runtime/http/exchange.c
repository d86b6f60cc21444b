#include "runtime/http/exchange.h"

#include <stdio.h>
#include <string.h>

#include "runtime/base/log.h"
#include "runtime/base/text.h"
#include "runtime/core/decision.h"
#include "runtime/http/exchange_internal.h"
#include "runtime/http/validation.h"

const struct http_request *exchange_request(const struct http_exchange *exchange)
{
    return &exchange->request;
}

/* ---- the query ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool exchange_percent_decode(const char *text, size_t length, bool plus_is_space, char *out, size_t bytes)
{
    size_t made = 0;

    for (size_t i = 0; i < length; i++) {
        char c = text[i];

        if (c == '%') {
            if (i + 2 >= length || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
                return false;
            c = (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0' || made + 1 >= bytes)
            return false;
        out[made++] = c;
    }
    out[made] = '\0';
    return true;
}

/* Is this text of a query, decoded, the name? */
static bool is_name(const char *text, size_t length, const char *name)
{
    char decoded[32];

    return exchange_percent_decode(text, length, true, decoded, sizeof(decoded)) && strcmp(decoded, name) == 0;
}

const char *exchange_query_value(struct http_exchange *exchange, const char *name, bool *malformed)
{
    const char *at = exchange->request.query;
    const char *found = NULL;
    size_t found_length = 0;
    char *text = exchange->query_text + exchange->query_used;

    while (*at) {
        size_t length = strcspn(at, "&");
        size_t name_length = strcspn(at, "=&");

        if (is_name(at, name_length, name)) { /* without a '=' its value is empty */
            if (found && malformed)
                *malformed = true;
            found = at + name_length + (name_length < length);
            found_length = length - name_length - (name_length < length);
        }
        at += length + (at[length] == '&');
    }
    if (!found)
        return NULL;
    if (!exchange_percent_decode(found, found_length, true, text, sizeof(exchange->query_text) - exchange->query_used) ||
        !text_is_utf8(text)) {
        if (malformed)
            *malformed = true;
        return NULL;
    }
    exchange->query_used += strlen(text) + 1;
    return text;
}

/* ---- answering ---- */

struct json_writer *exchange_body(struct http_exchange *exchange)
{
    return &exchange->body;
}

void exchange_header(struct http_exchange *exchange, const char *name, const char *value)
{
    if (exchange->header_count == HEADERS_OF_OURS_MAX) {
        log_error("http", "too many headers in an answer: %s is left out", name);
        return;
    }
    exchange->headers[exchange->header_count].name = name;
    snprintf(exchange->headers[exchange->header_count].value, sizeof(exchange->headers[0].value), "%s", value);
    exchange->header_count++;
}

static const char *status_phrase(unsigned status)
{
    static const struct {
        unsigned status;
        const char *phrase;
    } phrases[] = {
        {200, "OK"}, {201, "Created"}, {202, "Accepted"}, {204, "No Content"}, {400, "Bad Request"}, {401, "Unauthorized"},
        {403, "Forbidden"}, {404, "Not Found"}, {405, "Method Not Allowed"}, {409, "Conflict"}, {411, "Length Required"},
        {413, "Content Too Large"}, {414, "URI Too Long"}, {415, "Unsupported Media Type"}, {422, "Unprocessable Content"},
        {429, "Too Many Requests"}, {431, "Request Header Fields Too Large"}, {500, "Internal Server Error"},
        {503, "Service Unavailable"},
    };

    for (size_t i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "Unknown";
}

/* The head of the answer; its length, or 0 where it does not fit. */
static size_t write_head(const struct http_exchange *exchange, unsigned status, const char *content_type, size_t length,
                         char head[HEAD_BYTES])
{
    bool is_api = strncmp(exchange->request.path, "/v1", 3) == 0;
    char content_length[48] = "";
    int at;

    if (status != 204) /* RFC 9110, 8.6 */
        snprintf(content_length, sizeof(content_length), "Content-Length: %zu\r\n", length);
    at = snprintf(head, HEAD_BYTES, "HTTP/1.1 %u %s\r\n%sX-Request-Id: %s\r\nX-Content-Type-Options: nosniff\r\n%s%s", status,
                  status_phrase(status), content_length, exchange->request.request_id,
                  is_api ? "Cache-Control: no-store\r\n" : "", exchange->must_close ? "Connection: close\r\n" : "");

    if (content_type)
        at += snprintf(head + at, HEAD_BYTES - (size_t)at, "Content-Type: %s\r\n", content_type);
    for (size_t i = 0; i < exchange->header_count && at < HEAD_BYTES; i++)
        at += snprintf(head + at, HEAD_BYTES - (size_t)at, "%s: %s\r\n", exchange->headers[i].name, exchange->headers[i].value);
    if (at + 2 >= HEAD_BYTES)
        return 0;
    memcpy(head + at, "\r\n", 2);
    return (size_t)at + 2;
}

/*
 * One write for the whole answer: with TCP_NODELAY two would be two packets. The worker's buffer begins with room for a
 * head, so that a body which stands behind it needs no copy.
 */
static void send_answer(struct http_exchange *exchange, unsigned status, const char *content_type, const char *bytes,
                        size_t length)
{
    char head[HEAD_BYTES];
    char *buffer = exchange->worker->buffer;
    char *body = buffer + HEAD_BYTES;
    size_t head_length = write_head(exchange, status, content_type, length, head);
    size_t sent = exchange->is_head ? 0 : length;

    exchange->answered = true;
    exchange->status = status;
    if (head_length == 0) {
        log_error("http", "the head of an answer is too long");
        exchange->must_close = true;
        return;
    }
    if (exchange->must_close)
        mg_disable_connection_keep_alive(exchange->connection);
    if (bytes != body && sent <= GUARD_BUFFER_BYTES - HEAD_BYTES) {
        if (sent > 0)
            memmove(body, bytes, sent);
        bytes = body;
    }
    if (bytes == body) {
        memcpy(body - head_length, head, head_length);
        mg_write(exchange->connection, body - head_length, head_length + sent);
    } else {
        mg_write(exchange->connection, head, head_length);
        mg_write(exchange->connection, bytes, sent);
    }
}

void exchange_send(struct http_exchange *exchange, unsigned status, const char *content_type, const char *bytes,
                   size_t length)
{
    send_answer(exchange, status, content_type, bytes, length);
}

void exchange_send_json(struct http_exchange *exchange, unsigned status)
{
    if (exchange->body.overflow) {
        log_error("http", "request %s: the answer is too long", exchange->request.request_id);
        exchange_problem(exchange, PROBLEM_INTERNAL_ERROR, NULL);
        return;
    }
    send_answer(exchange, status, "application/json", exchange->body.bytes, exchange->body.length);
}

void exchange_send_empty(struct http_exchange *exchange, unsigned status)
{
    send_answer(exchange, status, NULL, "", 0);
}

/* ---- problems ---- */

static void write_type(struct json_writer *body, const char *code)
{
    char type[64] = "/problems/";
    size_t length = strlen(type);

    for (; *code && length + 1 < sizeof(type); code++)
        type[length++] = *code == '_' ? '-' : *code;
    type[length] = '\0';
    json_put_string(body, "type", type);
}

static void write_decision(struct json_writer *body, const struct decision *decision)
{
    const struct decision_reason *reason = &decision->reasons[0];

    json_put_uuid(body, "decisionId", decision->id);
    if (decision->reason_count == 0)
        return;
    json_name(body, "policy");
    json_begin_object(body);
    json_put_string(body, "name", reason->policy);
    json_put_integer(body, "revision", reason->revision);
    json_put_integer(body, "rule", reason->line);
    json_end_object(body);
}

void exchange_problem(struct http_exchange *exchange, enum problem_code code, const char *detail)
{
    exchange_problem_with(exchange, code, detail, NULL);
}

void exchange_problem_with(struct http_exchange *exchange, enum problem_code code, const char *detail,
                           const struct problem_extras *extras)
{
    static const struct problem_extras none = {.retry_after_s = 0};
    const struct problem_kind *kind = problem_kind(code);
    struct json_writer *body = &exchange->body;
    const char *text = kind->code;

    if (!extras)
        extras = &none;
    if (code == PROBLEM_DENIED_BY_POLICY && extras->decision && extras->decision->reason_count > 0) {
        text = extras->decision->reasons[0].code;
        detail = extras->decision->reasons[0].text;
    }
    json_writer_init(body, body->bytes, body->capacity);
    json_begin_object(body);
    write_type(body, text);
    json_put_string(body, "title", kind->title);
    json_put_integer(body, "status", kind->status);
    json_put_string(body, "detail", detail && detail[0] ? detail : kind->detail);
    json_put_string(body, "instance", exchange->request.request_id);
    json_put_string(body, "code", text);
    json_put_boolean(body, "retryable", kind->retryable || extras->is_retryable);
    if (extras->validation)
        validation_write(extras->validation, body);
    if (extras->decision)
        write_decision(body, extras->decision);
    json_end_object(body);
    if (kind->status == 429 || kind->status == 503) {
        char seconds[16];
        unsigned wait_s = extras->retry_after_s ? extras->retry_after_s : kind->retry_after_s;

        snprintf(seconds, sizeof(seconds), "%u", wait_s > 0 ? wait_s : 1);
        exchange_header(exchange, "Retry-After", seconds);
    }
    send_answer(exchange, kind->status, "application/problem+json", body->bytes, body->length);
}
