/**
 * The first line each way on a connection over the network: who asks and what he understands, and what is spoken from then on.
 */
import * as Result from "effect/Result";
import * as Schema from "effect/Schema";
import { FrameRefused, Refused, VersionMismatch } from "./RemoteErrors.ts";

/** The protocols that this version of hsu speaks, from the oldest to the newest. From 2 on exported actors can be talked to. */
export const protocols = { oldest: 1, newest: 2 } as const;

/** How calls are written: JSON in lines, or by their schemas in binary. */
export const Encoding = Schema.Literals(["ndjson", "binary"]);
export type Encoding = typeof Encoding.Type;

const Hello = Schema.Struct({
  hsu: Schema.Struct({
    version: Schema.String,
    oldest: Schema.Int,
    newest: Schema.Int,
    encodings: Schema.Array(Schema.String),
    /** Another master: it is told of the units here, and not of those that this one knows of others. */
    master: Schema.optionalKey(Schema.Boolean),
    token: Schema.optionalKey(Schema.String),
  }),
});
export type Hello = (typeof Hello.Type)["hsu"];

const Welcome = Schema.Struct({
  welcome: Schema.Struct({
    version: Schema.String,
    protocol: Schema.Int,
    encoding: Encoding,
    /** Another one with each start of the master: what it remembers of commands is of this start. */
    incarnation: Schema.String,
    role: Schema.Literals(["viewer", "operator", "admin"]),
    group: Schema.NullOr(Schema.String),
  }),
});
export type Welcome = (typeof Welcome.Type)["welcome"];

const Answer = Schema.Union([Welcome, Schema.Struct({ refused: Refused })]);

/** No hello is longer: a token and a few words. */
export const longestHello = 4096;

const line = (value: unknown): string => `${JSON.stringify(value)}\n`;
const encodeAnswer = Schema.encodeUnknownSync(Answer);
const decodeHello = Schema.decodeUnknownResult(Schema.fromJsonString(Hello));
const decodeAnswer = Schema.decodeUnknownResult(Schema.fromJsonString(Answer));

export const helloLine = (hello: Hello): string => line({ hsu: hello });
export const welcomeLine = (welcome: Welcome): string => line(encodeAnswer({ welcome }));
export const refusedLine = (refused: Refused): string => line(encodeAnswer({ refused }));

export const readHello = (text: string): Result.Result<Hello, FrameRefused> =>
  Result.mapBoth(decodeHello(text), {
    onSuccess: ({ hsu }) => hsu,
    onFailure: () => new FrameRefused({ why: "it does not begin with a hello of hsu" }),
  });

export const readAnswer = (text: string): Result.Result<Welcome, Refused | undefined> =>
  Result.flatMap(
    Result.mapError(decodeAnswer(text), () => undefined),
    (answer): Result.Result<Welcome, Refused> => ("welcome" in answer ? Result.succeed(answer.welcome) : Result.fail(answer.refused)),
  );

type Versions = Pick<Hello, "version" | "oldest" | "newest">;

const words = ({ newest, oldest, version }: Versions): string =>
  `hsu ${version} (protocol ${oldest === newest ? newest : `${oldest} to ${newest}`})`;

/** The newest protocol that both speak. Binary is by position: it is for two of one and the same version. Pure. */
export const agree = (
  client: Pick<Hello, "version" | "oldest" | "newest" | "encodings">,
  server: Versions,
): Result.Result<Pick<Welcome, "protocol" | "encoding">, VersionMismatch> => {
  const protocol = Math.min(client.newest, server.newest);
  if (protocol < client.oldest || protocol < server.oldest) {
    return Result.fail(new VersionMismatch({ client: words(client), server: words(server) }));
  }
  const isBinary = client.version === server.version && client.encodings.includes("binary");
  return Result.succeed({ protocol, encoding: isBinary ? "binary" : "ndjson" });
};
