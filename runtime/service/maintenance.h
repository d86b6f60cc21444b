/*
 * Maintenance locks outlive a restart: they are read back before anything can open a door.
 *
 * A technician may stand in a locked doorway, and whether one does is not known while the store cannot be read. Then every
 * entry door is locked until it can: who wants in waits. Exits are left as they are, because a fault of ours keeps no car in.
 */
#ifndef OSTLER_SERVICE_MAINTENANCE_H
#define OSTLER_SERVICE_MAINTENANCE_H

#include <stdbool.h>

#include "runtime/base/clock.h"
#include "runtime/core/garage.h"
#include "runtime/ports/store.h"
#include "runtime/service/door_actuator.h"
#include "runtime/service/fault_board.h"

struct maintenance {
    struct clock *clock;
    struct store *store;
    struct door_actuator *doors;
    struct fault_board *faults;
    int64_t unread_until_ms; /* wall; what stands at the entry doors while the locks cannot be read; 0: they were read */
};

/* Put the stored locks in force. False: they cannot be read, the entry doors are locked, a fault is raised; call it again. */
bool maintenance_restore(struct maintenance *maintenance, const struct site *site);

#endif
