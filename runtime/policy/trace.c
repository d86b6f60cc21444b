#include "runtime/policy/trace.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#include "runtime/base/text.h"
#include "runtime/policy/compose.h"
#include "runtime/policy/library.h"

static struct trace_step *add_step(struct policy_trace *trace, int line)
{
    struct trace_step *step = trace->count < TRACE_STEPS_MAX ? &trace->steps[trace->count] : NULL;

    trace->count++;
    if (step) {
        memset(step, 0, sizeof(*step));
        step->line = line;
    }
    return step;
}

static void note_line(void *context, int line)
{
    struct trace_step *step = add_step(context, line);

    if (step)
        step->kind = TRACE_LINE;
}

/* A value as people write it. */
static void push_shown(lua_State *lua, int index)
{
    bool is_text = lua_type(lua, index) == LUA_TSTRING;

    library_push_text(lua, index);
    if (!is_text)
        return;
    lua_pushfstring(lua, "\"%s\"", lua_tostring(lua, -1));
    lua_remove(lua, -2);
}

void trace_read(lua_State *lua, const struct policy_run *run, const char *owner, const char *name)
{
    struct trace_step *step;

    if (!run->trace || lua_type(lua, -1) == LUA_TFUNCTION || !(step = add_step(run->trace, sandbox_line(lua))))
        return;
    step->kind = TRACE_READ;
    push_shown(lua, lua_gettop(lua));
    snprintf(step->text, sizeof(step->text), "%s.%s is %.100s", owner, name, lua_tostring(lua, -1));
    lua_pop(lua, 1);
}

void trace_said(lua_State *lua, const struct policy_run *run, const char *verb)
{
    struct trace_step *step;
    char arguments[128] = "";
    int count = lua_gettop(lua);

    if (!run->trace || !(step = add_step(run->trace, sandbox_line(lua))))
        return;
    for (int i = 1; i <= count && strlen(arguments) < sizeof(arguments) - 8; i++) {
        size_t length = strlen(arguments);

        push_shown(lua, i);
        snprintf(arguments + length, sizeof(arguments) - length, "%s%s", i > 1 ? ", " : "", lua_tostring(lua, -1));
        lua_pop(lua, 1);
    }
    step->kind = TRACE_SAID;
    snprintf(step->text, sizeof(step->text), "%s(%s)", verb, arguments);
}

enum ost_status trace_run(const struct sandbox_limits *limits, const struct policy_source *source,
                          const struct policy_question *question, struct decision *out, struct policy_trace *trace,
                          struct policy_problem *problem)
{
    struct sandbox_limits traced = *limits;
    struct policy_question asked = *question;
    struct sandbox_failure failure;
    struct policy_facts facts = {.revision = source->revision};
    struct sandbox *sandbox;
    int64_t cpu_now_ns;
    enum ost_status status;
    bool is_override;

    traced.on_line = note_line;
    traced.line_context = trace;
    asked.trace = trace;
    memset(out, 0, sizeof(*out));
    out->trigger = question->trigger;
    status = policy_instance_load(&traced, source, &facts, &sandbox, &failure);
    trace->count = 0; /* of the handler only, not of loading */
    if (status == OST_INVALID) {
        memset(problem, 0, sizeof(*problem));
        snprintf(problem->file, sizeof(problem->file), "%s", source->file);
        problem->line = failure.line;
        text_copy(problem->text, sizeof(problem->text), failure.text);
    }
    if (status != OST_OK)
        return status;
    cpu_now_ns = sandbox_cpu_now_ns();
    if (facts.triggers & 1u << question->trigger) {
        int64_t began_ns = cpu_now_ns;

        is_override = compose_ask(sandbox, &facts, &asked, false, &cpu_now_ns, out);
        out->cpu_ns = cpu_now_ns - began_ns;
        compose_conclude(&asked, is_override, facts.fail == FAIL_OPEN, out);
    }
    sandbox_destroy(sandbox);
    return OST_OK;
}
