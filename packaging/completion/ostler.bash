# Completion for bash. That it knows just what `ostler help --json` tells is tested (tests/integration/test_command_line.c).

_ostler_words() { # command verb
    case "$1 $2" in
        ' ') echo serve demo check token door session list policy db help version ;;
        'token ') echo create list revoke ;;
        'token create') echo --partner --scope --expires ;;
        'door ') echo list watch open simulate maintain resume release ;;
        'door open') echo --reason ;;
        'door maintain') echo --minutes --reason ;;
        'session ') echo list show stop ;;
        'session list') echo --status ;;
        'session stop') echo --reason --door --no-open ;;
        'list ') echo show add remove import ;;
        'list add') echo --until ;;
        'policy ') echo new check test try deploy list show diff activate rollback shadow settings replay why export import ;;
        'policy try') echo --event ;;
        'policy replay') echo --since --candidate ;;
        'policy deploy') echo --spec --message --shadow --order --grant --fail --setting ;;
        'policy activate' | 'policy rollback' | 'policy shadow' | 'policy settings') echo --message ;;
        'db ') echo check backup migrate ;;
    esac
}

_ostler_values() { # command verb option-or-empty
    case "$1 $2 $3" in
        'token create --scope')
            echo sessions:write sessions:read garages:read doors:open operations:read operations:write policies:read \
                policies:write doors:maintain ;;
        'session list --status') echo active ended ;;
        'policy try --event') echo session_start session_stop door_request availability door_event schedule http ;;
        'policy deploy --grant') echo override ;;
        'policy deploy --fail') echo standard open closed ;;
        'help  ') _ostler_words '' '' ;;
        'door simulate ') echo none unreachable stuck slow welded bouncing ;;
    esac
}

_ostler() {
    local line=${COMP_LINE-} current=${COMP_WORDS[COMP_CWORD]} command='' verb='' option='' word i
    # readline splits words at colons too, and scopes have them: put them together again.
    local -a words=()
    if [ -n "$line" ]; then
        line=${line:0:COMP_POINT}
        read -ra words <<<"$line"
        case $line in *' ') words+=('') ;; esac
        current=${words[${#words[@]} - 1]}
    else
        words=("${COMP_WORDS[@]:0:COMP_CWORD + 1}")
    fi
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        word=${words[i]}
        if [ -n "$option" ]; then
            option=''
            continue
        fi
        case $word in
            --json | --help | -h | --no-open | --shadow | --version) ;;
            -*) option=$word ;;
            *)
                if [ -z "$command" ]; then
                    command=$word
                elif [ -z "$verb" ] && [ -n "$(_ostler_words "$command" '')" ]; then
                    verb=$word
                fi ;;
        esac
    done
    if [ "$option" = --config ]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
    fi
    if [ -n "$option" ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ostler_values "$command" "$verb" "$option")" -- "$current")
    else
        case "$command $verb" in
            'demo ' | 'list import' | 'db backup')
                compopt -o filenames 2>/dev/null
                mapfile -t COMPREPLY < <(compgen -f -- "$current"; compgen -W '--json --config --help' -- "$current") ;;
            *)
                mapfile -t COMPREPLY < <(compgen -W "$(_ostler_words "$command" "$verb") $(_ostler_values "$command" "$verb" '') \
                    --json --config --help" -- "$current") ;;
        esac
    fi
    # What stands before the last colon is in the line already.
    case $current in
        *:*) COMPREPLY=("${COMPREPLY[@]#"${current%"${current##*:}"}"}") ;;
    esac
}

complete -F _ostler ostler
