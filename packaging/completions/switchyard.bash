# bash completion for switchyard(1).
#
# Commands, options, files, and, where the API of a running switchyard answers, names of backends and servers, numbers of holds.

# _switchyard_ask ARGUMENTS…: what switchyard prints for the settings and the API that the line names.
_switchyard_ask() {
  local -a where=()
  local i
  for ((i = 1; i < COMP_CWORD - 1; ++i)); do
    case ${COMP_WORDS[i]} in
      -c | --config | --api | --token-file) where+=("${COMP_WORDS[i]}" "${COMP_WORDS[i + 1]}") ;;
    esac
  done
  timeout 2 "${COMP_WORDS[0]}" "$@" "${where[@]}" 2>/dev/null
}

# The first column under the head of a table.
_switchyard_names() {
  _switchyard_ask backends | tail -n +2 | cut -d ' ' -f 1
}

_switchyard_servers() {
  local backend=$1
  _switchyard_ask backends "$backend" | sed -n '/^SERVER /,$p' | tail -n +2 | cut -d ' ' -f 1 |
    grep -v '^differs:' | sed "s|^|$backend/|"
}

_switchyard_holds() {
  _switchyard_ask approve | grep -o '^[0-9]*'
}

_switchyard() {
  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
  local commands="run check doctor status backends watch plan drain approve reject exec sql version"
  local command="" i
  COMPREPLY=()
  # bash takes names apart at colons.
  if declare -F _get_comp_words_by_ref >/dev/null; then
    local words cword
    _get_comp_words_by_ref -n : cur prev words cword
  fi
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ " $commands " == *" ${COMP_WORDS[i]} "* ]]; then
      command=${COMP_WORDS[i]}
      break
    fi
  done

  case $prev in
    -c | --config | --token-file | -f | --file)
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -f -- "$cur")
      return
      ;;
    -o | --output)
      mapfile -t COMPREPLY < <(compgen -W "text json" -- "$cur")
      return
      ;;
    --state)
      mapfile -t COMPREPLY < <(compgen -W "ready drain maint" -- "$cur")
      return
      ;;
    --backend)
      mapfile -t COMPREPLY < <(compgen -W "$(_switchyard_names)" -- "$cur")
      return
      ;;
    --kind)
      mapfile -t COMPREPLY < <(compgen -W "actor api backend certificate collision file haproxy hold log name provider refused reload routes server switchyard" -- "$cur")
      return
      ;;
    --api | --provider | --last | --timeout | --schema | --channel)
      return
      ;;
  esac

  if [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands -h --help --version" -- "$cur")
    return
  fi
  if [[ $cur == -* ]]; then
    local client="-h --help -c --config -o --output --api --token-file" options
    case $command in
      run) options="-h --help -c --config" ;;
      check | doctor | exec) options="-h --help -c --config -o --output" ;;
      status) options=$client ;;
      backends) options="$client --provider --state" ;;
      plan) options="$client -f --file --whole" ;;
      watch) options="$client --backend --provider --kind --last" ;;
      drain) options="$client --wait --timeout" ;;
      approve | reject) options="$client --all" ;;
      sql) options="-h --help --schema --channel -o --output" ;;
      version) options="-h --help -o --output" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$cur")
    return
  fi
  case $command in
    backends)
      mapfile -t COMPREPLY < <(compgen -W "$(_switchyard_names)" -- "$cur")
      ;;
    approve | reject)
      mapfile -t COMPREPLY < <(compgen -W "$(_switchyard_holds)" -- "$cur")
      ;;
    drain)
      if [[ $cur == */* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_switchyard_servers "${cur%%/*}")" -- "$cur")
      else
        compopt -o nospace 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -S / -W "$(_switchyard_names)" -- "$cur")
      fi
      ;;
  esac
}

complete -F _switchyard switchyard
