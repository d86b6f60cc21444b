/*
 * bench-policy: the CPU time of a decision by 1 and by 8 empty policies, by the shipped ones, and by 8 that read all of a visit each; the memory
 * of a set of 30; and how long such a set takes to compile. Median of runs; one thread, warm.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "runtime/policy/lua_host.h"

#define DECISIONS 20000
#define RUNS 7

static const char empty[] = "policy { name = \"%s\" } function on.session_start(visit) end";
static const char busy[] =
    "policy { name = \"%s\", order = 10 }\n"
    "setting.open = hours(\"Mon-Sun 00:00-24:00\", \"Hours\")\n"
    "function on.session_start(visit)\n"
    "  if visit:on_list(\"blocked\") or visit.inside then deny(\"a\", \"x\") end\n"
    "  if not visit.now:within(setting.open) then deny(\"b\", \"x\") end\n"
    "  if visit.kind == \"season\" and visit.visits_today > 9 then deny(\"c\", \"x\") end\n"
    "  if visit.plate == \"X\" or visit.user == \"y\" or visit.partner == \"z\" then deny(\"d\", \"x\") end\n"
    "  if visit.garage.free < 1 or visit.garage.capacity < 1 or visit.garage.state ~= \"open\" then deny(\"e\", \"x\") end\n"
    "  if visit.last_exit and visit.now - visit.last_exit < duration(\"3min\") then deny(\"f\", \"x\") end\n"
    "  if visit.entrance == \"side\" then require_leave_by(\"1h\") end\n"
    "end\n";

static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static long resident_kib(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    long total = 0, resident = 0;

    if (file && fscanf(file, "%ld %ld", &total, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static struct policy_set *compile(struct policy_host *host, const char *text, size_t count)
{
    static char texts[POLICIES_MAX][2048];
    struct policy_source sources[POLICIES_MAX] = {{.revision = 1}};
    struct policy_problem problem;
    struct policy_set *set;
    size_t problems;

    for (size_t i = 0; i < count; i++) {
        char name[16];

        snprintf(name, sizeof(name), "p%zu", i);
        snprintf(texts[i], sizeof(texts[i]), text, name);
        sources[i] = (struct policy_source){.text = texts[i], .length = strlen(texts[i]), .revision = 1};
        snprintf(sources[i].file, sizeof(sources[i].file), "%s.lua", name);
    }
    if (host->ops->compile(host, sources, count, &set, &problem, 1, &problems) != OST_OK || problems > 0) {
        fprintf(stderr, "a policy of the bench does not load: %s\n", problems > 0 ? problem.text : "no memory");
        exit(1);
    }
    return set;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* The shipped policies of a start: those of the folder that listen to it are asked. */
static struct policy_set *compile_shipped(struct policy_host *host)
{
    static const char *const names[] = {"plate-lists", "opening-hours", "anti-passback", "pedestrian-door",
                                        "season-reserve", "max-stay", "tariff", "event-surge"};
    static char texts[8][POLICY_SOURCE_MAX];
    struct policy_source sources[8];
    struct policy_problem problem;
    struct policy_set *set;
    size_t problems;

    for (size_t i = 0; i < 8; i++) {
        char path[512];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s.lua", OSTLER_POLICIES_SOURCE, names[i]);
        file = fopen(path, "rb");
        if (!file)
            exit(1);
        sources[i] = (struct policy_source){.text = texts[i], .length = fread(texts[i], 1, sizeof(texts[i]), file), .revision = 1};
        snprintf(sources[i].file, sizeof(sources[i].file), "%s.lua", names[i]);
        fclose(file);
    }
    if (host->ops->compile(host, sources, 8, &set, &problem, 1, &problems) != OST_OK || problems > 0)
        exit(1);
    return set;
}

/* Microseconds of CPU a decision: the median of the runs. */
static double cost(struct policy_host *host, struct policy_set *set, const struct policy_visit *visit)
{
    struct policy_question question = {.trigger = TRIGGER_SESSION_START, .visit = visit, .wait_ms = 1000};
    static struct decision decision;
    double runs[RUNS];

    for (int run = 0; run < RUNS; run++) {
        int64_t began_ns = cpu_ns();

        for (int i = 0; i < DECISIONS; i++) {
            if (host->ops->decide(host, set, &question, &decision) != OST_OK || decision.outcome != DECISION_ALLOWED) {
                fprintf(stderr, "a decision of the bench is not what it should be\n");
                exit(1);
            }
        }
        runs[run] = (double)(cpu_ns() - began_ns) / DECISIONS / 1000;
    }
    host->ops->destroy_set(host, set);
    qsort(runs, RUNS, sizeof(*runs), by_size);
    return runs[RUNS / 2];
}

int main(void)
{
    struct lua_policy_host_settings settings = {.instances = 0};
    struct policy_visit visit = {.now_ms = INT64_C(1779172200000), .plate = "AB12CD", .user_id = "u", .partner_id = "p", .entrance = "entry-1"};
    struct policy_host *host;
    struct policy_set *set;
    struct zone *zone;
    int64_t began_ns;
    long before;

    if (lua_policy_host_create(&settings, &host) != OST_OK || zone_create("Europe/Amsterdam", &zone) != OST_OK)
        return 1;
    visit.zone = zone;
    visit.garage.free = 10;
    visit.garage.capacity = 20;
    visit.last_exit_ms = 1;
    snprintf(visit.garage.state, sizeof(visit.garage.state), "open");
    snprintf(visit.garage.currency, sizeof(visit.garage.currency), "EUR");
    printf("one empty policy     %6.2f us CPU a decision\n", cost(host, compile(host, empty, 1), &visit));
    printf("8 empty policies     %6.2f us\n", cost(host, compile(host, empty, 8), &visit));
    printf("8 shipped policies   %6.2f us, those of them that hear of a start\n", cost(host, compile_shipped(host), &visit));
    printf("8 busy policies      %6.2f us, each of which reads 14 fields\n", cost(host, compile(host, busy, 8), &visit));
    before = resident_kib();
    began_ns = cpu_ns();
    set = compile(host, busy, 30);
    printf("30 policies compile  %6.2f ms CPU, for all instances\n", (double)(cpu_ns() - began_ns) / 1e6);
    printf("30 policies take     %6.2f MB resident\n", (double)(resident_kib() - before) / 1024);
    host->ops->destroy_set(host, set);
    host->ops->destroy(host);
    zone_destroy(zone);
    return 0;
}
