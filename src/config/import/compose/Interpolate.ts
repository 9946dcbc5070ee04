/**
 * Variables of Compose as those of HSU: the environment's value counts, else the one of `.env`, else the one that is given here. Pure.
 */
import { required, variable } from "../../Written.ts";
import type { Place, Teller } from "../Finding.ts";

const VARIABLE = /\$(?:\$|\{([A-Za-z_]\w*)(?:(:?[-?+])((?:[^{}]|\{[^{}]*\})*))?\}|([A-Za-z_]\w*))/g;

/** Lines `NAME=value` of `.env`. */
export const dotenvOf = (text: string | null): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (text ?? "").split(/\r?\n/).flatMap((line) => {
      const [, name, value] = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === undefined || value === undefined) return [];
      const quoted = /^(["'])(.*)\1$/.exec(value)?.[2];
      return [[name, quoted ?? value.replace(/\s+#.*$/, "")] as const];
    }),
  );

export const interpolating =
  (dotenv: Readonly<Record<string, string>>, tell: Teller) =>
  (text: string, place: Place): string =>
    text.replaceAll(
      VARIABLE,
      (whole, braced: string | undefined, how: string | undefined, given: string | undefined, bare: string | undefined) => {
        const name = braced ?? bare;
        if (name === undefined) return "$";
        const known = Object.hasOwn(dotenv, name) ? dotenv[name]! : undefined;
        const kind = how?.at(-1);
        if (kind === "?" && known === undefined) return required(name, given ?? "");
        if (kind === "+") {
          tell.other(place, `${whole}: what it is when ${name} is set cannot be said here: it is empty`);
          return "";
        }
        const fallback = known ?? (kind === "-" ? (given ?? "") : "");
        if (!/[{}$]/.test(fallback)) return variable(name, fallback);
        tell.other(place, `${whole}: a default with a variable in it cannot be said here: it has none`);
        return variable(name);
      },
    );
