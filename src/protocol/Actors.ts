/**
 * Messages to actors that a master exports. What is in a text is the actors' own: `actor/internal/transport.ts` says how it is written down.
 */
import * as Schema from "effect/Schema";
import { Forbidden, TooMany } from "./RemoteErrors.ts";

/** Texts of one direction are counted from 0; they may come in another order. */
export const Batch = Schema.Struct({ seq: Schema.Int, text: Schema.String });
export type Batch = typeof Batch.Type;

/** Whose it is: a word that the client has made up. */
const session = { session: Schema.String };

export const Opening = Schema.Struct(session);
export const SessionBatch = Schema.Struct({ ...session, ...Batch.fields });

/** Why a client is not, or is not any more, talked to. */
export const NotServed = Schema.Union([Forbidden, TooMany]);
export type NotServed = typeof NotServed.Type;
