/**
 * One request to a server of telemetry, with Node's own client: no other is loaded for it.
 */
import { request as plain } from "node:http";
import { request as secure } from "node:https";

export interface Body {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

/** Who has not answered by then is away. */
const patienceMillis = 10_000;

/** `taken`; `refused`, which would be no other the next time; or `away`, for a time of its own choice if it says one. */
export type Posted = { readonly is: "taken" } | { readonly is: "refused" | "away"; readonly why: string; readonly afterMillis?: number };

const busy = new Set([408, 429, 500, 502, 503, 504]);

export const post = (url: string, { bytes, contentType }: Body, headers: Readonly<Record<string, string>>): Promise<Posted> =>
  new Promise((done) => {
    const away = (why: string): void => done({ is: "away", why });
    try {
      const options = { method: "POST", headers: { ...headers, "content-type": contentType, "content-length": bytes.length } };
      const request = (url.startsWith("https:") ? secure : plain)(url, options, (response) => {
        response.resume();
        response.on("error", () => {});
        const { statusCode = 0 } = response;
        const after = Number(response.headers["retry-after"]);
        if (statusCode >= 200 && statusCode < 300) done({ is: "taken" });
        else if (!busy.has(statusCode)) done({ is: "refused", why: `status ${statusCode}` });
        else done({ is: "away", why: `status ${statusCode}`, ...(after > 0 ? { afterMillis: after * 1000 } : {}) });
      });
      request.setTimeout(patienceMillis, () => request.destroy(new Error("no answer in time")));
      request.on("error", (error: NodeJS.ErrnoException) => away(error.code ?? error.message));
      request.end(bytes);
    } catch (error) {
      // A header that is none, say.
      done({ is: "refused", why: error instanceof Error ? error.message : String(error) });
    }
  });
