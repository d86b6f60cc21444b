/* Every door driver that this build knows; ends with a NULL name. A new driver is a new line in driver_table.c. */
#ifndef OSTLER_DRIVERS_DRIVER_TABLE_H
#define OSTLER_DRIVERS_DRIVER_TABLE_H

#include "runtime/ports/door_driver.h"

extern const struct door_driver_type door_driver_table[];

#endif
