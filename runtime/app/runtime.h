/*
 * The running product: the composition root, the only place that knows every concrete name.
 */
#ifndef OSTLER_APP_RUNTIME_H
#define OSTLER_APP_RUNTIME_H

#include <stdbool.h>

#include "runtime/app/configuration.h"
#include "runtime/base/status.h"

struct runtime;

/*
 * Read the configuration, put everything together and serve. Where the configuration is broken, or the start with it fails,
 * on the last good one, with an alarm.
 * OST_INVALID: the configuration, and none before it was good (reported on standard error, one line each); another
 * status: a part did not start (logged). Main thread.
 */
enum ost_status runtime_start(const char *configuration_path, struct runtime **out) OST_MUST_CHECK;

/* "127.0.0.1:43123": where the API listens. */
const char *runtime_address(const struct runtime *runtime);

/*
 * SIGHUP: configuration and policies anew, all or nothing; partners, rules of garages and policies change at once, and what
 * needs a restart (addresses, database, doors) is named in the log and in a fault. False: nothing changed (logged).
 * One thread at a time, beside runtime_is_alive(); it may wait for a busy database, seconds a policy.
 */
bool runtime_reload(struct runtime *runtime);

/* Are all threads alive? Says for the watchdog. */
bool runtime_is_alive(struct runtime *runtime);

/* SIGTERM: drain, finish what is in flight (10 s), release relays, close. Accepts NULL. */
void runtime_stop(struct runtime *runtime);

/* Print a report's problems on standard error: "file:line: error: text". */
void runtime_print_report(const struct configuration_report *report);

#endif
