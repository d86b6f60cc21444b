/*
 * The process's log: one line an event on standard error.
 *
 * The only process-wide state of Ostler, as standard error is one too. A line is written whole with one write(2),
 * so lines of several threads never mix. Never pass a secret, a licence plate or a user id.
 */
#ifndef OSTLER_BASE_LOG_H
#define OSTLER_BASE_LOG_H

#include "runtime/base/status.h"

enum log_format {
    LOG_TEXT,    /* "12:00:00.000 warning store: text", for a terminal */
    LOG_JOURNAL, /* "<4>store: text": sd-daemon(3) priorities, the journal adds the time */
    LOG_JSON,    /* {"time","level","component","message"} */
};

/* Values are syslog's, RFC 5424 section 6.2.1. */
enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARNING = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

/*
 * Choose format and the least important level that is still written. Call before other threads start.
 * Until then: LOG_TEXT and LOG_LEVEL_INFO.
 */
void log_configure(enum log_format format, enum log_level least);

/* JOURNAL where standard error is connected to the journal (JOURNAL_STREAM, systemd.exec(5)), else TEXT. */
enum log_format log_format_for_stderr(void);

/* Write one line; component is the layer or file that speaks ("store", "door"). Cut at 2 KiB. Any thread. */
void log_line(enum log_level level, const char *component, const char *format, ...) OST_PRINTF(3, 4);

#define log_error(component, ...) log_line(LOG_LEVEL_ERROR, component, __VA_ARGS__)
#define log_warning(component, ...) log_line(LOG_LEVEL_WARNING, component, __VA_ARGS__)
#define log_notice(component, ...) log_line(LOG_LEVEL_NOTICE, component, __VA_ARGS__)
#define log_info(component, ...) log_line(LOG_LEVEL_INFO, component, __VA_ARGS__)
#define log_debug(component, ...) log_line(LOG_LEVEL_DEBUG, component, __VA_ARGS__)

#endif
