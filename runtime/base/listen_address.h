/*
 * An address to listen on: "127.0.0.1:8080", "[::1]:8080". Numeric only: what a name resolves to is another machine's to say.
 */
#ifndef OSTLER_BASE_LISTEN_ADDRESS_H
#define OSTLER_BASE_LISTEN_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "runtime/base/status.h"

struct listen_address {
    uint16_t port;    /* 0: any that is free */
    bool is_loopback; /* 127.0.0.0/8 or ::1: reachable from this machine only */
};

/* OST_INVALID: no IPv4 address or IPv6 address in brackets, or no port from 0 to 65535 behind it. Any thread. */
enum ost_status listen_address_parse(const char *text, struct listen_address *out) OST_MUST_CHECK;

#endif
