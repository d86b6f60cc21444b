/*
 * The site: garages with their doors, and the partners who may call, as the configuration says them.
 *
 * Immutable once built: a reload builds a new site and swaps it (service/site_registry.h), so a request sees one
 * site from its first line to its last.
 */
#ifndef OSTLER_CORE_GARAGE_H
#define OSTLER_CORE_GARAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/base/zone.h"
#include "runtime/core/door.h"
#include "runtime/core/limits.h"
#include "runtime/core/scope.h"
#include "runtime/core/session.h"

#define GARAGE_NAME_BYTES 128
#define LINE_NAME_BYTES 64

enum garage_state { GARAGE_OPEN, GARAGE_CLOSED, GARAGE_SUSPENDED };

/* An input or output line as the configuration names it. */
struct line_plan {
    char name[LINE_NAME_BYTES]; /* the kernel's line name or an offset in digits; empty: not there */
    bool active_low;
    char bias[16];              /* "pull-up", "pull-down", "disabled", or empty: as it is */
    int64_t debounce_ms;
};

/* Everything about a door that does not change while the runtime runs. */
struct door_plan {
    char garage_id[SLUG_BYTES];
    char id[SLUG_BYTES];
    enum door_kind kind;
    char driver[SLUG_BYTES];    /* a name of drivers/driver_table.h */
    char chip[LINE_NAME_BYTES]; /* gpiod: the chip's label */
    struct line_plan relay;
    struct line_plan open_sensor;
    int64_t pulse_ms;           /* energised this long: 500 unless configured, at most PULSE_MAX_MS */
    int64_t gap_ms;             /* released at least this long between pulses */
    int64_t travel_ms;          /* from shut to open */
    int64_t command_expires_ms; /* 10 s */
    char simulated_fault[16];   /* simulated: the fault at start, or "none" */
};
#define PULSE_MAX_MS 5000 /* no configuration can keep a relay energised for longer */

struct garage {
    char id[SLUG_BYTES];
    char name[GARAGE_NAME_BYTES];
    uint32_t spots;
    char timezone[64];
    char currency[CURRENCY_BYTES];
    struct zone *zone; /* owned by the site */
    struct session_rules rules;
    struct door_plan *doors; /* owned by the site */
    size_t door_count;
};

struct partner {
    char id[SLUG_BYTES];
    scope_set scopes; /* what its tokens can have at most */
    uint32_t requests_per_minute; /* 0: no limit */
};

struct site {
    struct garage *garages;
    size_t garage_count;
    struct partner *partners; /* the built-in "staff" included */
    size_t partner_count;
};

/* Free the site and all that it owns; accepts NULL. */
void site_destroy(struct site *site);

/* NULL where there is none. Results are borrowed from the site. */
const struct garage *site_find_garage(const struct site *site, const char *garage_id);
const struct partner *site_find_partner(const struct site *site, const char *partner_id);
const struct door_plan *garage_find_door(const struct garage *garage, const char *door_id);

/*
 * The door of this kind that a request means: the one named, or the only one of its kind.
 * OST_NOT_FOUND: no such door. OST_INVALID: it is of another kind. OST_CONFLICT: none named, and there are several.
 * With none named and none of the kind: OST_NOT_FOUND.
 */
enum ost_status garage_choose_door(const struct garage *garage, const char *door_id_or_null, enum door_kind kind,
                                   const struct door_plan **out) OST_MUST_CHECK;

const char *garage_state_text(enum garage_state state);
enum ost_status garage_state_parse(const char *text, enum garage_state *out) OST_MUST_CHECK;

#endif
