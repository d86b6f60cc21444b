#include "tests/rig/service_manager.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/rig/wires.h"

#define NOTIFY_SOCKET "/tmp/rig-notify"

static int file = -1;
static int64_t silence_ms;

void service_manager_begin(int64_t watchdog_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = NOTIFY_SOCKET};
    char microseconds[24];

    silence_ms = watchdog_ms;
    file = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(file >= 0);
    unlink(NOTIFY_SOCKET);
    assert_int_equal(bind(file, (struct sockaddr *)&address, sizeof(address)), 0);
    snprintf(microseconds, sizeof(microseconds), "%lld", (long long)watchdog_ms * 1000);
    setenv("NOTIFY_SOCKET", NOTIFY_SOCKET, 1);
    setenv("WATCHDOG_USEC", microseconds, 1);
}

/* True: something came in time. */
static bool hears(int64_t until_ms)
{
    struct pollfd wanted = {.fd = file, .events = POLLIN};
    int64_t left_ms = until_ms - rig_now_ms();
    char message[512];

    if (left_ms <= 0 || poll(&wanted, 1, (int)left_ms) <= 0)
        return false;
    while (recv(file, message, sizeof(message), 0) > 0)
        ;
    return true;
}

int service_manager_watch(pid_t service, int64_t patience_ms, const char *stop_post)
{
    int64_t give_up_ms = rig_now_ms() + patience_ms;
    int status;

    while (hears(rig_now_ms() + silence_ms)) {
        if (rig_now_ms() > give_up_ms)
            fail_msg("the service never falls silent");
    }
    assert_int_equal(kill(service, SIGKILL), 0);
    assert_int_equal(waitpid(service, &status, 0), service);
    status = system(stop_post);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void service_manager_end(void)
{
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    if (file >= 0)
        close(file);
    file = -1;
    unlink(NOTIFY_SOCKET);
}
