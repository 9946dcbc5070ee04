/**
 * Command lines as they are typed, for the help of each verb; a test parses them all.
 */

/** A line as a shell reads it, and what it is good for. */
export interface Example {
  readonly line: string;
  readonly does: string;
}

const example = (line: string, does: string): Example => ({ line, does });

export const examples: Readonly<Record<string, ReadonlyArray<Example>>> = {
  up: [
    example("hsu up hsu.yaml", "run the tree in the foreground; Ctrl-C stops it"),
    example("hsu up -d --timeout 1m", "in the background, with the config that is found"),
  ],
  init: [example("hsu init && hsu up", "run what a Procfile, a Compose file or a package.json says")],
  validate: [
    example("hsu validate hsu.yaml", "all errors at once"),
    example("hsu validate -o json hsu.yaml", "the tree that the file stands for, or a finding a line"),
  ],
  convert: [example("hsu convert old.yaml > hsu.yaml", "from another dialect")],
  eject: [example("hsu eject -O tree.ts hsu.yaml", "go on in code")],
  import: [
    example("hsu import procfile Procfile > hsu.yaml", "from a Procfile"),
    example("hsu import systemd -O hsu.yaml web.service worker.service", "from units of systemd"),
  ],
  schema: [
    example("hsu schema > hsu.schema.json", "for an editor"),
    example("hsu schema peer list", "of what `hsu peer list -o json` prints"),
  ],
  plan: [
    example("hsu plan hsu.yaml", "what `hsu apply` would do"),
    example("hsu plan --from old.yaml --detailed-exitcode new.yaml", "whether two configs differ, without a master"),
  ],
  apply: [example("hsu apply hsu.yaml", "units that are the same are not touched")],
  history: [example("hsu history -o json", "each config that was run, as data")],
  diff: [example("hsu diff 3", "what has changed since revision 3")],
  rollback: [example("hsu rollback", "back to the config before")],
  status: [
    example("hsu status", "a table; exit code 3 when something is not as it should be"),
    example("hsu ps -o name", "the names alone"),
    example("hsu status --watch -o json", "an object a line for each unit that changes"),
  ],
  tree: [example("hsu tree", "who supervises whom")],
  start: [example("hsu start web", "one unit, and those that it needs"), example("hsu start 'worker-*'", "all whose names fit")],
  stop: [example("hsu stop web worker", "both; they stay stopped"), example("hsu stop all", "every unit, those that others need last")],
  restart: [
    example("hsu restart web", "stop it, and start it again"),
    example("hsu restart --rolling web", "its instances so that it goes on serving"),
  ],
  wait: [
    example("hsu wait --timeout 30s web", "until it can be used"),
    example("hsu wait --for=exit migrate", "until its process ends, with that one's exit code"),
  ],
  reload: [example("hsu reload web", "have it read its own config again")],
  "reset-failed": [example("hsu reset-failed", "all units start from a clean record")],
  describe: [example("hsu describe web", "why it is as it is, and what it was before")],
  top: [example("hsu top --sort memory", "drawn again and again"), example("hsu top --once -o json", "one look, as data")],
  signal: [example("hsu signal web USR1", "to all processes of the unit")],
  logs: [
    example("hsu logs -f -n 20 web", "the last lines, then each that comes"),
    example("hsu logs --since 10m --level error --merge web worker", "what went wrong lately, in order"),
  ],
  events: [example("hsu events -f", "what happens in the tree")],
  call: [
    example("hsu call echo", "what the unit serves"),
    example(`hsu call echo proto.EchoService/Echo '{"message":"hi"}'`, "a method, with JSON"),
  ],
  attach: [example("hsu attach repl", "see it, and type to it"), example("hsu attach --no-stdin web", "look only")],
  exec: [
    example("hsu exec -t web -- sh", "a shell where the unit is"),
    example("hsu exec web -- env", "what it was given"),
    example("hsu exec --standalone migrate -- ./bin/check", "without the unit running"),
  ],
  peer: [
    example("hsu peer add east tls://east.example:7443 --ca ca.pem --token $TOKEN", "its units are east/UNIT from then on"),
    example("hsu peer list", "who is up"),
  ],
  token: [example("hsu token create ci --role operator --expires 720h", "for scripts"), example("hsu token revoke ci", "at once")],
  audit: [example("hsu audit --since 1h", "who did what"), example("hsu audit verify", "whether the log is as it was written")],
  upgrade: [example("hsu upgrade", "after `npm install -g hsu`: the units run on")],
  down: [example("hsu down --timeout 2m", "stop everything")],
  explain: [example("hsu explain HSU-UNIT-002", "the page of an error")],
  doctor: [example("hsu doctor", "what is missing, and what to do about it")],
  install: [
    example("hsu install systemd hsu.yaml > ~/.config/systemd/user/hsu.service", "for this user"),
    example("hsu install systemd --system /etc/hsu/hsu.yaml", "for the machine"),
  ],
  completion: [example("hsu completion fish | source", "in this shell"), example("hsu completion zsh > ~/.zfunc/_hsu", "from now on")],
  version: [example("hsu version", "what runs here")],
  help: [example("hsu help logs", "more of one verb")],
};
