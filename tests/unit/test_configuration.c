#include "runtime/app/configuration.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

#define STORAGE "storage { path = 'ostler.db' }\n"
#define DOOR "door { id = 'in', kind = 'entry', driver = 'simulated' }"
#define GARAGE "garage { id = 'north', spots = 5, doors = { " DOOR " } }\n"

static struct configuration_report report;

/* NULL: it was refused, and the report says why. */
static struct configuration *parse(const char *text)
{
    struct configuration *configuration = NULL;

    if (configuration_parse(text, strlen(text), "/etc/ostler/garage.lua", &configuration, &report) != OST_OK)
        return NULL;
    return configuration;
}

static void assert_taken(const char *text)
{
    struct configuration *configuration = parse(text);

    if (!configuration)
        fail_msg("line %d: %s\n%s", report.problems[0].line, report.problems[0].text, text);
    configuration_free(configuration);
}

/* The one error of a text, and its line. */
static void assert_error(const char *text, int line, const char *part)
{
    struct configuration *configuration = parse(text);

    if (configuration)
        fail_msg("was taken: %s", text);
    if (report.count != 1 || report.problems[0].line != line || !strstr(report.problems[0].text, part))
        fail_msg("%zu problems, the first on line %d: %s", report.count, report.problems[0].line, report.problems[0].text);
}

static void addresses_are_checked_before_they_are_listened_on(void **state)
{
    (void)state;
    assert_taken("http { listen = '127.1.2.3:0' }\n" STORAGE GARAGE);
    assert_taken("http { listen = '[::1]:65535' }\n" STORAGE GARAGE);
    assert_taken("http { listen = '0.0.0.0:80', insecure = true }\n" STORAGE GARAGE);
    assert_error("http { listen = '127.0.0.1:80a0' }\n" STORAGE GARAGE, 1, "http.listen: must be an address");
    assert_error("http { listen = '127.0.0.1:99999' }\n" STORAGE GARAGE, 1, "http.listen: must be an address");
    assert_error("http { listen = '127.evil.example:80' }\n" STORAGE GARAGE, 1, "http.listen: must be an address");
    assert_error("http { listen = '0.0.0.0:80' }\n" STORAGE GARAGE, 1, "http.listen: without TLS");
    assert_error("metrics { listen = '127.0.0.1:65536' }\n" STORAGE GARAGE, 1, "metrics.listen: must be an address");
}

static void metrics_leave_this_machine_only_where_http_may(void **state)
{
    (void)state;
    assert_error(STORAGE "metrics { listen = '0.0.0.0:9464' }\n" GARAGE, 2, "metrics.listen");
    assert_taken(STORAGE "metrics { listen = '0.0.0.0:9464' }\nhttp { insecure = true }\n" GARAGE);
    assert_taken(STORAGE "metrics { listen = '127.0.0.1:9464' }\n" GARAGE);
}

static void sections_that_stand_once_are_refused_twice(void **state)
{
    (void)state;
    assert_error("http { }\nhttp { workers = 16 }\n" STORAGE GARAGE, 2, "http: stands twice, first on line 1");
    assert_error(STORAGE STORAGE GARAGE, 2, "storage: stands twice, first on line 1");
    assert_error("metrics { }\nmetrics { }\n" STORAGE GARAGE, 2, "metrics: stands twice");
    assert_error("policies { directory = 'a' }\npolicies { directory = 'b' }\n" STORAGE GARAGE, 2, "policies: stands twice");
}

static void a_door_stands_in_a_garage(void **state)
{
    (void)state;
    assert_error(STORAGE GARAGE "door { id = 'out', kind = 'exit', driver = 'simulated' }\n", 3, "stands in no garage");
    assert_error(STORAGE DOOR "\n" GARAGE, 2, "stands in no garage");
    assert_taken(STORAGE "local entry = " DOOR "\ngarage { id = 'north', spots = 5, doors = { entry } }\n");
}

static void lists_hold_no_keys(void **state)
{
    (void)state;
    assert_error(STORAGE GARAGE "partner { id = 'p', scopes = { a = 1 } }\n", 3, "partner.scopes: must be a list");
    assert_error(STORAGE GARAGE "partner { id = 'p',\n scopes = { 'sessions:write', a = 1 } }\n", 4, "partner.scopes: must be a list");
    assert_error(STORAGE "garage { id = 'n', spots = 5, doors = { " DOOR ", foo = 1 } }\n", 2, "garage.doors: must be a list");
    assert_error(STORAGE "garage { id = 'n', spots = 5, doors = { foo = " DOOR " } }\n", 2, "garage.doors: must be a list");
    assert_taken(STORAGE GARAGE "partner { id = 'p', scopes = { 'sessions:write', } }\n");
}

static void faults_are_for_simulated_doors(void **state)
{
    (void)state;
    assert_error(STORAGE "garage { id = 'n', spots = 5, doors = {\n"
                         " door { id = 'in', kind = 'entry', driver = 'gpiod', chip = 'c', relay = 'r',\n fault = 'stuck' } } }\n",
                 4, "door.fault: is for simulated doors only");
    assert_taken(STORAGE "garage { id = 'n', spots = 5, doors = {\n"
                         " door { id = 'in', kind = 'entry', driver = 'simulated', fault = 'stuck' } } }\n");
}

static void an_error_stays_inside_its_own_section(void **state)
{
    (void)state;
    /* "spots" is missing in the first garage only, and stands in the second. */
    assert_error(STORAGE "garage { id = 'n', doors = { " DOOR " } }\ngarage { id = 's',\n spots = 5, doors = { " DOOR " } }\n", 2,
                 "garage.spots: is required");
    /* The door's id is not the garage's. */
    assert_error(STORAGE "garage { doors = {\n door { id = 'in', kind = 'entry', driver = 'simulated' } }, spots = 5 }\n", 2,
                 "garage.id: is required");
    /* Neither a comment nor a text in quotes is a key. */
    assert_error(STORAGE "garage { id = 'n', name = 'spots = }',\n -- spots = 1 }\n --[[ spots = 2 } ]]\n spots = 'x',\n doors = { " DOOR " } }\n",
                 5, "garage.spots: must be a whole number");
    /* Two doors that begin on one line. */
    assert_error(STORAGE "garage { id = 'n', spots = 5, doors = { " DOOR ", door { id = 'out',\n kind = 'exit',\n driver = 'wooden' } } }\n", 4,
                 "door.driver: must be one of");
    /* The key of an inner table. */
    assert_error(STORAGE "garage { id = 'n', spots = 5, doors = { door { id = 'in', kind = 'entry', driver = 'simulated',\n"
                         " open_sensor = {\n line = 'a',\n bias = 'up' } } } }\n",
                 5, "open_sensor.bias: must be one of");
}

/* ---- a reload ---- */

#define TWO_DOORS "doors = { door { id = 'in', kind = 'entry', driver = 'simulated', travel_time = '%s' }, " \
                  "door { id = 'out', kind = 'exit', driver = 'simulated' } }"

static struct configuration *parse_with(const char *first, const char *travel_time, const char *last)
{
    char text[2048];
    int length = snprintf(text, sizeof(text), "%s", first);
    struct configuration *configuration;

    length += snprintf(text + length, sizeof(text) - (size_t)length, "garage { id = 'north', spots = %d, " TWO_DOORS " }\n",
                       strcmp(travel_time, "2s") == 0 ? 5 : 7, travel_time);
    snprintf(text + length, sizeof(text) - (size_t)length, "%s", last);
    configuration = parse(text);
    if (!configuration)
        fail_msg("%s", report.problems[0].text);
    return configuration;
}

static void a_reload_takes_partners_and_rules_and_keeps_doors(void **state)
{
    struct configuration *now = parse_with(STORAGE, "2s", "partner { id = 'old' }\n");
    struct configuration *next = parse_with(STORAGE, "3s", "partner { id = 'new' }\n");
    char text[512];

    (void)state;
    assert_ok(configuration_merge(now, now->site, next, text, sizeof(text)));
    assert_string_equal(text, "door north/in");
    assert_null(site_find_partner(next->site, "old"));
    assert_non_null(site_find_partner(next->site, "new"));
    assert_non_null(site_find_partner(next->site, STAFF_PARTNER));
    assert_int_equal(next->site->garages[0].spots, 7);
    assert_int_equal(garage_find_door(&next->site->garages[0], "in")->travel_ms, 2000);
    configuration_free(next);
    configuration_free(now);
}

static void a_reload_names_each_part_that_waits(void **state)
{
    static const char west[] = "garage { id = 'west', spots = 1, doors = { " DOOR " } }\n";
    static const char east[] = "garage { id = 'east', spots = 1, doors = { " DOOR " } }\n";
    struct configuration *now = parse_with(STORAGE, "2s", west);
    struct configuration *next = parse_with("http { listen = '127.0.0.1:1', workers = 16 }\nmetrics { listen = '127.0.0.1:2' }\n"
                                            "storage { path = 'other.db' }\n", "2s", east);
    char text[512];

    (void)state;
    assert_ok(configuration_merge(now, now->site, next, text, sizeof(text)));
    assert_string_equal(text, "http.listen, http.workers, metrics.listen, storage.path, new garage east, removed garage west");
    assert_non_null(site_find_garage(next->site, "west"));
    assert_null(site_find_garage(next->site, "east"));
    configuration_free(next);
    configuration_free(now);
}

static void a_reload_of_the_same_waits_for_nothing(void **state)
{
    struct configuration *now = parse_with(STORAGE, "2s", "");
    struct configuration *next = parse_with(STORAGE, "2s", "");
    char text[512];

    (void)state;
    assert_ok(configuration_merge(now, now->site, next, text, sizeof(text)));
    assert_string_equal(text, "");
    configuration_free(next);
    configuration_free(now);
}

static void many_differences_are_cut_with_dots(void **state)
{
    static char doors[32768];
    struct configuration *now = parse_with(STORAGE, "2s", "");
    struct configuration *next;
    char text[256];
    size_t length = 0;

    (void)state;
    length += (size_t)snprintf(doors, sizeof(doors), STORAGE "garage { id = 'north', spots = 5, doors = {");
    for (int i = 0; i < 200; i++)
        length += (size_t)snprintf(doors + length, sizeof(doors) - length, "door { id = 'd%d', kind = 'exit', driver = 'simulated' },\n", i);
    snprintf(doors + length, sizeof(doors) - length, "} }");
    next = parse(doors);
    assert_non_null(next);
    assert_ok(configuration_merge(now, now->site, next, text, sizeof(text)));
    assert_string_equal(text + strlen(text) - 5, ", ...");
    configuration_free(next);
    configuration_free(now);
}

RUN(T(addresses_are_checked_before_they_are_listened_on), T(metrics_leave_this_machine_only_where_http_may),
    T(sections_that_stand_once_are_refused_twice), T(a_door_stands_in_a_garage), T(lists_hold_no_keys),
    T(faults_are_for_simulated_doors), T(an_error_stays_inside_its_own_section),
    T(a_reload_takes_partners_and_rules_and_keeps_doors), T(a_reload_names_each_part_that_waits),
    T(a_reload_of_the_same_waits_for_nothing), T(many_differences_are_cut_with_dots))
