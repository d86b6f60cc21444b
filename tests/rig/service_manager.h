/*
 * A small stand-in for the service manager: it hears a service's watchdog messages, kills the one that falls silent, and runs
 * what is to run after that, as the unit says (WatchdogSec, WatchdogSignal=SIGKILL, ExecStopPost).
 */
#ifndef OSTLER_TESTS_RIG_SERVICE_MANAGER_H
#define OSTLER_TESTS_RIG_SERVICE_MANAGER_H

#include <stdint.h>
#include <sys/types.h>

/* Make the socket, and name it and the watchdog's time to processes that are started from now on. Once. */
void service_manager_begin(int64_t watchdog_ms);
/*
 * Heed the service until it has been silent for the watchdog's time, end it, and run the command after it. Fails the test where
 * the service is not silent within patience_ms. Returns the exit status of the command.
 */
int service_manager_watch(pid_t service, int64_t patience_ms, const char *stop_post);
void service_manager_end(void);

#endif
