/*
 * What every door driver owes (runtime/ports/door_driver.h), as tests that any driver can be put through.
 * The bench says how to look at the wires; the rules are the same for all.
 */
#ifndef OSTLER_TESTS_DOOR_DRIVER_CONTRACT_H
#define OSTLER_TESTS_DOOR_DRIVER_CONTRACT_H

#include "runtime/ports/door_driver.h"

struct driver_bench {
    enum ost_status (*create)(const struct door_plan *plan, struct door_driver **out,
                              char problem[static REASON_BYTES]);
    struct door_plan plan;
    bool has_sensor;
    /* Is the relay energised, seen from outside? */
    bool (*relay_is_on)(struct driver_bench *bench, struct door_driver *driver);
    /* Take the hardware away and give it back. */
    void (*unplug)(struct driver_bench *bench, struct door_driver *driver);
    void (*plug)(struct driver_bench *bench, struct door_driver *driver);
    /* Bring the door into the open position as the sensor sees it; NULL: no sensor. */
    void (*bring_open)(struct driver_bench *bench, struct door_driver *driver);
};

/* Runs all rules; returns how many failed. */
int run_door_driver_contract(struct driver_bench *bench, const char *name);

#endif
