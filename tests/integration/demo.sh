#!/bin/sh
# The demo as a new user tries it: start it, paste its lines, see what they show.
# usage: demo.sh OSTLER
set -u
ostler=$1
folder=$(mktemp -d)
trap 'kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; rm -rf "$folder"' EXIT
pid=
failed=0
[ -x "$ostler" ] || { echo "[  FAILED  ] the_program_is_built"; echo "there is no $ostler: cmake --preset release && ninja -C build/release ostler"; exit 1; }

expect() { # name pattern file
    if grep -Eq "$2" "$3"; then
        printf '[       OK ] %s\n' "$1"
    else
        printf '[  FAILED  ] %s\n' "$1"
        cat "$3"
        failed=1
    fi
}

# The demo's own port may be taken: its configuration is the user's to change, so a free one is put there first.
"$ostler" demo "$folder" >"$folder/out" 2>"$folder/err" &
pid=$!
tries=0
until [ -f "$folder/garage.lua" ] || [ $tries -ge 100 ]; do tries=$((tries + 1)); sleep 0.1; done
kill "$pid" 2>/dev/null
wait "$pid" 2>/dev/null
sed -i 's/127.0.0.1:8080/127.0.0.1:0/; $a metrics { listen = "127.0.0.1:0" }' "$folder/garage.lua"
"$ostler" demo "$folder" >"$folder/out" 2>"$folder/err" &
pid=$!
tries=0
until grep -q 'Ctrl-C ends' "$folder/out" || [ $tries -ge 300 ]; do tries=$((tries + 1)); sleep 0.1; done

sed -n '/^API=/,/^Policies/p' "$folder/out" | grep -v '^Policies' >"$folder/paste.sh"
timeout 120 sh "$folder/paste.sh" >"$folder/seen" 2>&1
sed -n '/entry-1/p' "$folder/seen" >"$folder/entry"
sed -n '/"exit-1","kind"/p' "$folder/seen" >"$folder/exit"
expect the_first_answer_has_all_spots_free '"occupied":0,"available":120' "$folder/seen"
expect a_start_is_answered_201 '^201$' "$folder/seen"
expect the_entry_is_closed_at_first '"position":"closed"' "$folder/entry"
expect the_entry_is_seen_opening '"position":"opening"' "$folder/entry"
expect the_entry_is_seen_open '"position":"open"' "$folder/entry"
expect availability_is_one_less '"occupied":1,"available":119' "$folder/seen"
expect the_stop_is_answered_200 '^200$' "$folder/seen"
expect the_exit_is_seen_opening '"position":"opening"' "$folder/exit"
expect the_exit_is_seen_open '"position":"open"' "$folder/exit"
expect staff_sees_the_session 'ended +demo +parkapp +AB123C' "$folder/seen"
kill -TERM "$pid"
wait "$pid"
[ $? = 0 ] && echo '[       OK ] the_demo_ends_with_status_0' || { echo '[  FAILED  ] the_demo_ends_with_status_0'; failed=1; }
"$ostler" --config "$folder/garage.lua" db check >"$folder/check" 2>&1
expect the_database_is_sound 'is sound' "$folder/check"
stat -c %a "$folder/ostler.db" >"$folder/mode"
expect the_database_is_not_for_everybody '^640$' "$folder/mode"
exit $failed
