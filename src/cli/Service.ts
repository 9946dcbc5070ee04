/**
 * What has another manager run a master: a systemd unit, a launchd property list. Pure.
 */

export interface ServiceOptions {
  /** The program and its arguments, absolute. */
  readonly command: ReadonlyArray<string>;
  /** The config, absolute. */
  readonly file: string;
  /** For the machine, not for one user. */
  readonly system: boolean;
}

/** systemd reads quotes, percent signs and dollars in a command line. */
const systemdWord = (word: string): string => {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$").replaceAll("\\", "\\\\").replaceAll('"', '\\"');
  return /[\s"'\\;]/.test(word) || word === "" ? `"${escaped}"` : escaped;
};

/**
 * Units are the master's, also for systemd: a master that crashes or is upgraded leaves them running (`KillMode=process`) and finds them again; an
 * orderly stop, also by `hsu down`, has the master stop them first, and is final. `Delegate` lets it make control groups of its own below.
 */
export const systemdUnit = ({ command, file, system }: ServiceOptions): string => `[Unit]
Description=HSU, one supervision tree
${system ? "After=network-online.target\nWants=network-online.target\n" : ""}
[Service]
Type=exec
ExecStart=${[...command, "up", file].map(systemdWord).join(" ")}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=1
KillMode=process
TimeoutStopSec=90
Delegate=yes
OOMPolicy=continue
${system ? "StateDirectory=hsu\nRuntimeDirectory=hsu\nRuntimeDirectoryPreserve=yes\n" : ""}
[Install]
WantedBy=${system ? "multi-user.target" : "default.target"}
`;

const xml = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

export const launchdPlist = ({ command, file }: ServiceOptions): string => `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key><string>hsu</string>
  <key>ProgramArguments</key>
  <array>
${[...command, "up", file].map((word) => `    <string>${xml(word)}</string>`).join("\n")}
  </array>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
  <key>AbandonProcessGroup</key><true/>
  <key>ExitTimeOut</key><integer>90</integer>
</dict>
</plist>
`;
