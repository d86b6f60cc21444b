/* Telling the service manager: sd_notify(3)'s protocol, a datagram to $NOTIFY_SOCKET. Nothing where there is none. */
#ifndef OSTLER_APP_NOTIFY_H
#define OSTLER_APP_NOTIFY_H

#include <stdint.h>

void notify_send(const char *state);
/* $WATCHDOG_USEC in milliseconds; 0: no watchdog. */
int64_t notify_watchdog_ms(void);

#endif
