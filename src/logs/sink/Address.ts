/**
 * Where a syslog server is. Pure.
 */
export type Address =
  | { readonly transport: "udp" | "tcp" | "tls"; readonly host: string; readonly port: number }
  | { readonly transport: "unix"; readonly path: string };

const ports = { udp: 514, tcp: 601, tls: 6514 } as const;

/** Undefined: it is none. */
export const parseAddress = (text: string): Address | undefined => {
  if (text.startsWith("/") || text.startsWith("unix:")) {
    const path = text.replace(/^unix:(?:\/\/)?/, "");
    return path.startsWith("/") ? { transport: "unix", path } : undefined;
  }
  const match = /^(udp|tcp|tls):\/\/(?:\[([^\]]+)\]|([^:/\s]+))(?::(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const transport = match[1] as "udp" | "tcp" | "tls";
  const port = Number(match[4] ?? ports[transport]);
  return port >= 1 && port <= 65_535 ? { transport, host: match[2] ?? match[3]!, port } : undefined;
};
