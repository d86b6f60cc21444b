#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/cli/cli.h"

static void print_door(const char *garage_id, const struct json_value *door)
{
    const struct json_value *faults = json_member(door, "faults");

    printf("%s/%-16s %-10s %-8s%s %-16s", garage_id, cli_text(door, "doorId"), cli_text(door, "kind"), cli_text(door, "position"),
           json_as_boolean(json_member(door, "assumed"), false) ? "?" : " ", cli_text(door, "health"));
    for (size_t i = 0; i < json_length(faults); i++)
        printf(" %s", json_as_string(json_element(faults, i), NULL));
    printf("\n");
}

/* Doors of all garages, or those that the name means. Returns how many. */
static size_t print_doors(const struct json_value *garages, const char *only)
{
    size_t printed = 0;

    for (size_t i = 0; i < json_length(garages); i++) {
        const struct json_value *garage = json_element(garages, i);
        const struct json_value *doors = json_member(garage, "doors");
        const char *garage_id = cli_text(garage, "garageId");

        for (size_t j = 0; j < json_length(doors); j++) {
            const struct json_value *door = json_element(doors, j);
            char whole[160];

            snprintf(whole, sizeof(whole), "%s/%s", garage_id, cli_text(door, "doorId"));
            if (only && strcmp(only, whole) != 0 && strcmp(only, cli_text(door, "doorId")) != 0)
                continue;
            print_door(garage_id, door);
            printed++;
        }
    }
    return printed;
}

int door_list(struct cli *cli)
{
    struct answer answer;
    int code;

    if (cli_ask(cli, "GET", "/v1/garages", NULL, &answer, &code))
        print_doors(json_member(json_root(answer.document), "items"), NULL);
    cli_answer_free(&answer);
    return code;
}

/* In place on a terminal, twice a second, until it is interrupted; once otherwise. */
int door_watch(struct cli *cli)
{
    const char *only = cli->argument_count > 0 ? cli->arguments[0] : NULL;
    struct timespec pause = {.tv_nsec = 500000000};
    bool on_terminal = isatty(STDOUT_FILENO);
    int code;

    do {
        struct answer answer;
        size_t lines = 0;

        if (cli_ask(cli, "GET", "/v1/garages", NULL, &answer, &code)) {
            lines = print_doors(json_member(json_root(answer.document), "items"), only);
            if (lines == 0)
                code = cli_fail(EXIT_REFUSED, "there is no door '%s'; 'ostler door list' shows them", only);
        }
        cli_answer_free(&answer);
        if (code == EXIT_DONE && on_terminal) {
            fflush(stdout);
            nanosleep(&pause, NULL);
            printf("\033[%zuA\033[J", lines);
        }
    } while (code == EXIT_DONE && on_terminal && !cli->json);
    return code;
}

/* The path of a door named GARAGE/DOOR, or DOOR where that is unique in the configuration. */
static int door_path(struct cli *cli, const char *name, const char *action, char *path, size_t bytes)
{
    const char *slash = strchr(name, '/');
    struct configuration *configuration;
    const char *garage_id = NULL;
    char garage[200], door[200];
    size_t found = 0;
    int code;

    cli_encode(slash ? slash + 1 : name, door, sizeof(door));
    if (slash) {
        snprintf(garage, sizeof(garage), "%.*s", (int)(slash - name < 60 ? slash - name : 60), name);
        cli_encode(garage, path, bytes < 200 ? bytes : 200);
        snprintf(garage, sizeof(garage), "%s", path);
        snprintf(path, bytes, "/v1/garages/%s/doors/%s%s", garage, door, action);
        return EXIT_DONE;
    }
    configuration = cli_configuration(cli, &code);
    if (!configuration)
        return code;
    for (size_t i = 0; i < configuration->site->garage_count; i++) {
        if (garage_find_door(&configuration->site->garages[i], name)) {
            garage_id = configuration->site->garages[i].id;
            found++;
        }
    }
    if (found == 1) {
        snprintf(path, bytes, "/v1/garages/%s/doors/%s%s", garage_id, door, action);
        code = EXIT_DONE;
    } else {
        code = cli_fail(EXIT_REFUSED, found ? "several garages have a door '%s'; write GARAGE/%s" : "there is no door '%s'; 'ostler door list' shows them", name, name);
    }
    configuration_free(configuration);
    return code;
}

/* One call about a door; says done for people. */
static int act(struct cli *cli, const char *method, const char *door, const char *action, const char *body, const char *done)
{
    struct answer answer;
    char path[512];
    int code = door_path(cli, door, action, path, sizeof(path));

    if (code != EXIT_DONE)
        return code;
    if (cli_ask(cli, method, path, body, &answer, &code)) {
        const char *command_id = json_as_string(json_member(json_root(answer.document), "commandId"), NULL);

        printf("%s%s%s\n", done, command_id ? ": door command " : "", command_id ? command_id : "");
    }
    cli_answer_free(&answer);
    return code;
}

static const char *body_of(char text[1024], const char *name, const char *value, int64_t minutes)
{
    struct json_writer body;

    json_writer_init(&body, text, 1023);
    json_begin_object(&body);
    json_put_string(&body, name, value);
    if (minutes > 0)
        json_put_integer(&body, "minutes", minutes);
    json_end_object(&body);
    text[body.overflow ? 0 : body.length] = '\0';
    return text;
}

int door_open(struct cli *cli)
{
    char text[1024];

    return act(cli, "POST", cli->arguments[0], "/open", body_of(text, "reason", cli_option(cli, "--reason"), 0), "on its way");
}

int door_simulate(struct cli *cli)
{
    char text[1024];

    return act(cli, "PUT", cli->arguments[0], "/simulation", body_of(text, "fault", cli->arguments[1], 0), "simulated");
}

int door_maintain(struct cli *cli)
{
    const char *minutes = cli_option(cli, "--minutes");
    char text[1024];

    if (strlen(minutes) > 6 || strspn(minutes, "0123456789") != strlen(minutes) || atoi(minutes) < 1)
        return cli_fail(EXIT_USAGE, "--minutes needs a whole number, not '%s'", minutes);
    return act(cli, "PUT", cli->arguments[0], "/maintenance", body_of(text, "reason", cli_option(cli, "--reason"), atoi(minutes)), "locked");
}

int door_resume(struct cli *cli)
{
    return act(cli, "DELETE", cli->arguments[0], "/maintenance", NULL, "resumed");
}
