#include "drivers/driver_table.h"

#include "drivers/gpiod_door.h"
#include "drivers/simulated_door.h"

const struct door_driver_type door_driver_table[] = {
    {.name = "simulated", .create = simulated_door_create},
    {.name = "gpiod", .create = gpiod_door_create},
    {.name = NULL},
};
