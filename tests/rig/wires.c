#include "tests/rig/wires.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static int open_wire(int line, const char *attribute, int flags)
{
    char path[128];

    snprintf(path, sizeof(path), "/sim/" RIG_CHIP "/%d/%s", line, attribute);
    return open(path, flags | O_CLOEXEC);
}

int wire_level(int line)
{
    int fd = open_wire(line, "value", O_RDONLY);
    char level = 0;
    ssize_t length;

    if (fd < 0)
        return -1;
    length = read(fd, &level, 1);
    close(fd);
    return length == 1 ? level == '1' : -1;
}

void wire_pull(int line, bool up)
{
    const char *text = up ? "pull-up\n" : "pull-down\n";
    FILE *file;
    char path[128];

    snprintf(path, sizeof(path), "/sim/" RIG_CHIP "/%d/pull", line);
    file = fopen(path, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        perror(path);
        abort();
    }
}

static void plug(const char *command)
{
    if (system(command) != 0) {
        fprintf(stderr, "%s failed\n", command);
        abort();
    }
}

void chip_unplug(void)
{
    plug("sim-plug " RIG_CHIP " off");
}

void chip_plug(void)
{
    plug("sim-plug " RIG_CHIP " on");
}

int64_t rig_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t rig_now_ms(void)
{
    return rig_now_ns() / 1000000;
}

void rig_sleep_ms(int64_t milliseconds)
{
    struct timespec pause = {.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1000000};

    nanosleep(&pause, NULL);
}
