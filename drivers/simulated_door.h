/*
 * A door without hardware: it travels, its sensor sees it exactly, its controller closes it after a few seconds, and it
 * can be told to fail. A real driver, kept for demos, training and load tests.
 */
#ifndef OSTLER_DRIVERS_SIMULATED_DOOR_H
#define OSTLER_DRIVERS_SIMULATED_DOOR_H

#include "runtime/ports/door_driver.h"

#define SIMULATED_OPEN_MS 4000  /* its controller closes it after so long */
#define SIMULATED_SLOW_FACTOR 3 /* "slow" travels this many times longer */
#define SIMULATED_BOUNCE_MS 200 /* "bouncing": the sensor flickers for so long when the door arrives */

/* OST_INVALID: plan->simulated_fault is no fault of a simulated door. OST_NO_MEMORY. */
enum ost_status simulated_door_create(const struct door_plan *plan, struct door_driver **out,
                                      char problem[static REASON_BYTES]) OST_MUST_CHECK;

/* Rising edges of its relay since it was made. */
unsigned simulated_door_pulses(const struct door_driver *driver);

#endif
