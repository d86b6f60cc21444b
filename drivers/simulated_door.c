#include "drivers/simulated_door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum simulated_fault {
    FAULT_NONE,
    FAULT_UNREACHABLE, /* the device does not answer */
    FAULT_STUCK,       /* the relay clicks, the door stays */
    FAULT_SLOW,
    FAULT_WELDED, /* the relay does not release */
    FAULT_BOUNCING,
    FAULT_COUNT,
};

static const char *const fault_names[FAULT_COUNT] = {"none", "unreachable", "stuck", "slow", "welded", "bouncing"};

struct simulated_door {
    struct door_driver base; /* first: a door_driver pointer is a pointer to this */
    enum simulated_fault fault;
    int64_t travel_ms;
    bool held;      /* since the last acquire() it has always answered */
    bool wanted;    /* what the relay was last told */
    bool energised; /* what it does */
    bool pushed;    /* it was energised since the door was last looked at */
    unsigned pulses;
    enum door_position position;
    int64_t since_ms; /* OPENING, CLOSING: when the whole way began; OPEN: when it arrived or was pushed again */
};

static struct simulated_door *of(struct door_driver *driver)
{
    return (struct simulated_door *)driver;
}

static enum ost_status find_fault(const char *name, enum simulated_fault *out)
{
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (strcmp(fault_names[i], name) == 0) {
            *out = (enum simulated_fault)i;
            return OST_OK;
        }
    }
    return OST_INVALID;
}

static enum ost_status drive(struct simulated_door *door, bool energised)
{
    door->wanted = energised;
    if (energised && !door->energised) {
        door->pulses++;
        door->pushed = true;
    }
    if (!energised && door->energised && door->fault == FAULT_WELDED)
        return OST_IO;
    door->energised = energised;
    return OST_OK;
}

static enum ost_status lost(struct simulated_door *door)
{
    door->held = false;
    return OST_UNAVAILABLE;
}

static enum ost_status acquire(struct door_driver *driver, char problem[static REASON_BYTES])
{
    struct simulated_door *door = of(driver);

    if (door->fault == FAULT_UNREACHABLE) {
        snprintf(problem, REASON_BYTES, "The simulated door is told to be unreachable.");
        return lost(door);
    }
    if (!door->held)
        (void)drive(door, false); /* a weld is reported when the relay is set */
    door->held = true;
    return OST_OK;
}

static enum ost_status probe(struct door_driver *driver)
{
    struct simulated_door *door = of(driver);

    return door->fault == FAULT_UNREACHABLE ? lost(door) : OST_OK;
}

static enum ost_status set_relay(struct door_driver *driver, bool energised)
{
    struct simulated_door *door = of(driver);

    return door->fault == FAULT_UNREACHABLE ? lost(door) : drive(door, energised);
}

static int64_t way_ms(const struct simulated_door *door)
{
    return door->fault == FAULT_SLOW ? door->travel_ms * SIMULATED_SLOW_FACTOR : door->travel_ms;
}

/* Somebody pushed the button that the relay is. */
static void push(struct simulated_door *door, int64_t now_ms)
{
    door->pushed = false;
    if (door->fault == FAULT_STUCK)
        return;
    if (door->position == DOOR_CLOSED) {
        door->position = DOOR_OPENING;
        door->since_ms = now_ms;
    } else if (door->position == DOOR_CLOSING) { /* turns round, and has as far to go as it came */
        door->position = DOOR_OPENING;
        door->since_ms = now_ms - (way_ms(door) - (now_ms - door->since_ms));
    } else if (door->position == DOOR_OPEN) {
        door->since_ms = now_ms;
    }
}

static void arrive(struct simulated_door *door, enum door_position position, int64_t at_ms)
{
    door->position = position;
    door->since_ms = at_ms;
}

static void move(struct simulated_door *door, int64_t now_ms)
{
    int64_t way = way_ms(door);

    if (door->position == DOOR_OPENING && now_ms >= door->since_ms + way)
        arrive(door, DOOR_OPEN, door->since_ms + way);
    if (door->position == DOOR_OPEN && door->energised)
        door->since_ms = now_ms; /* a button held down holds it open */
    if (door->position == DOOR_OPEN && now_ms >= door->since_ms + SIMULATED_OPEN_MS)
        arrive(door, DOOR_CLOSING, door->since_ms + SIMULATED_OPEN_MS);
    if (door->position == DOOR_CLOSING && now_ms >= door->since_ms + way)
        arrive(door, DOOR_CLOSED, door->since_ms + way);
}

/* The position moves on only when it is looked at, so a test owns the time. */
static enum ost_status read_position(struct door_driver *driver, int64_t now_ms, enum door_position *out)
{
    struct simulated_door *door = of(driver);

    if (door->fault == FAULT_UNREACHABLE)
        return lost(door);
    move(door, now_ms);
    if (door->pushed)
        push(door, now_ms);
    move(door, now_ms); /* a door with no way to travel arrives at once */
    *out = door->position;
    if (door->fault == FAULT_BOUNCING && door->position == DOOR_OPEN &&
        now_ms < door->since_ms + SIMULATED_BOUNCE_MS && now_ms / 10 % 2 == 1)
        *out = DOOR_OPENING;
    return OST_OK;
}

static enum ost_status simulate(struct door_driver *driver, const char *fault)
{
    struct simulated_door *door = of(driver);
    enum ost_status status = find_fault(fault, &door->fault);

    if (status == OST_OK && door->fault != FAULT_WELDED)
        door->energised = door->energised && door->wanted; /* a weld that is healed lets go */
    return status;
}

static void destroy(struct door_driver *driver)
{
    free(driver);
}

static const struct door_driver_ops ops = {
    .acquire = acquire,
    .set_relay = set_relay,
    .probe = probe,
    .read_position = read_position,
    .simulate = simulate,
    .destroy = destroy,
};

enum ost_status simulated_door_create(const struct door_plan *plan, struct door_driver **out,
                                      char problem[static REASON_BYTES])
{
    enum simulated_fault fault = FAULT_NONE;
    struct simulated_door *door;

    if (plan->simulated_fault[0] && find_fault(plan->simulated_fault, &fault) != OST_OK) {
        snprintf(problem, REASON_BYTES,
                 "fault \"%s\" is none of: none, unreachable, stuck, slow, welded, bouncing", plan->simulated_fault);
        return OST_INVALID;
    }
    door = calloc(1, sizeof(*door));
    if (!door)
        return OST_NO_MEMORY;
    door->base.ops = &ops;
    door->fault = fault;
    door->travel_ms = plan->travel_ms;
    door->position = DOOR_CLOSED;
    *out = &door->base;
    return OST_OK;
}

unsigned simulated_door_pulses(const struct door_driver *driver)
{
    return ((const struct simulated_door *)driver)->pulses;
}
