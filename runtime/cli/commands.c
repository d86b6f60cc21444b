/* The subcommands: their table, and what is told from it. */
#include <stdio.h>
#include <string.h>

#include "runtime/cli/cli.h"

static const struct verb serve_verbs[] = {{"", "", command_serve}, {NULL, NULL, NULL}};
static const struct verb demo_verbs[] = {{"", "[DIR]", command_demo}, {NULL, NULL, NULL}};
static const struct verb check_verbs[] = {{"", "", command_check}, {NULL, NULL, NULL}};
static const struct verb help_verbs[] = {{"", "[COMMAND]", command_help}, {NULL, NULL, NULL}};
static const struct verb version_verbs[] = {{"", "", command_version}, {NULL, NULL, NULL}};
static const struct verb token_verbs[] = {
    {"create", "--partner ID --scope SCOPE... [--expires TIME]", token_create},
    {"list", "", token_list},
    {"revoke", "ID", token_revoke},
    {NULL, NULL, NULL},
};
static const struct verb door_verbs[] = {
    {"list", "", door_list},
    {"watch", "[DOOR]", door_watch},
    {"open", "DOOR --reason TEXT", door_open},
    {"simulate", "DOOR FAULT", door_simulate},
    {"maintain", "DOOR --minutes NUMBER --reason TEXT", door_maintain},
    {"resume", "DOOR", door_resume},
    {"release", "[DOOR]", door_release},
    {NULL, NULL, NULL},
};
static const struct verb session_verbs[] = {
    {"list", "[--status STATUS]", session_list},
    {"show", "ID", session_show},
    {"stop", "ID --reason TEXT [--door DOOR] [--no-open]", session_stop},
    {NULL, NULL, NULL},
};
static const struct verb list_verbs[] = {
    {"show", "NAME", list_show},
    {"add", "NAME PLATE... [--until TIME]", list_add},
    {"remove", "NAME PLATE...", list_remove},
    {"import", "[NAME] FILE", list_import},
    {NULL, NULL, NULL},
};
static const struct verb policy_verbs[] = {
    {"new", "NAME", policy_new},
    {"check", "[PATH]...", policy_check},
    {"test", "[PATH]", policy_test},
    {"try", "POLICY [CONTEXT] [--event EVENT]", policy_try_out},
    {"deploy", "FILE [--spec FILE] [--message TEXT] [--shadow] [--order NUMBER] [--grant RIGHT] [--fail HOW] [--setting PAIR]...", policy_deploy_file},
    {"list", "", policy_list},
    {"show", "NAME", policy_show},
    {"diff", "NAME [REVISION] [REVISION]", policy_diff},
    {"activate", "NAME REVISION [--message TEXT]", policy_activate_revision},
    {"rollback", "NAME [--message TEXT]", policy_rollback},
    {"shadow", "NAME REVISION [--message TEXT]", policy_shadow},
    {"settings", "NAME [PAIR]... [--message TEXT]", policy_settings},
    {"replay", "NAME [--since TIME] [--candidate FILE]", policy_replay},
    {"why", "[DECISION]", policy_why},
    {"export", "FILE", policy_export},
    {"import", "FILE", policy_import},
    {NULL, NULL, NULL},
};
static const struct verb db_verbs[] = {
    {"check", "", db_check},
    {"backup", "FILE", db_backup},
    {"migrate", "", db_migrate},
    {NULL, NULL, NULL},
};

const struct command commands[] = {
    {"serve", "run the garage in the foreground",
     "Runs until SIGTERM; SIGHUP reads the configuration and the policies again.\n", serve_verbs},
    {"demo", "a simulated garage to try",
     "Starts a garage with three simulated doors in a folder, and prints curl lines to paste.\n", demo_verbs},
    {"check", "look at everything and say what to do",
     "Configuration, clock, disk, database, doors and policies: OK, WARN or FAIL each.\n", check_verbs},
    {"token", "make, list and revoke device tokens",
     "Scopes: sessions:write, sessions:read, garages:read, doors:open; of staff: operations:read, operations:write,\n"
     "policies:read, policies:write, doors:maintain. TIME is such as 90d, 12h, 30min.\n\n"
     "    ostler token create --partner parkapp --scope sessions:write --scope garages:read --expires 90d\n"
     "    ostler token revoke tok_0123456789abcdef\n", token_verbs},
    {"door", "doors of the running garage",
     "DOOR is GARAGE/DOOR, or DOOR alone where that is unique. FAULT is none, unreachable, stuck, slow, welded or\n"
     "bouncing, of a simulated door. The reason is audited. 'release' works without the runtime: it puts relays that\n"
     "nobody holds to their released level, and names who holds the others.\n\n"
     "    ostler door open nassaukade/exit-1 --reason \"Car with a broken phone\"\n"
     "    ostler door maintain exit-1 --minutes 30 --reason \"New relay\"\n", door_verbs},
    {"session", "sessions of all partners",
     "STATUS is active or ended. A stop opens the exit: DOOR says which one where there are several, --no-open leaves it\n"
     "shut. The reason is audited. With --json a list is one object, {\"items\":[...]}.\n\n"
     "    ostler session list --status active\n"
     "    ostler session stop ID --reason \"Phone is lost\" --door exit-1\n", session_verbs},
    {"list", "lists that policies read",
     "FILE has a line an entry: plate[,validUntil[,note]]; without NAME the list is named as the file. With --json a list\n"
     "is one object, {\"items\":[...]}.\n\n"
     "    ostler list add residents AB-123-C --until 2027-01-01T00:00:00Z\n"
     "    ostler list import residents.csv\n", list_verbs},
    {"policy", "rules: write, check, deploy, explain",
     "PATH is a policy or a folder of them, this one where none is named. A spec, NAME_spec.lua, goes along with its policy. PAIR is\n"
     "name=value of a setting; name= takes the default again. REVISION is a number of 'show', or off. RIGHT is override. HOW is\n"
     "standard, open or closed: what happens while the policy is broken. DECISION is an id; without one, the newest.\n"
     "POLICY is a file or the name of one that is deployed, CONTEXT the visit as JSON, with the fields of a spec, EVENT a trigger.\n\n"
     "    ostler policy new no-vans\n"
     "    ostler policy try no-vans.lua '{\"plate\": \"V-12-AB\"}'\n"
     "    ostler policy deploy no-vans.lua --message \"Vans do not fit\"\n"
     "    ostler policy settings opening-hours open=\"Mon-Sun 07:00-22:00\"\n"
     "    ostler policy rollback no-vans\n", policy_verbs},
    {"db", "the database", "All work while the runtime runs, and without it.\n\n    ostler db backup /media/backup/ostler.db\n", db_verbs},
    {"help", "this text, or more about one command", "With --json all commands and their arguments, for programs.\n", help_verbs},
    {"version", "the version", "", version_verbs},
};
const size_t command_count = sizeof(commands) / sizeof(commands[0]);

int command_version(struct cli *cli)
{
    if (cli->json)
        printf("{\"version\":\"%s\"}\n", OSTLER_VERSION);
    else
        printf("ostler %s\n", OSTLER_VERSION);
    return EXIT_DONE;
}

static void list_commands(void)
{
    printf("ostler [--config FILE] [--json] COMMAND\n\n");
    for (size_t i = 0; i < command_count; i++)
        printf("  %-8s %s\n", commands[i].name, commands[i].summary);
}

static void list_for_programs(void)
{
    static char text[16384];
    struct json_writer writer;

    json_writer_init(&writer, text, sizeof(text));
    json_begin_array(&writer);
    for (size_t i = 0; i < command_count; i++) {
        for (const struct verb *verb = commands[i].verbs; verb->name; verb++) {
            json_begin_object(&writer);
            json_put_string(&writer, "command", commands[i].name);
            json_put_string(&writer, "verb", verb->name[0] ? verb->name : NULL);
            json_put_string(&writer, "arguments", verb->arguments);
            json_put_string(&writer, "summary", commands[i].summary);
            json_end_object(&writer);
        }
    }
    json_end_array(&writer);
    printf("%.*s\n", (int)writer.length, text);
}

void help_of(const struct command *command)
{
    printf("%s: %s\n\n", command->name, command->summary);
    for (const struct verb *verb = command->verbs; verb->name; verb++)
        printf("ostler %s%s%s%s%s\n", command->name, verb->name[0] ? " " : "", verb->name, verb->arguments[0] ? " " : "", verb->arguments);
    if (command->more[0])
        printf("\n%s", command->more);
}

int command_help(struct cli *cli)
{
    if (cli->json) {
        list_for_programs();
        return EXIT_DONE;
    }
    if (cli->argument_count == 0) {
        list_commands();
        return EXIT_DONE;
    }
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].name, cli->arguments[0]) == 0) {
            help_of(&commands[i]);
            return EXIT_DONE;
        }
    }
    return cli_fail(EXIT_USAGE, "there is no command '%s'; 'ostler help' lists them", cli->arguments[0]);
}
