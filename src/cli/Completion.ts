/**
 * Scripts that complete verbs, flags and units in a shell, from the verb table. Pure.
 */
import { globalFlags } from "./GlobalFlags.ts";
import { type FlagSpec, verbs, type VerbSpec } from "./Verbs.ts";

export const shells = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof shells)[number];

const flagsOf = (verb: VerbSpec): ReadonlyArray<[string, FlagSpec]> => Object.entries({ ...verb.flags, ...globalFlags });
const takesUnits = ({ operands }: VerbSpec): boolean => operands.some(({ name }) => name === "UNIT");
const takesFile = ({ operands }: VerbSpec): boolean => operands.some(({ name }) => name === "FILE");

/** Verbs, then flags, words of a flag, units or files. Units are asked of the master, which may be away. */
const bash = (): string => {
  const words = verbs.flatMap((verb) =>
    flagsOf(verb).flatMap(([name, { type }]) => (Array.isArray(type) ? [[verb.name, name, type.join(" ")]] : [])),
  );
  return `_hsu() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} verb= word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case $word in -*) ;; *) verb=$word; break ;; esac
  done
  if [[ -z $verb ]]; then
    COMPREPLY=($(compgen -W "${verbs.map(({ name }) => name).join(" ")}" -- "$cur"))
    return
  fi
  case "$verb $prev" in
${words.map(([verb, flag, choice]) => `    "${verb} --${flag}") COMPREPLY=($(compgen -W "${choice}" -- "$cur")); return ;;`).join("\n")}
  esac
  if [[ $cur == -* ]]; then
    case $verb in
${verbs
  .map(
    (verb) =>
      `      ${verb.name}) COMPREPLY=($(compgen -W "${flagsOf(verb)
        .map(([name]) => `--${name}`)
        .join(" ")}" -- "$cur")) ;;`,
  )
  .join("\n")}
    esac
    return
  fi
  case $verb in
    ${verbs
      .filter(takesUnits)
      .map(({ name }) => name)
      .join("|")}) COMPREPLY=($(compgen -W "$(hsu status -o name 2>/dev/null)" -- "$cur")) ;;
    ${verbs
      .filter(takesFile)
      .map(({ name }) => name)
      .join("|")}) COMPREPLY=($(compgen -f -- "$cur")) ;;
  esac
}
complete -F _hsu hsu
`;
};

/** What zsh says of each is its own: `name:what it does`. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const zshWord = (name: string, help: string): string => quoted(`${name}:${help.replaceAll(":", "\\:")}`);

const zsh = (): string => `#compdef hsu
_hsu() {
  local -a verbs flags units
  local verb=\${words[2]}
  verbs=(
${verbs.map(({ name, summary }) => `    ${zshWord(name, summary)}`).join("\n")}
  )
  if (( CURRENT == 2 )); then _describe verb verbs; return; fi
  if [[ \${words[CURRENT]} == -* ]]; then
    case $verb in
${verbs
  .map(
    (verb) =>
      `      ${verb.name}) flags=(${flagsOf(verb)
        .map(([name, { help }]) => zshWord(`--${name}`, help))
        .join(" ")}) ;;`,
  )
  .join("\n")}
    esac
    _describe flag flags
    return
  fi
  case $verb in
    ${verbs
      .filter(takesUnits)
      .map(({ name }) => name)
      .join("|")}) units=(\${(f)"$(hsu status -o name 2>/dev/null)"}); _describe unit units ;;
    *) _files ;;
  esac
}
if [[ \${funcstack[1]} == _hsu ]]; then _hsu; else compdef _hsu hsu; fi
`;

const fish = (): string => {
  const verbLines = verbs.map(({ name, summary }) => `complete -c hsu -n __fish_use_subcommand -f -a ${name} -d ${quoted(summary)}`);
  const flagLines = verbs.flatMap((verb) =>
    flagsOf(verb).map(([name, { help, short, type }]) => {
      const value = type === "boolean" ? "" : Array.isArray(type) ? ` -x -a ${quoted(type.join(" "))}` : " -r";
      return `complete -c hsu -n '__fish_seen_subcommand_from ${verb.name}' -l ${name}${short === undefined ? "" : ` -s ${short}`}${value} -d ${quoted(help)}`;
    }),
  );
  const units = verbs.filter(takesUnits).map(({ name }) => name);
  const unitLine = `complete -c hsu -n '__fish_seen_subcommand_from ${units.join(" ")}' -f -a '(hsu status -o name 2>/dev/null)'`;
  return `${[...verbLines, ...flagLines, unitLine].join("\n")}\n`;
};

const scripts: Readonly<Record<Shell, () => string>> = { bash, zsh, fish };

export const completion = (shell: Shell): string => scripts[shell]();
