#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include "runtime/app/notify.h"
#include "runtime/app/runtime.h"
#include "runtime/base/log.h"
#include "runtime/cli/cli.h"

#define RELOAD_MAX_MS 120000 /* one that takes longer hangs: then the watchdog shall bite */

/* The signals that the main thread waits for; blocked before any other thread starts, so that all inherit it. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static void *run_reload(void *runtime)
{
    runtime_reload(runtime);
    return NULL;
}

static void pet_watchdog(struct runtime *runtime)
{
    if (runtime_is_alive(runtime))
        notify_send("WATCHDOG=1");
    else
        log_error("serve", "a thread does not move; the watchdog is not told that all is well");
}

/* In a thread of its own: numbering policies may wait for a busy database, and the watchdog does not wait. */
static void reload(struct runtime *runtime, int64_t pet_every_ms)
{
    struct timespec now;
    pthread_t thread;
    char state[64];

    clock_gettime(CLOCK_MONOTONIC, &now);
    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
    notify_send(state);
    if (pthread_create(&thread, NULL, run_reload, runtime) != 0) {
        log_error("serve", "not reloaded: there is no memory for a thread; nothing changed");
    } else {
        int64_t petted_until_ms = RELOAD_MAX_MS;
        struct timespec until = now;

        do {
            until.tv_nsec += pet_every_ms > 0 ? pet_every_ms % 1000 * 1000000 : 0;
            until.tv_sec += (pet_every_ms > 0 ? pet_every_ms / 1000 : 3600) + until.tv_nsec / 1000000000;
            until.tv_nsec %= 1000000000;
            if (pet_every_ms > 0 && petted_until_ms > 0)
                pet_watchdog(runtime);
            petted_until_ms -= pet_every_ms;
        } while (pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &until) != 0);
    }
    notify_send("READY=1");
}

/* Wait for signals, and pet the watchdog while every thread is alive. */
static void wait_for_end(struct runtime *runtime, const sigset_t *signals)
{
    int64_t pet_every_ms = notify_watchdog_ms() / 3;
    struct timespec patience = {.tv_sec = pet_every_ms > 0 ? pet_every_ms / 1000 : 3600,
                                .tv_nsec = pet_every_ms > 0 ? pet_every_ms % 1000 * 1000000 : 0};

    for (;;) {
        int signal = sigtimedwait(signals, NULL, &patience);

        if (signal == SIGTERM || signal == SIGINT)
            return;
        if (signal == SIGHUP)
            reload(runtime, pet_every_ms);
        else if (pet_every_ms > 0)
            pet_watchdog(runtime);
    }
}

int serve(const char *configuration_path, void (*announce)(const char *address, void *context), void *context)
{
    struct runtime *runtime;
    enum ost_status status;
    sigset_t signals;

    block_signals(&signals);
    status = runtime_start(configuration_path, &runtime);
    if (status == OST_INVALID || status == OST_NOT_FOUND)
        return cli_fail(EXIT_CONFIGURATION, "the configuration %s is not usable, and none before it was good; mend it", configuration_path);
    if (status != OST_OK)
        return cli_fail(EXIT_REFUSED, "cannot start: %s; the lines above say why", ost_status_text(status));
    printf("listening on http://%s\n", runtime_address(runtime));
    fflush(stdout);
    notify_send("READY=1");
    if (announce)
        announce(runtime_address(runtime), context);
    wait_for_end(runtime, &signals);
    log_notice("serve", "ending");
    notify_send("STOPPING=1");
    runtime_stop(runtime);
    return EXIT_DONE;
}

int command_serve(struct cli *cli)
{
    return serve(configuration_path(cli->configuration), NULL, NULL);
}
