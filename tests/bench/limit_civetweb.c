/* bench-civetweb WORKERS: civetweb alone, with the product's options, answering the same bytes to everything. */
#include <civetweb.h>
#include <signal.h>
#include <stdio.h>

static int on_request(struct mg_connection *connection)
{
    /* As long as the product's answer to the same question. */
    static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 126\r\n"
                                 "X-Request-Id: 019bf5a0-0000-7000-8000-000000000000\r\nCache-Control: no-store\r\n\r\n"
                                 "{\"garageId\":\"north\",\"state\":\"open\",\"capacity\":5100000,\"occupied\":1000000,"
                                 "\"free\":4100000,\"observedAt\":\"2026-01-01T00:00:00.000Z\"}";

    mg_write(connection, answer, sizeof(answer) - 1);
    return 200;
}

int main(int count, char **arguments)
{
    struct mg_callbacks callbacks = {.begin_request = on_request};
    const char *options[] = {
        "listening_ports",
        "127.0.0.1:0",
        "num_threads",
        count > 1 ? arguments[1] : "64",
        "enable_keep_alive",
        "yes",
        "keep_alive_timeout_ms",
        "5000",
        "request_timeout_ms",
        "3000",
        "tcp_nodelay",
        "1",
        "connection_queue",
        "64",
        "listen_backlog",
        "256",
        "decode_url",
        "no",
        NULL,
    };
    struct mg_server_port port;
    struct mg_context *civetweb;
    sigset_t end;
    int signal;

    sigemptyset(&end);
    sigaddset(&end, SIGTERM);
    sigprocmask(SIG_BLOCK, &end, NULL);
    mg_init_library(0);
    civetweb = mg_start(&callbacks, NULL, options);
    if (!civetweb || mg_get_server_ports(civetweb, 1, &port) != 1)
        return 1;
    printf("listening on http://127.0.0.1:%d\n", port.port);
    fflush(stdout);
    sigwait(&end, &signal);
    mg_stop(civetweb);
    return 0;
}
