#include "runtime/service/maintenance.h"

#include "runtime/base/log.h"

#define PAGE 32
#define UNREAD_LOCK_MS (24 * 3600 * INT64_C(1000))

/* All locks in force, to their doors. False: not all could be read. */
static bool apply_stored(struct maintenance *self)
{
    struct maintenance_lock locks[PAGE];
    struct maintenance_lock last;
    size_t count = PAGE;

    for (bool is_first = true; count == PAGE; is_first = false) {
        if (self->store->ops->list_maintenance(self->store, clock_wall_ms(self->clock), is_first ? NULL : &last, PAGE, locks,
                                               &count) != OST_OK)
            return false; /* logged where it was born */
        for (size_t i = 0; i < count; i++) {
            if (door_actuator_maintain(self->doors, locks[i].garage_id, locks[i].door_id, locks[i].until_ms) != OST_OK)
                log_warning("doors", "a maintenance lock of %s/%s names a door that is not there", locks[i].garage_id,
                            locks[i].door_id);
        }
        if (count > 0)
            last = locks[count - 1];
    }
    return true;
}

/* Give the entry doors with the lock of unread_until_ms another one; 0: none. Those that a technician locked keep theirs. */
static void move_entries(struct maintenance *self, const struct site *site, int64_t until_ms)
{
    for (size_t g = 0; g < site->garage_count; g++) {
        for (size_t d = 0; d < site->garages[g].door_count; d++) {
            const struct door_plan *plan = &site->garages[g].doors[d];
            struct door_snapshot door;

            if (plan->kind != DOOR_ENTRY || door_actuator_snapshot(self->doors, plan->garage_id, plan->id, &door) != OST_OK ||
                door.maintenance_until_ms != self->unread_until_ms)
                continue;
            if (door_actuator_maintain(self->doors, plan->garage_id, plan->id, until_ms) != OST_OK)
                log_warning("doors", "the entry door %s/%s is not there", plan->garage_id, plan->id);
        }
    }
    self->unread_until_ms = until_ms;
}

bool maintenance_restore(struct maintenance *self, const struct site *site)
{
    if (!apply_stored(self)) {
        move_entries(self, site, clock_wall_ms(self->clock) + UNREAD_LOCK_MS);
        fault_board_raise(self->faults, "store", "maintenance_unknown", FAULT_ALARM,
                          "Maintenance locks cannot be read: all entry doors are locked until they can.");
        return false;
    }
    if (self->unread_until_ms != 0) {
        move_entries(self, site, 0);
        /* Once more: a lock that was set between the reading and the lifting was lifted with the others. */
        if (!apply_stored(self)) {
            move_entries(self, site, clock_wall_ms(self->clock) + UNREAD_LOCK_MS);
            return false;
        }
        fault_board_clear(self->faults, "store", "maintenance_unknown");
    }
    return true;
}
