/* Durations, weekdays and times of day as people write them: in policies, settings, schedules, specs and on the command line. */
#ifndef OSTLER_CORE_TIME_TEXT_H
#define OSTLER_CORE_TIME_TEXT_H

#include <stdbool.h>
#include <stdint.h>

/* "90s", "15min", "2h", "1h 30min", "400d", at most ten years of 366 days, in milliseconds. False: it is none; "" is none. */
bool duration_read(const char *text, int64_t *milliseconds);

/* Take "Mon".."Sun", in any case, from the beginning of *text: 1 Monday .. 7 Sunday; 0: there is none, and *text stays. */
int weekday_take(const char **text);

/* Take "06:00", up to "24:00", in minutes since midnight; -1: there is none, and *text stays. */
int day_minute_take(const char **text);

#endif
