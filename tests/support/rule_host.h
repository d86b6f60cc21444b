/*
 * The policy host port in a page, without Lua: for tests of what is above it. A source is lines of words:
 *
 *     session_stop charge 450             the price, in cents
 *     session_stop per-list 100           so much for each list that the visit is on
 *     door_request deny barred            with that code
 *     session_start notify call-me        a note, of one word
 *     session_stop break                  it fails at run time
 *     session_stop break NLAB12CD         only for that plate
 *     at Mon-Fri 06:00                    its schedule
 *     schedule state closed               the state of the garage
 *     door_event raise stuck              an alarm with that code; its text is the cause, or the fault
 *     door_event raise stuck fault        only when that happened; so for every verb (the word before may be "-": none)
 *     unloadable                          the whole policy does not load
 *
 * The policy is named after its file, and asked for the triggers that its lines name. Sets are immutable, so decide() needs
 * no lock and never waits.
 */
#ifndef OSTLER_TESTS_RULE_HOST_H
#define OSTLER_TESTS_RULE_HOST_H

#include "runtime/ports/policy_host.h"

struct policy_host *rule_host_create(void); /* NULL without memory */

#endif
