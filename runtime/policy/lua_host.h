/* The policy host on Lua 5.4: implements runtime/ports/policy_host.h. */
#ifndef OSTLER_POLICY_LUA_HOST_H
#define OSTLER_POLICY_LUA_HOST_H

#include <stddef.h>
#include <stdint.h>

#include "runtime/base/status.h"
#include "runtime/ports/policy_host.h"

struct lua_policy_host_settings {
    unsigned instances;  /* of each policy, for as many decisions at once; 0: twice the cores. At least 2. */
    size_t memory_bytes; /* of one instance; 0: 512 KiB, the policy contract's limit */
    int64_t cpu_ns;      /* of one call; 0: 5 ms, the policy contract's limit */
};

/* *out is ended with its destroy(), after all its sets. OST_NO_MEMORY. */
enum ost_status lua_policy_host_create(const struct lua_policy_host_settings *settings, struct policy_host **out) OST_MUST_CHECK;

#endif
