#include "tests/rig/relay_watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

#include "tests/rig/wires.h"

#define PAUSE_NS 300000 /* the machine has one processor, and the program under test wants it too */

static pthread_t thread;
static int watched_line;
static atomic_bool is_ending;
static atomic_uint pulses, finished;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct relay_pulse latest;

static void *watch(void *unused)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    int64_t last_low_ns = rig_now_ns();
    int64_t first_high_ns = 0, last_high_ns = 0;
    bool was_high = false;

    (void)unused;
    while (!is_ending) {
        int64_t before_ns = rig_now_ns();
        bool is_high = wire_level(watched_line) == 1; /* an unplugged chip drives nothing */
        int64_t after_ns = rig_now_ns();

        if (is_high && !was_high) {
            first_high_ns = after_ns;
            pulses++;
        }
        if (!is_high && was_high) {
            pthread_mutex_lock(&lock);
            latest.at_least_ns = last_high_ns - first_high_ns;
            latest.at_most_ns = after_ns - last_low_ns;
            pthread_mutex_unlock(&lock);
            finished++;
        }
        if (is_high)
            last_high_ns = before_ns;
        else
            last_low_ns = before_ns;
        was_high = is_high;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

void relay_watch_start(int line)
{
    watched_line = line;
    pthread_create(&thread, NULL, watch, NULL);
}

void relay_watch_stop(void)
{
    is_ending = true;
    pthread_join(thread, NULL);
}

unsigned relay_watch_pulses(void)
{
    return pulses;
}

unsigned relay_watch_finished(void)
{
    return finished;
}

struct relay_pulse relay_watch_latest(void)
{
    struct relay_pulse pulse;

    pthread_mutex_lock(&lock);
    pulse = latest;
    pthread_mutex_unlock(&lock);
    return pulse;
}
