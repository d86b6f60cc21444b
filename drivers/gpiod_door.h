/*
 * A door behind Linux GPIO lines: a relay output, and where there is one a switch that is active while it is open.
 *
 * The chip is found by its label and the lines by name, or by offset in digits. Both lines are one request, so they
 * come and go together, and the relay's initial level is part of it: taking hold of a line never moves a door.
 */
#ifndef OSTLER_DRIVERS_GPIOD_DOOR_H
#define OSTLER_DRIVERS_GPIOD_DOOR_H

#include "runtime/ports/door_driver.h"

/* OST_INVALID: no chip, no relay, or a bias that there is not. OST_NO_MEMORY. Touches no hardware. */
enum ost_status gpiod_door_create(const struct door_plan *plan, struct door_driver **out,
                                  char problem[static REASON_BYTES]) OST_MUST_CHECK;

#endif
