#include <stdio.h>

#include "runtime/base/log.h"
#include "runtime/service/desk_internal.h"

/*
 * Cleared by an opening rather than by the cause: only the next car shows that all of it works again, policies, pool and
 * store. An alarm that came and went between two looks of staff would be none; the cleared ones stay listed.
 */
void desk_note_opening(struct session_desk *desk, const struct door_plan *door, const struct door_command *command,
                       const char *degraded)
{
    char subject[FAULT_SUBJECT_BYTES];

    if (command_status_is_final(command->status)) /* it was refused, or never could open */
        return;
    snprintf(subject, sizeof(subject), "door/%s/%s", door->garage_id, door->id);
    if (!degraded) {
        fault_board_clear(desk->parts.faults, subject, "degraded_opening");
        return;
    }
    metric_add(desk->degraded, 1);
    log_warning("desk", "%s is opened degraded: %s", subject, degraded);
    fault_board_raise(desk->parts.faults, subject, "degraded_opening", FAULT_ALARM, degraded);
}
