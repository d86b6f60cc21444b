/* ostler demo: a simulated garage in a folder, ready to be called. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "db/sqlite_tools.h"
#include "runtime/auth/device_tokens.h"
#include "runtime/base/clock.h"
#include "runtime/cli/cli.h"

#define FOLDER_BYTES 600 /* with the longest name of a policy behind it, it fits into PATH_BYTES */

static const char garage[] =
    "-- A simulated garage. Change it and send SIGHUP, or start the demo again.\n"
    "http { listen = \"127.0.0.1:8080\" }\n"
    "storage { path = \"ostler.db\" }\n"
    "policies { directory = \"policies\" }\n"
    "\n"
    "garage { id = \"demo\", name = \"Demo garage\", spots = 120, timezone = \"Europe/Amsterdam\", currency = \"EUR\",\n"
    "  doors = {\n"
    "    door { id = \"entry-1\", kind = \"entry\", driver = \"simulated\", travel_time = \"2s\" },\n"
    "    door { id = \"exit-1\", kind = \"exit\", driver = \"simulated\", travel_time = \"2s\" },\n"
    "    door { id = \"side\", kind = \"pedestrian\", driver = \"simulated\", travel_time = \"1s\" },\n"
    "  } }\n"
    "\n"
    "partner { id = \"parkapp\" }\n";

/*
 * Policies that let a demo work at any hour, and let a first look at its spots and prices be a simple one: the others wait in
 * the same folder under another ending, and so do their specs.
 */
static bool runs_in_demo(const char *name)
{
    static const char *const waiting[] = {"opening-hours", "season-reserve", "event-surge"};

    for (size_t i = 0; i < sizeof(waiting) / sizeof(waiting[0]); i++) {
        size_t length = strlen(waiting[i]);

        if (strncmp(name, waiting[i], length) == 0 && (strcmp(name + length, ".lua") == 0 || strcmp(name + length, "_spec.lua") == 0))
            return false;
    }
    return true;
}

static int copy_policies(const char *folder)
{
    const char *sources[] = {OSTLER_POLICIES_SOURCE, "/usr/share/ostler/policies"};
    char from[PATH_BYTES], to[PATH_BYTES];
    struct dirent *entry;
    DIR *source = NULL;

    for (int i = 0; i < 2 && !source; i++) {
        source = opendir(sources[i]);
        snprintf(from, sizeof(from), "%s", sources[i]);
    }
    if (!source)
        return cli_fail(EXIT_REFUSED, "the shipped policies are neither in %s nor in %s", sources[0], sources[1]);
    while ((entry = readdir(source))) {
        size_t length = strlen(entry->d_name), bytes = 0;
        char file[PATH_BYTES];
        char *text = NULL;

        if (length < 5 || strcmp(entry->d_name + length - 4, ".lua") != 0)
            continue;
        snprintf(file, sizeof(file), "%.700s/%.300s", from, entry->d_name);
        snprintf(to, sizeof(to), "%.600s/policies/%.300s%s", folder, entry->d_name, runs_in_demo(entry->d_name) ? "" : ".off");
        if (access(to, F_OK) == 0)
            continue; /* an operator's changes stay */
        if (file_read(file, 65536, &text, &bytes) != OST_OK || file_replace(to, text, bytes, 0644) != OST_OK) {
            free(text);
            closedir(source);
            return cli_fail(EXIT_REFUSED, "cannot copy %s to %s", file, to);
        }
        free(text);
    }
    closedir(source);
    return EXIT_DONE;
}

static int prepare(const char *folder, char configuration[PATH_BYTES])
{
    char policies[PATH_BYTES];

    snprintf(policies, sizeof(policies), "%.900s/policies", folder);
    snprintf(configuration, PATH_BYTES, "%.900s/garage.lua", folder);
    if ((mkdir(folder, 0755) != 0 && errno != EEXIST) || (mkdir(policies, 0755) != 0 && errno != EEXIST))
        return cli_fail(EXIT_REFUSED, "cannot make the folder %s: %s; name another one: ostler demo DIR", folder, strerror(errno));
    if (access(configuration, F_OK) != 0 && file_replace(configuration, garage, sizeof(garage) - 1, 0644) != OST_OK)
        return cli_fail(EXIT_REFUSED, "cannot write %s", configuration);
    return copy_policies(folder);
}

/* A new partner's token each time: it is shown once. */
static int make_token(const char *folder, char text[DEVICE_TOKEN_TEXT_BYTES])
{
    char path[PATH_BYTES];
    struct device_token token;
    struct clock clock;

    clock_init_system(&clock);
    snprintf(path, sizeof(path), "%.900s/ostler.db", folder);
    device_token_make("parkapp", SCOPES_OF_PARTNERS, clock_wall_ms(&clock), clock_wall_ms(&clock) + INT64_C(7) * 86400000, &token, text);
    return sqlite_token_put(path, &token) == OST_OK ? EXIT_DONE : cli_fail(EXIT_REFUSED, "cannot make the database %s", path);
}

struct announcement {
    const char *folder;
    const char *program;
    char token[DEVICE_TOKEN_TEXT_BYTES];
};

static void announce(const char *address, void *context)
{
    const struct announcement *demo = context;

    printf("\nThe demo garage runs in %s. Paste these lines into another terminal, one after the other:\n\n", demo->folder);
    printf("API=http://%s TOKEN=%s\n", address, demo->token);
    printf("AUTH=\"Authorization: Bearer $TOKEN\" JSON=\"Content-Type: application/json\"\n\n");
    printf("# How many spots are free?\n");
    printf("curl -s -H \"$AUTH\" $API/v1/garages/demo/availability; echo\n\n");
    printf("# The entry is closed.\n");
    printf("curl -s -H \"$AUTH\" $API/v1/garages/demo/doors/entry-1; echo\n\n");
    printf("# A car arrives: 201, and entry-1 opens.\n");
    printf("ANSWER=$(curl -s -w '\\n%%{http_code}' -H \"$AUTH\" -H \"$JSON\" -d '{\"garageId\":\"demo\",\"userId\":\"u-123\",\"licensePlate\":\"AB-123-C\"}' $API/v1/sessions); echo \"$ANSWER\"\n");
    printf("SESSION=$(echo \"$ANSWER\" | sed -n 's/.*\"sessionId\":\"\\([^\"]*\\)\".*/\\1/p')\n\n");
    printf("# Watch the door: opening, then open.\n");
    printf("for i in 1 2 3 4 5 6; do curl -s -H \"$AUTH\" $API/v1/garages/demo/doors/entry-1; echo; sleep 0.5; done\n\n");
    printf("# One spot less.\n");
    printf("curl -s -H \"$AUTH\" $API/v1/garages/demo/availability; echo\n\n");
    printf("# The car leaves: 200, a price, and exit-1 opens.\n");
    printf("curl -s -w '\\n%%{http_code}\\n' -X POST -H \"$AUTH\" $API/v1/sessions/$SESSION/stop\n");
    printf("for i in 1 2 3 4 5 6; do curl -s -H \"$AUTH\" $API/v1/garages/demo/doors/exit-1; echo; sleep 0.5; done\n\n");
    printf("# As staff: doors, sessions, and a stuck entry.\n");
    printf("%s --config %s/garage.lua door list\n", demo->program, demo->folder);
    printf("%s --config %s/garage.lua session list\n", demo->program, demo->folder);
    printf("%s --config %s/garage.lua door simulate entry-1 stuck\n\n", demo->program, demo->folder);
    printf("Policies are in %s/policies: change one, then: kill -HUP %ld. Ctrl-C ends the demo.\n", demo->folder, (long)getpid());
    fflush(stdout);
}

int command_demo(struct cli *cli)
{
    struct announcement demo = {.folder = cli->argument_count > 0 ? cli->arguments[0] : "ostler-demo", .program = cli->program};
    char configuration[PATH_BYTES];
    char *whole = NULL, *program = NULL; /* the lines to paste work from any folder */
    int code;

    if (strlen(demo.folder) >= FOLDER_BYTES)
        return cli_fail(EXIT_REFUSED, "the folder's name is too long; name another one: ostler demo DIR");
    code = prepare(demo.folder, configuration);
    if (code != EXIT_DONE)
        return code;
    whole = realpath(demo.folder, NULL); /* allocated: its length is up to the file system, not to a buffer of ours */
    if (!whole || strlen(whole) >= FOLDER_BYTES) {
        code = cli_fail(EXIT_REFUSED, "the path of the folder %s is too long; name another one: ostler demo DIR", demo.folder);
        goto done;
    }
    demo.folder = whole;
    program = realpath("/proc/self/exe", NULL);
    if (program)
        demo.program = program;
    code = make_token(demo.folder, demo.token);
    if (code != EXIT_DONE)
        goto done;
    snprintf(configuration, sizeof(configuration), "%.900s/garage.lua", demo.folder);
    code = serve(configuration, announce, &demo);
done:
    free(program);
    free(whole);
    return code;
}
