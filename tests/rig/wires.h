/* The wires of the rig's simulated chip, seen and moved from outside the program under test. */
#ifndef OSTLER_TESTS_RIG_WIRES_H
#define OSTLER_TESTS_RIG_WIRES_H

#include <stdbool.h>
#include <stdint.h>

#define RIG_CHIP "relay-sim"

/* The level that a line has now: 0 or 1; -1 where the chip is unplugged. */
int wire_level(int line);
/* Drive an input line. */
void wire_pull(int line, bool up);
void chip_unplug(void);
void chip_plug(void);

/* Monotonic. */
int64_t rig_now_ns(void);
int64_t rig_now_ms(void);
void rig_sleep_ms(int64_t milliseconds);

#endif
