#include "runtime/base/status.h"

const char *ost_status_text(enum ost_status status)
{
    switch (status) {
    case OST_OK:
        return "ok";
    case OST_NOT_FOUND:
        return "not found";
    case OST_CONFLICT:
        return "conflict";
    case OST_INVALID:
        return "invalid";
    case OST_TOO_LARGE:
        return "too large";
    case OST_DENIED:
        return "denied";
    case OST_BUSY:
        return "busy";
    case OST_TIMEOUT:
        return "timed out";
    case OST_UNCERTAIN:
        return "not decided in time";
    case OST_UNAVAILABLE:
        return "unavailable";
    case OST_NO_SPACE:
        return "no space";
    case OST_IO:
        return "input or output error";
    case OST_CORRUPT:
        return "damaged data";
    case OST_NO_MEMORY:
        return "out of memory";
    }
    return "unknown status";
}
