#include "runtime/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/base/clock.h"
#include "runtime/base/json.h"
#include "runtime/base/text.h"

#define LINE_BYTES 2048

static enum log_format chosen_format = LOG_TEXT;
static enum log_level least_written = LOG_LEVEL_INFO;

void log_configure(enum log_format format, enum log_level least)
{
    chosen_format = format;
    least_written = least;
}

enum log_format log_format_for_stderr(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device = 0, inode = 0;
    struct stat now;

    if (!stream || sscanf(stream, "%llu:%llu", &device, &inode) != 2 || fstat(STDERR_FILENO, &now) != 0)
        return LOG_TEXT;
    return now.st_dev == device && now.st_ino == inode ? LOG_JOURNAL : LOG_TEXT;
}

static const char *level_text(enum log_level level)
{
    switch (level) {
    case LOG_LEVEL_ERROR:
        return "error";
    case LOG_LEVEL_WARNING:
        return "warning";
    case LOG_LEVEL_NOTICE:
        return "notice";
    case LOG_LEVEL_INFO:
        return "info";
    case LOG_LEVEL_DEBUG:
        return "debug";
    }
    return "info";
}

/* Escapes may make a message longer than the line: then half of it has to do. */
static size_t format_json(enum log_level level, const char *component, char *message, char line[LINE_BYTES])
{
    struct json_writer writer;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    for (;;) {
        json_writer_init(&writer, line, LINE_BYTES - 1);
        json_begin_object(&writer);
        json_put_time(&writer, "time", (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000);
        json_put_string(&writer, "level", level_text(level));
        json_put_string(&writer, "component", component);
        json_put_string(&writer, "message", message);
        json_end_object(&writer);
        if (!writer.overflow || !message[0])
            return writer.overflow ? 0 : writer.length;
        message[text_whole(message, strlen(message) / 2)] = '\0';
    }
}

void log_line(enum log_level level, const char *component, const char *format, ...)
{
    char message[LINE_BYTES / 2];
    char line[LINE_BYTES];
    size_t length = 0;
    int printed = 0;
    va_list arguments;

    if (level > least_written)
        return;
    va_start(arguments, format);
    vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    for (char *c = message; *c; c++) {
        if ((unsigned char)*c < ' ')
            *c = ' '; /* one event is one line, whatever a text from outside holds */
    }
    if (chosen_format == LOG_JSON) {
        length = format_json(level, component, message, line);
    } else if (chosen_format == LOG_JOURNAL) {
        printed = snprintf(line, sizeof(line) - 1, "<%d>%s: %s", (int)level, component, message);
    } else {
        struct timespec now;
        struct tm utc;

        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &utc);
        printed = snprintf(line, sizeof(line) - 1, "%02d:%02d:%02d.%03ld %s %s: %s", utc.tm_hour, utc.tm_min, utc.tm_sec,
                           now.tv_nsec / 1000000, level_text(level), component, message);
    }
    if (printed > 0)
        length = (size_t)printed < sizeof(line) - 1 ? (size_t)printed : sizeof(line) - 2;
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0)
        return; /* there is no other place to complain at */
}
