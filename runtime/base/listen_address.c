#include "runtime/base/listen_address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* Digits only: strtol(3) alone would also take " 80", "+80" and what comes after a number. */
static bool parse_port(const char *text, uint16_t *port)
{
    size_t digits = strspn(text, "0123456789");
    long number = digits > 0 && digits <= 5 && !text[digits] ? strtol(text, NULL, 10) : -1;

    if (number < 0 || number > UINT16_MAX)
        return false;
    *port = (uint16_t)number;
    return true;
}

static bool parse_host(const char *text, size_t length, bool *is_loopback)
{
    char host[INET6_ADDRSTRLEN + 2];
    struct in6_addr six;
    struct in_addr four;

    if (length == 0 || length >= sizeof(host))
        return false;
    memcpy(host, text, length);
    host[length] = '\0';
    if (host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        if (inet_pton(AF_INET6, host + 1, &six) != 1)
            return false;
        *is_loopback = IN6_IS_ADDR_LOOPBACK(&six);
        return true;
    }
    if (inet_pton(AF_INET, host, &four) != 1)
        return false;
    *is_loopback = ntohl(four.s_addr) >> 24 == 127;
    return true;
}

enum ost_status listen_address_parse(const char *text, struct listen_address *out)
{
    const char *colon = strrchr(text, ':');
    struct listen_address parsed = {.port = 0};

    if (!colon || !parse_host(text, (size_t)(colon - text), &parsed.is_loopback) || !parse_port(colon + 1, &parsed.port))
        return OST_INVALID;
    *out = parsed;
    return OST_OK;
}
