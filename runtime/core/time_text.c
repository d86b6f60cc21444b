#include "runtime/core/time_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DURATION_MAX_MS (INT64_C(3660) * 86400000)

bool duration_read(const char *text, int64_t *milliseconds)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"min", 60000}, {"s", 1000}, {"h", 3600000}, {"d", 86400000}};
    int64_t sum = 0;
    bool found = false;

    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        char *end;
        long number = strtol(text, &end, 10);
        size_t i = 0;

        if (end == text || number < 0 || number > 10000000)
            return false;
        end += strspn(end, " ");
        while (i < 5 && strncmp(end, units[i].unit, strlen(units[i].unit)) != 0)
            i++;
        if (i == 5)
            return false;
        text = end + strlen(units[i].unit);
        if (*text && *text != ' ' && !(*text >= '0' && *text <= '9'))
            return false;
        if (__builtin_add_overflow(sum, number * units[i].ms, &sum)) /* the product is below 10^16 */
            return false;
        found = true;
    }
    *milliseconds = sum;
    return found && sum <= DURATION_MAX_MS;
}

int weekday_take(const char **text)
{
    static const char *const names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

    for (int day = 0; day < 7; day++) {
        if (strncasecmp(*text, names[day], 3) == 0) {
            *text += 3;
            return day + 1;
        }
    }
    return 0;
}

int day_minute_take(const char **text)
{
    int hour, minute, length = 0;

    if (sscanf(*text, "%2d:%2d%n", &hour, &minute, &length) != 2 || hour < 0 || hour > 24 || minute < 0 || minute > 59 ||
        (hour == 24 && minute > 0))
        return -1;
    *text += length;
    return hour * 60 + minute;
}
