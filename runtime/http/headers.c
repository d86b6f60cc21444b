#include "runtime/http/headers.h"

#include <string.h>
#include <strings.h>

#define WAIT_MAX_S 10

static bool is_visible(const char *text, size_t longest)
{
    size_t length = 0;

    for (; text[length]; length++) {
        if (text[length] < '!' || text[length] > '~' || length >= longest)
            return false;
    }
    return length > 0;
}

bool header_request_id_is_sane(const char *value)
{
    return is_visible(value, 128) && !strpbrk(value, "\"\\<>");
}

bool header_idempotency_key_is_valid(const char *value)
{
    return is_visible(value, 255);
}

static bool is_hex(const char *text, size_t digits)
{
    for (size_t i = 0; i < digits; i++) {
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    }
    return true;
}

bool header_traceparent_is_valid(const char *value)
{
    return strlen(value) == 55 && strncmp(value, "00-", 3) == 0 && is_hex(value + 3, 32) && value[35] == '-' &&
           is_hex(value + 36, 16) && value[52] == '-' && is_hex(value + 53, 2) && strspn(value + 3, "0") < 32 &&
           strspn(value + 36, "0") < 16;
}

int64_t header_prefer_wait_ms(const char *value)
{
    while (*value) {
        size_t length;

        value += strspn(value, " \t,");
        length = strcspn(value, ",");
        if (strncasecmp(value, "wait", 4) == 0) {
            const char *at = value + 4 + strspn(value + 4, " \t");

            if (*at == '=') {
                int64_t seconds = 0;

                at += 1 + strspn(at + 1, " \t\"");
                if (*at < '0' || *at > '9')
                    return 0;
                for (; *at >= '0' && *at <= '9' && seconds <= WAIT_MAX_S; at++)
                    seconds = seconds * 10 + (*at - '0');
                return (seconds > WAIT_MAX_S ? WAIT_MAX_S : seconds) * 1000;
            }
        }
        value += length;
    }
    return 0;
}

bool header_is_json(const char *value)
{
    static const char json[] = "application/json";

    if (strncasecmp(value, json, sizeof(json) - 1) != 0)
        return false;
    value += sizeof(json) - 1;
    value += strspn(value, " \t");
    return !*value || *value == ';';
}

bool header_keeps_alive(const char *value)
{
    bool keeps = false;

    while (*value) {
        size_t length;

        value += strspn(value, " \t,");
        length = strcspn(value, " \t,");
        if (length == 5 && strncasecmp(value, "close", length) == 0)
            return false;
        keeps |= length == 10 && strncasecmp(value, "keep-alive", length) == 0;
        value += length;
    }
    return keeps;
}

const char *header_bearer(const char *value)
{
    if (strncasecmp(value, "Bearer ", 7) != 0)
        return NULL;
    value += 7;
    value += strspn(value, " ");
    return *value ? value : NULL;
}
