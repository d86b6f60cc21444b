/* What a policy may ask for and be granted, as plain values: rights, what happens when it breaks, its schedule, its form. */
#ifndef OSTLER_CORE_POLICY_H
#define OSTLER_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/base/zone.h"

#define POLICY_SOURCE_MAX 8192   /* bytes of one policy's source */
#define POLICY_CPU_MS 5           /* of one call */
#define POLICY_MEMORY_KIB 512     /* of one policy */
#define POLICY_SPEC_MAX 32768    /* bytes of its spec */
#define POLICY_SETTINGS_BYTES 8192 /* of the JSON of its settings, with the NUL */
#define POLICY_ROUTE_BYTES 64
#define SETTINGS_MAX 32          /* of one policy */
#define SETTING_TEXT_BYTES 256
#define POLICY_RESPONSE_BYTES 65536

enum policy_right { RIGHT_OVERRIDE, RIGHT_COUNT };            /* "override" */
enum policy_mode { POLICY_OFF, POLICY_SHADOW, POLICY_ON };    /* "off", "shadow", "on" */
/* How a deployment ended: the words of the event contract. */
enum policy_result { POLICY_ACTIVATED, POLICY_REJECTED, POLICY_ROLLED_BACK, POLICY_QUARANTINED };
/* What is done while a policy is broken. CLOSED and OPEN are for session_start and entries: a broken policy keeps no car in. */
enum policy_fail { FAIL_STANDARD, FAIL_OPEN, FAIL_CLOSED };   /* "standard", "open", "closed" */
enum setting_type { SETTING_NUMBER, SETTING_TEXT, SETTING_BOOLEAN, SETTING_MONEY, SETTING_DURATION, SETTING_HOURS,
                    SETTING_TARIFF, SETTING_PLATES };         /* "number", "text", ... */

/* What on.http answered. */
struct policy_response {
    unsigned status;             /* 0: the policy did not respond */
    size_t length;
    char body[POLICY_RESPONSE_BYTES]; /* JSON; length bytes */
};

/* When on.schedule runs: every interval_ms since midnight, or at a minute of the day, on the weekdays of the mask. */
struct policy_schedule {
    enum { SCHEDULE_NONE, SCHEDULE_EVERY, SCHEDULE_AT } kind;
    int64_t interval_ms;         /* EVERY: a minute to a day */
    int minute;                  /* AT: 0..1439, local time of the garage */
    unsigned weekdays;           /* bits 1 << weekday, 1 Monday .. 7 Sunday; all of them where none was said */
};

/*
 * Read "every 15min", "every 2h", "06:00", "Mon-Fri 06:00", "Sat,Sun 08:30", "Mon every 1h".
 * OST_INVALID: why says what is wrong and what a schedule looks like.
 */
enum ost_status policy_schedule_parse(const char *text, struct policy_schedule *out, char why[static 160]) OST_MUST_CHECK;
/*
 * The first run after a moment: strictly later (wall times). A local time that the clocks skip is run at the moment after the
 * gap; of one that comes twice, only the first. INT64_MAX: never.
 */
int64_t policy_schedule_next(const struct policy_schedule *schedule, const struct zone *zone, int64_t after_ms);

/* "/hello", "/hours/today": segments of a-z, 0-9 and hyphens, at most POLICY_ROUTE_BYTES - 1. */
bool policy_route_is_valid(const char *route);

const char *policy_right_text(enum policy_right right);
enum ost_status policy_right_parse(const char *text, enum policy_right *out) OST_MUST_CHECK;
const char *policy_mode_text(enum policy_mode mode);
enum ost_status policy_mode_parse(const char *text, enum policy_mode *out) OST_MUST_CHECK;
const char *policy_fail_text(enum policy_fail fail);
enum ost_status policy_fail_parse(const char *text, enum policy_fail *out) OST_MUST_CHECK;
const char *policy_result_text(enum policy_result result); /* "activated", "rejected", "rolled_back", "quarantined" */
const char *setting_type_text(enum setting_type type);

#endif
