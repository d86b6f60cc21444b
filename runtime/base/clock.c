#include "runtime/base/clock.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/timex.h>
#include <time.h>

/* Ostler did not exist before: a clock that says so was never set. 2026-01-01. */
#define FIRST_MS INT64_C(1767225600000)
#define TRUST_KEPT_NS INT64_C(1000000000)

static int64_t system_wall_ms(struct clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t system_monotonic_ns(struct clock *clock)
{
    struct timespec now;

    (void)clock;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Asked of the kernel at most once a second: events are made far more often. */
static bool kernel_is_synced(void)
{
    static _Atomic int64_t asked_ns;
    static _Atomic bool synced;
    int64_t now_ns = system_monotonic_ns(NULL);
    int64_t last_ns = atomic_load_explicit(&asked_ns, memory_order_relaxed);

    if (last_ns == 0 || now_ns - last_ns > TRUST_KEPT_NS) {
        struct timex state = {.modes = 0};
        int result = adjtimex(&state);

        atomic_store(&synced, result >= 0 && result != TIME_ERROR && !(state.status & STA_UNSYNC));
        atomic_store(&asked_ns, now_ns);
    }
    return atomic_load(&synced);
}

static enum clock_trust system_trust(struct clock *clock)
{
    int64_t floor_ms = atomic_load(&clock->floor_ms);
    int64_t now_ms = system_wall_ms(clock);

    if (now_ms < floor_ms || now_ms < FIRST_MS)
        return CLOCK_UNSYNCED;
    return kernel_is_synced() ? CLOCK_SYNCED : CLOCK_HOLDOVER;
}

void clock_init_system(struct clock *clock)
{
    clock->wall_ms = system_wall_ms;
    clock->monotonic_ns = system_monotonic_ns;
    clock->trust = system_trust;
    atomic_init(&clock->floor_ms, 0);
}

static int64_t manual_wall_ms(struct clock *clock)
{
    return atomic_load(&((struct manual_clock *)clock)->wall_ms);
}

static int64_t manual_monotonic_ns(struct clock *clock)
{
    return atomic_load(&((struct manual_clock *)clock)->monotonic_ns);
}

static enum clock_trust manual_trust(struct clock *clock)
{
    return (enum clock_trust)atomic_load(&((struct manual_clock *)clock)->trust);
}

void clock_init_manual(struct manual_clock *clock, int64_t wall_ms)
{
    clock->base.wall_ms = manual_wall_ms;
    clock->base.monotonic_ns = manual_monotonic_ns;
    clock->base.trust = manual_trust;
    atomic_init(&clock->base.floor_ms, 0);
    atomic_init(&clock->wall_ms, wall_ms);
    atomic_init(&clock->monotonic_ns, INT64_C(1000000000));
    atomic_init(&clock->trust, CLOCK_SYNCED);
}

void manual_clock_advance(struct manual_clock *clock, int64_t milliseconds)
{
    atomic_fetch_add(&clock->wall_ms, milliseconds);
    atomic_fetch_add(&clock->monotonic_ns, milliseconds * 1000000);
}

int64_t clock_wall_ms(struct clock *clock)
{
    return clock->wall_ms(clock);
}

int64_t clock_monotonic_ns(struct clock *clock)
{
    return clock->monotonic_ns(clock);
}

int64_t clock_monotonic_ms(struct clock *clock)
{
    return clock->monotonic_ns(clock) / 1000000;
}

enum clock_trust clock_trust(struct clock *clock)
{
    return clock->trust(clock);
}

void clock_raise_floor(struct clock *clock, int64_t wall_ms)
{
    int64_t floor_ms = atomic_load(&clock->floor_ms);

    while (wall_ms > floor_ms && !atomic_compare_exchange_weak(&clock->floor_ms, &floor_ms, wall_ms))
        ;
}

int64_t clock_judging_ms(struct clock *clock)
{
    int64_t now_ms = clock_wall_ms(clock);
    int64_t floor_ms = atomic_load(&clock->floor_ms);

    return now_ms > floor_ms ? now_ms : floor_ms;
}

const char *clock_trust_text(enum clock_trust trust)
{
    return trust == CLOCK_SYNCED ? "synced" : trust == CLOCK_HOLDOVER ? "holdover" : "unsynced";
}

/* ---- RFC 3339 ---- */

/* Days since 1970-01-01 of a civil date (Gregorian, proleptic), counted in eras of 400 years from 1 March. */
static int64_t days_from_civil(int64_t year, int month, int day)
{
    int64_t y = month <= 2 ? year - 1 : year;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static void put_digits(char *text, int64_t number, int digits)
{
    for (int i = digits - 1; i >= 0; i--) {
        text[i] = (char)('0' + number % 10);
        number /= 10;
    }
}

void clock_format(int64_t wall_ms, char text[CLOCK_TEXT_BYTES])
{
    static const char shape[] = "0000-00-00T00:00:00.000Z";
    int64_t days = (wall_ms >= 0 ? wall_ms : wall_ms - 86399999) / 86400000;
    int64_t of_day = wall_ms - days * 86400000;
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;

    memcpy(text, shape, sizeof(shape));
    put_digits(text, yoe + era * 400 + (month <= 2), 4);
    put_digits(text + 5, month, 2);
    put_digits(text + 8, doy - (153 * mp + 2) / 5 + 1, 2);
    put_digits(text + 11, of_day / 3600000, 2);
    put_digits(text + 14, of_day / 60000 % 60, 2);
    put_digits(text + 17, of_day / 1000 % 60, 2);
    put_digits(text + 20, of_day % 1000, 3);
}

/* Exactly count digits at *text, which moves on. -1: they are not. */
static int take_digits(const char **text, int count)
{
    int number = 0;

    for (int i = 0; i < count; i++, (*text)++) {
        if (**text < '0' || **text > '9')
            return -1;
        number = number * 10 + (**text - '0');
    }
    return number;
}

static bool take(const char **text, char expected)
{
    if (**text != expected)
        return false;
    (*text)++;
    return true;
}

/* "Z" or "+01:00" at *text, as seconds east of UTC. */
static bool take_offset(const char **text, int *offset_s)
{
    int sign = **text == '-' ? -1 : 1;
    int hours, minutes;

    *offset_s = 0;
    if (**text == 'Z' || **text == 'z') {
        (*text)++;
        return true;
    }
    if (**text != '+' && **text != '-')
        return false;
    (*text)++;
    hours = take_digits(text, 2);
    if (hours < 0 || hours > 23 || !take(text, ':'))
        return false;
    minutes = take_digits(text, 2);
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return minutes >= 0 && minutes < 60;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return month == 2 && leap ? 29 : days[month - 1];
}

enum ost_status clock_parse(const char *text, int64_t *wall_ms)
{
    int year, month, day, hour, minute, second, offset_s;
    int millisecond = 0;

    if ((year = take_digits(&text, 4)) < 0 || !take(&text, '-') || (month = take_digits(&text, 2)) < 1 || month > 12 ||
        !take(&text, '-') || (day = take_digits(&text, 2)) < 1 || day > days_in_month(year, month))
        return OST_INVALID;
    if (*text != 'T' && *text != 't')
        return OST_INVALID;
    text++;
    if ((hour = take_digits(&text, 2)) < 0 || hour > 23 || !take(&text, ':') || (minute = take_digits(&text, 2)) < 0 ||
        minute > 59 || !take(&text, ':') || (second = take_digits(&text, 2)) < 0 || second > 60)
        return OST_INVALID;
    if (*text == '.') {
        int scale = 100;

        text++;
        if (*text < '0' || *text > '9')
            return OST_INVALID;
        for (; *text >= '0' && *text <= '9'; text++, scale /= 10)
            millisecond += (*text - '0') * scale;
    }
    if (!take_offset(&text, &offset_s) || *text)
        return OST_INVALID;
    *wall_ms = ((days_from_civil(year, month, day) * 24 + hour) * 60 + minute) * 60000 + second * 1000 + millisecond -
               (int64_t)offset_s * 1000;
    return OST_OK;
}
