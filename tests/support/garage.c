#include "tests/support/garage.h"

#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

const char garage_default[] =
    "http { listen = \"127.0.0.1:0\" }\nmetrics { listen = \"127.0.0.1:0\" }\n"
    "storage { path = \"ostler.db\" }\npolicies { directory = \"policies\" }\n"
    "garage { id = \"north\", spots = 20, timezone = \"Europe/Amsterdam\", doors = {\n"
    "  door { id = \"entry-1\", kind = \"entry\", driver = \"simulated\", travel_time = \"100ms\", pulse = \"50ms\" },\n"
    "  door { id = \"exit-1\", kind = \"exit\", driver = \"simulated\", travel_time = \"100ms\", pulse = \"50ms\" },\n"
    "  door { id = \"side\", kind = \"pedestrian\", driver = \"simulated\", travel_time = \"100ms\", pulse = \"50ms\" } } }\n"
    "garage { id = \"south\", spots = 20, doors = {\n"
    "  door { id = \"in-a\", kind = \"entry\", driver = \"simulated\", travel_time = \"100ms\", pulse = \"50ms\" },\n"
    "  door { id = \"in-b\", kind = \"entry\", driver = \"simulated\", travel_time = \"100ms\", pulse = \"50ms\" },\n"
    "  door { id = \"out-a\", kind = \"exit\", driver = \"simulated\", travel_time = \"100ms\", pulse = \"50ms\" },\n"
    "  door { id = \"out-b\", kind = \"exit\", driver = \"simulated\", travel_time = \"100ms\", pulse = \"50ms\" } } }\n"
    "partner { id = \"parkapp\" }\npartner { id = \"otherapp\" }\n";

bool wait_for(bool (*condition)(void *context), void *context, int timeout_ms)
{
    struct timespec pause = {.tv_nsec = 5000000};

    for (int waited = 0; waited < timeout_ms; waited += 5) {
        if (condition(context))
            return true;
        nanosleep(&pause, NULL);
    }
    return condition(context);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

void garage_configure(struct garage_under_test *garage, const char *text)
{
    write_file(garage->configuration, text);
}

void garage_policy(struct garage_under_test *garage, const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/policies/%s", garage->folder, name);
    if (text)
        write_file(path, text);
    else
        unlink(path);
}

static void make_token(struct garage_under_test *garage, const char *partner, const char *scopes, char token[64])
{
    char output[1024], arguments[512];
    const char *found;

    snprintf(arguments, sizeof(arguments), "token create --json --partner %s %s", partner, scopes);
    assert_int_equal(garage_run(garage, output, sizeof(output), arguments), 0);
    found = strstr(output, "\"token\":\"");
    assert_non_null(found);
    snprintf(token, 64, "%.*s", (int)strcspn(found + 9, "\""), found + 9);
}

void garage_make(struct garage_under_test *garage, const char *parent, const char *configuration)
{
    static const char partner[] = "--scope sessions:write --scope sessions:read --scope garages:read --scope doors:open";
    char policies[256];

    memset(garage, 0, sizeof(*garage));
    snprintf(garage->folder, sizeof(garage->folder), "%s/ostler-XXXXXX", parent ? parent : "/tmp");
    assert_non_null(mkdtemp(garage->folder));
    snprintf(garage->configuration, sizeof(garage->configuration), "%s/garage.lua", garage->folder);
    snprintf(garage->database, sizeof(garage->database), "%s/ostler.db", garage->folder);
    snprintf(policies, sizeof(policies), "%s/policies", garage->folder);
    assert_int_equal(mkdir(policies, 0755), 0);
    garage_configure(garage, configuration);
    make_token(garage, "parkapp", partner, garage->token);
    make_token(garage, "otherapp", partner, garage->other);
    make_token(garage, "staff", "--scope operations:read --scope operations:write --scope doors:maintain --scope garages:read --scope policies:read", garage->staff);
}

static bool is_listening(void *context)
{
    struct garage_under_test *garage = context;
    char path[256], line[128] = "";
    FILE *file;

    snprintf(path, sizeof(path), "%s/out", garage->folder);
    file = fopen(path, "r");
    if (file && fgets(line, sizeof(line), file) && strchr(line, '\n'))
        sscanf(line, "listening on http://%79s", garage->address);
    if (file)
        fclose(file);
    return garage->address[0] || waitpid(garage->pid, NULL, WNOHANG) == garage->pid;
}

static void redirect(const char *folder, const char *name, int flags, int to)
{
    char path[256];
    int file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = open(path, O_WRONLY | O_CREAT | flags, 0644);
    if (file >= 0)
        dup2(file, to);
}

bool garage_start(struct garage_under_test *garage)
{
    char path[256];

    garage->address[0] = '\0';
    snprintf(path, sizeof(path), "%s/out", garage->folder);
    unlink(path); /* the address of the run before */
    garage->pid = fork();
    assert_true(garage->pid >= 0);
    if (garage->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        redirect(garage->folder, "out", O_TRUNC, STDOUT_FILENO);
        redirect(garage->folder, "log", O_APPEND, STDERR_FILENO);
        if (garage->preload)
            setenv("LD_PRELOAD", garage->preload, 1);
        execl(OSTLER, OSTLER, "--config", garage->configuration, "serve", (char *)NULL);
        _exit(127);
    }
    if (wait_for(is_listening, garage, 20000) && garage->address[0])
        return true;
    garage->pid = 0;
    return false;
}

int garage_signal(struct garage_under_test *garage, int signal)
{
    int status = 0;

    kill(garage->pid, signal);
    if (signal != SIGKILL && signal != SIGTERM)
        return 0;
    waitpid(garage->pid, &status, 0);
    garage->pid = 0;
    return status;
}

int garage_run(struct garage_under_test *garage, char *output, size_t bytes, const char *arguments)
{
    char command[1024];
    size_t length = 0;
    FILE *pipe;
    int status;

    snprintf(command, sizeof(command), "'%s' --config '%s' %s 2>&1", OSTLER, garage->configuration, arguments);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    if (output) {
        length = fread(output, 1, bytes - 1, pipe);
        output[length] = '\0';
    }
    while (fgetc(pipe) != EOF)
        ;
    status = pclose(pipe);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

char *garage_log(const struct garage_under_test *garage)
{
    char path[256];
    char *text = calloc(1, 1 << 20);
    FILE *file;

    snprintf(path, sizeof(path), "%s/log", garage->folder);
    file = fopen(path, "r");
    if (file && text && fread(text, 1, (1 << 20) - 1, file) == 0)
        text[0] = '\0';
    if (file)
        fclose(file);
    return text;
}

void garage_assert_sound(struct garage_under_test *garage)
{
    char output[4096];

    if (garage_run(garage, output, sizeof(output), "db check") != 0)
        fail_msg("ostler db check: %s", output);
}

void garage_remove(struct garage_under_test *garage)
{
    char command[256];

    if (garage->pid)
        garage_signal(garage, SIGKILL);
    snprintf(command, sizeof(command), "rm -rf '%s'", garage->folder);
    if (system(command) != 0)
        print_message("cannot remove %s\n", garage->folder);
}
