/**
 * What a unit publishes to the service registry, read from the JSON of any dialect. Pure.
 */

/** One way in. */
export interface Api {
  readonly serviceIDs: ReadonlyArray<string>;
  /** Null where only the address says it, or nothing does. */
  readonly serverPort: number | null;
  /** As it was published: `grpc`, `Grpc`, `http` … */
  readonly protocol: string;
  readonly address: string | null;
  readonly metadata: unknown;
}

export interface Publication {
  readonly moduleID: string;
  readonly processID: number | null;
  readonly apis: ReadonlyArray<Api>;
}

/** The JSON is not a publication; `context` says where. */
export interface Malformed {
  readonly error: string;
  readonly context: string;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === "object" && value !== null && !Array.isArray(value);

/** The Go client sends its struct without JSON names, the Rust one in camelCase: only the letters count. The first of the names that is there. */
const field = (fields: Fields, ...names: ReadonlyArray<string>): unknown => {
  for (const name of names) {
    const key = Object.keys(fields).find((each) => each.toLowerCase() === name);
    if (key !== undefined && fields[key] !== null) return fields[key];
  }
  return undefined;
};

const wholeNumber = (value: unknown, most: number): number | undefined => {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= most ? number : undefined;
};

const malformed = (context: string, expected: string): Malformed => ({ error: `invalid request: ${context} must be ${expected}`, context });

/** Reads what was posted. */
export const read = (json: unknown): Publication | Malformed => {
  if (!isFields(json)) return malformed("body", "an object");
  const moduleID = field(json, "moduleid");
  if (typeof moduleID !== "string" || moduleID === "" || moduleID.length > 256)
    return malformed("moduleID", "a text of 1 to 256 characters");
  const process = field(json, "processid");
  const processID = process === undefined ? null : wholeNumber(process, 2 ** 31);
  if (processID === undefined) return malformed("processID", "a whole number");
  const apis = field(json, "apis") ?? [];
  if (!Array.isArray(apis)) return malformed("apis", "a list");
  const read_ = apis.map((api: unknown, index) => readApi(api, `apis[${index}]`));
  return read_.find(isMalformed) ?? { moduleID, processID, apis: read_.filter((api): api is Api => !isMalformed(api)) };
};

export const isMalformed = (value: object): value is Malformed => "error" in value;

const readApi = (api: unknown, place: string): Api | Malformed => {
  if (!isFields(api)) return malformed(place, "an object");
  const ids = field(api, "serviceids", "serviceid") ?? [];
  const serviceIDs: ReadonlyArray<unknown> = Array.isArray(ids) ? ids : [ids];
  if (!serviceIDs.every((id) => typeof id === "string")) return malformed(`${place}.serviceIDs`, "a list of texts");
  const protocol = field(api, "protocol") ?? "";
  if (typeof protocol !== "string") return malformed(`${place}.protocol`, "a text");
  const address = field(api, "address") ?? "";
  if (typeof address !== "string") return malformed(`${place}.address`, "a text");
  const port = field(api, "serverport");
  const serverPort = port === undefined ? null : wholeNumber(port, 65_535);
  if (serverPort === undefined) return malformed(`${place}.serverPort`, "a number from 0 to 65535");
  return {
    serviceIDs,
    serverPort: serverPort === 0 ? null : serverPort,
    protocol,
    address: address === "" ? null : address,
    metadata: field(api, "metadata"),
  };
};

/** `http://127.0.0.1:50051`, `[::1]:50051`. */
const portIn = (address: string | null): number | null => {
  const port = Number(/:(\d{1,5})(?:\/|$)/.exec(address ?? "")?.[1]);
  return port >= 1 && port <= 65_535 ? port : null;
};

/** Where its gRPC is to be had, or where anything is. */
export const portOf = ({ apis }: Publication): number | null => {
  const isGrpc = ({ protocol }: Api): boolean => protocol.toLowerCase() === "grpc";
  const ports = [...apis.filter(isGrpc), ...apis].map((api) => api.serverPort ?? portIn(api.address));
  return ports.find((port) => port !== null) ?? null;
};

/** As it is answered: under the names of both dialects, so that each client finds its own. */
export const shown = ({ apis, moduleID, processID }: Publication): object => ({
  moduleID,
  moduleId: moduleID,
  processID: processID ?? 0,
  processId: processID ?? 0,
  apis: apis.map(({ address, metadata, protocol, serverPort, serviceIDs }) => ({
    serviceIDs,
    serviceId: serviceIDs[0] ?? "",
    serverPort: serverPort ?? portIn(address) ?? 0,
    protocol,
    ...(address === null ? {} : { address }),
    ...(metadata === undefined ? {} : { metadata }),
  })),
});
