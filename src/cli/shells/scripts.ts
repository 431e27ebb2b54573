/*
 * What shells load. All of them ask `doozer completion candidates PROGRAM WORD...`, which prints a line for each
 * candidate, WORD tab MEANING, and a line that begins with a colon for what the shell finds by itself. So the
 * scripts know nothing of options and commands, and stay true when those change.
 */

/**
 * COMP_WORDS is cut at colons and equals signs, which URIs are full of: the line is split anew, and of what is
 * found only that goes back which stands behind the last such cut.
 *
 * @see https://www.gnu.org/software/bash/manual/html_node/Programmable-Completion.html
 */
const bash = `# doozer and doozerd in bash: source <(doozer completion bash)
_doozer() {
  local IFS=$' \\t\\n' line=\${COMP_LINE:0:COMP_POINT} kind= typed head i
  local -a words=()
  COMPREPLY=()
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  for i in "\${!words[@]}"; do
    words[i]=\${words[i]//[\\"\\']/}
  done
  typed=\${words[\${#words[@]} - 1]}
  while IFS= read -r line; do
    case $line in
      :*) kind=\${line#:} ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <(doozer completion candidates "\${words[0]##*/}" "\${words[@]:1}" 2>/dev/null)
  case $kind in
    files) compopt -o filenames 2>/dev/null; IFS=$'\\n'; COMPREPLY=($(compgen -f -- "$typed")) ;;
    folders) compopt -o filenames 2>/dev/null; IFS=$'\\n'; COMPREPLY=($(compgen -d -- "$typed")) ;;
    programs) IFS=$'\\n'; COMPREPLY=($(compgen -A command -A file -- "$typed")) ;;
  esac
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
  head=\${typed%"\${typed##*[:=]}"}
  if [[ $head && $COMP_WORDBREAKS == *:* ]]; then
    for i in "\${!COMPREPLY[@]}"; do
      COMPREPLY[i]=\${COMPREPLY[i]#"$head"}
    done
  fi
  return 0
}
complete -F _doozer doozer doozerd
`;

/** @see https://zsh.sourceforge.io/Doc/Release/Completion-System.html */
const zsh = `#compdef doozer doozerd
# doozer and doozerd in zsh: source <(doozer completion zsh), or keep it as _doozer in a folder of fpath
_doozer() {
  local line kind
  local -a found meanings open
  while IFS= read -r line; do
    case $line in
      :*) kind=\${line#:} ;;
      */) open+=("$line") ;;
      *) found+=("\${line%%$'\\t'*}"); meanings+=("\${line/$'\\t'/  -- }") ;;
    esac
  done < <(doozer completion candidates "\${words[1]:t}" "\${(@Q)words[2,CURRENT]}" 2>/dev/null)
  case $kind in
    files) _files; return ;;
    folders) _files -/; return ;;
    programs) _normal; return ;;
  esac
  (( \${#open} )) && compadd -S '' -- "\${open[@]}"
  (( \${#found} )) && compadd -l -d meanings -- "\${found[@]}"
}
if [[ \${funcstack[1]} == _doozer ]]; then
  _doozer "$@"
else
  compdef _doozer doozer doozerd
fi
`;

/** @see https://fishshell.com/docs/current/cmds/complete.html */
const fish = `# doozer and doozerd in fish: doozer completion fish | source
function __doozer_candidates
  set -l words (commandline -opc)
  set -l typed (commandline -ct)
  set -l program (string replace -r '.*/' '' -- $words[1])
  for line in (doozer completion candidates $program $words[2..-1] "$typed" 2>/dev/null)
    switch $line
      case ':files' ':programs'
        __fish_complete_path "$typed"
      case ':folders'
        __fish_complete_directories "$typed"
      case '*'
        printf '%s\\n' $line
    end
  end
end
complete -c doozer -f -a '(__doozer_candidates)'
complete -c doozerd -f -a '(__doozer_candidates)'
`;

export const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };
