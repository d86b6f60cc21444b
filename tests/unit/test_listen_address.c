#include "runtime/base/listen_address.h"

#include "tests/unit/check.h"

static struct listen_address address;

static void numeric_addresses_with_a_port_are_taken(void **state)
{
    (void)state;
    assert_ok(listen_address_parse("127.0.0.1:8080", &address));
    assert_int_equal(address.port, 8080);
    assert_ok(listen_address_parse("[::1]:443", &address));
    assert_int_equal(address.port, 443);
    assert_ok(listen_address_parse("0.0.0.0:0", &address));
    assert_int_equal(address.port, 0);
    assert_ok(listen_address_parse("[2001:db8::7]:65535", &address));
    assert_int_equal(address.port, 65535);
}

static void only_127_and_1_are_loopback(void **state)
{
    static const struct {
        const char *text;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:1", true}, {"127.255.255.254:1", true}, {"[::1]:1", true}, {"128.0.0.1:1", false}, {"126.0.0.1:1", false},
        {"0.0.0.0:1", false}, {"[::]:1", false}, {"[::2]:1", false}, {"192.168.1.2:1", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_ok(listen_address_parse(cases[i].text, &address));
        assert_int_equal(address.is_loopback, cases[i].is_loopback);
    }
}

static void anything_else_is_refused_and_changes_nothing(void **state)
{
    static const char *const texts[] = {
        "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:80a0", "127.0.0.1:65536", "127.0.0.1:99999", "127.0.0.1:-1",
        "127.0.0.1:+1", "127.0.0.1: 80", "127.0.0.1:80 ", "127.0.0.1:000080", "127.evil.example:80", "localhost:80", "*:80",
        "127.1:80", "::1:80", "[::1]80", "[::1:80", "[127.0.0.1]:80", "[]:80", "127.0.0.1:80,0.0.0.0:81", "127.0.0.1:80s",
        "[fe80::1%eth0]:80", "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:80",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        address = (struct listen_address){.port = 7};
        if (listen_address_parse(texts[i], &address) != OST_INVALID)
            fail_msg("'%s' was taken", texts[i]);
        assert_int_equal(address.port, 7);
    }
}

RUN(T(numeric_addresses_with_a_port_are_taken), T(only_127_and_1_are_loopback), T(anything_else_is_refused_and_changes_nothing))
