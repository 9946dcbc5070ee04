/**
 * Posts batches to a target that speaks HTTP, over connections that are kept. Secrets and certificates are read when they are needed, so that a renewed one counts
 * from then on.
 */
import { readFileSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import type { Destination, Reveal } from "./TargetSpec.ts";

export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** More of an answer is not read. */
const answerBytes = 4 * 1024 * 1024;
/** Of an answer, as people are told of it. */
const shownLength = 200;

const file = (path: string | undefined): string | undefined => (path === undefined ? undefined : readFileSync(path, "utf8"));

/** Of TLS, as Node takes it. */
export const tlsOptions = ({ tls = {} }: Destination) => {
  const [ca, cert, key] = [file(tls.caFile), file(tls.certFile), file(tls.keyFile)];
  return {
    rejectUnauthorized: tls.insecureSkipVerify !== true,
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
};

const headersOf = async ({ headers = {}, password, token, username }: Destination, reveal: Reveal): Promise<Record<string, string>> => {
  const own = await Promise.all(
    Object.entries(headers).map(async ([name, value]) => [name, typeof value === "string" ? value : await reveal(value)] as const),
  );
  const user = username === undefined ? undefined : `${username}:${password === undefined ? "" : await reveal(password)}`;
  return {
    ...Object.fromEntries(own),
    ...(user === undefined ? {} : { authorization: `Basic ${Buffer.from(user).toString("base64")}` }),
    ...(token === undefined ? {} : { authorization: `Bearer ${await reveal(token)}` }),
  };
};

export class HttpPoster {
  readonly #destination: Destination;
  readonly #reveal: Reveal;
  readonly #url: URL;
  #agent: http.Agent | undefined;

  constructor(destination: Destination, reveal: Reveal, path: (url: URL) => string) {
    this.#destination = destination;
    this.#reveal = reveal;
    this.#url = new URL(destination.url!);
    this.#url.pathname = path(this.#url);
  }

  /** Rejects when there is no answer. */
  async post(contentType: string, body: string): Promise<Answer> {
    const isSecure = this.#url.protocol === "https:";
    const options = { keepAlive: true, maxSockets: 4 };
    this.#agent ??= isSecure ? new https.Agent({ ...options, ...tlsOptions(this.#destination) }) : new http.Agent(options);
    const bytes = Buffer.from(body);
    const headers = { ...(await headersOf(this.#destination, this.#reveal)), "content-type": contentType, "content-length": bytes.length };
    try {
      return await this.#ask(isSecure ? https.request : http.request, headers, bytes);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  close(): void {
    this.#agent?.destroy();
    this.#agent = undefined;
  }

  #ask(request: typeof http.request, headers: http.OutgoingHttpHeaders, bytes: Buffer): Promise<Answer> {
    const { timeoutMillis } = this.#destination;
    return new Promise((resolve, reject) => {
      const asked = request(this.#url, { method: "POST", agent: this.#agent, headers }, (response) => {
        const chunks: Array<Buffer> = [];
        let length = 0;
        response.on("data", (chunk: Buffer) => {
          if (length < answerBytes) chunks.push(chunk);
          length += chunk.length;
        });
        response.on("error", reject);
        response.on("end", () => {
          clearTimeout(timer);
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") });
        });
      });
      const timer = setTimeout(() => asked.destroy(new Error(`no answer within ${timeoutMillis} ms`)), timeoutMillis);
      asked.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      asked.on("close", () => clearTimeout(timer));
      asked.end(bytes);
    });
  }
}

/** `again`: for a reason that will pass, or that somebody can remove; `never`: these lines will not be taken; `fewer`: not so many at once. */
export type Verdict = "taken" | "again" | "never" | "fewer";

const removable = new Set([401, 403, 404, 405, 407, 408, 409, 425, 429]);

export const verdictOf = (status: number): Verdict => {
  if (status >= 200 && status < 300) return "taken";
  if (status === 413) return "fewer";
  return status >= 400 && status < 500 && !removable.has(status) ? "never" : "again";
};

export const shown = ({ status, text }: Answer): string => {
  const said = text.replaceAll(/\s+/g, " ").trim();
  return `${status}${said === "" ? "" : ` ${said.length > shownLength ? `${said.slice(0, shownLength)}…` : said}`}`;
};
