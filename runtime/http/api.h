/*
 * What the handlers work on: the parts of the running product, put together by runtime/app.
 * It is the `context` of http_server_settings.
 */
#ifndef OSTLER_HTTP_API_H
#define OSTLER_HTTP_API_H

#include <stdatomic.h>

#include "runtime/base/clock.h"
#include "runtime/base/metrics.h"
#include "runtime/base/uuid.h"
#include "runtime/ports/store.h"
#include "runtime/service/door_actuator.h"
#include "runtime/service/fault_board.h"
#include "runtime/service/session_desk.h"
#include "runtime/service/site_registry.h"

struct http_api {
    struct clock *clock;
    struct uuid_generator *ids;
    struct store *store;
    struct session_desk *desk;
    struct door_actuator *doors;
    struct policy_catalog *policies;
    struct fault_board *faults;
    struct metrics *metrics;
    unsigned workers;            /* Prefer: wait takes at most 1/8 of them */
    _Atomic unsigned waiting;    /* exchanges that wait for a door now */
};

#endif
