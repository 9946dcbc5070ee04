/**
 * Descriptors that outlive an upgrade: the program that takes the place of this one finds them open, by name. They are closed in whatever else is
 * started, before it and after it.
 */
import { closeSync, fstatSync, rmSync } from "node:fs";

/** As `LISTEN_PID` and `LISTEN_FDS`: an exec keeps the pid, so that nobody else takes them for his. */
const variable = "HSU_KEPT";

interface Kept {
  readonly fd: number;
  readonly closeOnExec: (on: boolean) => void;
}

const kept = new Map<string, Kept>();
/** From the program before this one, and not asked for yet. */
const inherited = new Map<string, number>();

/** Keeps a descriptor open over an upgrade, until what this returns is called. */
export const keep = (name: string, fd: number, closeOnExec: Kept["closeOnExec"]): (() => void) => {
  const own: Kept = { fd, closeOnExec };
  kept.set(name, own);
  return () => void (kept.get(name) === own && kept.delete(name));
};

/** To be called at the very end: what it gives is for the environment of the program that comes. */
export const handOver = (pid: number): Readonly<Record<string, string>> => {
  if (kept.size === 0) return {};
  for (const { closeOnExec } of kept.values()) closeOnExec(false);
  return { [variable]: JSON.stringify([pid, ...Array.from(kept, ([name, { fd }]) => [name, fd])]) };
};

const parsed = (text: string, pid: number): ReadonlyArray<readonly [string, number]> => {
  try {
    const [owner, ...entries] = JSON.parse(text) as readonly [number, ...ReadonlyArray<readonly [string, number]>];
    return owner === pid ? entries : [];
  } catch {
    return []; // Somebody else's idea of it.
  }
};

const isSocket = (fd: number): boolean => {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
};

/** Takes what the program before has left, before anything is started that would inherit it. `closeOnExec` is asked for only where there is something. */
export const receive = async (
  environment: NodeJS.ProcessEnv,
  pid: number,
  closeOnExec: () => Promise<(fd: number, on: boolean) => void>,
): Promise<void> => {
  const text = environment[variable];
  if (text === undefined) return;
  delete environment[variable];
  const there = parsed(text, pid).filter(([, fd]) => isSocket(fd));
  if (there.length === 0) return;
  const set = await closeOnExec();
  for (const [name, fd] of there) {
    set(fd, true);
    inherited.set(name, fd);
  }
};

/** The descriptor that was left under this name. */
export const claim = (name: string): number | undefined => {
  const fd = inherited.get(name);
  inherited.delete(name);
  return fd;
};

/** Whom nobody has asked for is nobody's: its unit is not in the config any more. What is called by its path goes with it. */
export const closeUnclaimed = (): void => {
  for (const [name, fd] of inherited) {
    closeSync(fd);
    if (name.startsWith("/")) rmSync(name, { force: true });
  }
  inherited.clear();
};
