/* A blocking keep-alive client over loopback, for tests and benchmarks. One thread at a time. */
#ifndef OSTLER_TESTS_SUPPORT_HTTP_CLIENT_H
#define OSTLER_TESTS_SUPPORT_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#define CLIENT_BYTES (256 * 1024)

struct http_client {
    char host[64];
    int port;
    char source[64];   /* address to call from; empty: any */
    int file;          /* -1: not connected */
    int timeout_ms;    /* of one request */
    int status;        /* of the last answer */
    char *buffer;      /* the last answer: head, NUL-separated from the body */
    const char *head;
    const char *body;  /* NUL-terminated */
    size_t body_length;
};

/* address is "127.0.0.1:8080". False without memory. */
bool client_init(struct http_client *client, const char *address);
void client_finish(struct http_client *client);
void client_close(struct http_client *client);

/*
 * Send a request and read its answer; the connection is made, kept and, once, made again where the other side had
 * closed it before the request was sent. token and body may be NULL; headers is "Name: value\r\n..." or "".
 * False: no whole answer came (status is 0 then).
 */
bool client_call(struct http_client *client, const char *method, const char *path, const char *token, const char *headers,
                 const char *body);
/* Send bytes as they are, and read one answer. */
bool client_raw(struct http_client *client, const char *bytes, size_t length);
/* A header of the last answer into value; false: it has none. */
bool client_header(const struct http_client *client, const char *name, char *value, size_t bytes);
/* The text of a member "name":"..." of the last body, wherever it stands first; "" where it is not. */
void client_member(const struct http_client *client, const char *name, char *value, size_t bytes);

/* Connect only: a socket for tests that speak for themselves; -1. */
int client_connect(const char *host, int port, const char *source);

#endif
