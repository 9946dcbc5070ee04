/** Units in this process, and their descriptions. */
import { execFileSync } from "node:child_process";
import { type UnitOptions, type ServedUnit, loadServices, serveUnit, service, type ServedService } from "../../src/integrated/index.ts";
import { ServerError } from "nice-grpc";

/** The descriptor set of fixtures/shop.proto. */
export const shopDescriptors = (): Uint8Array =>
  execFileSync("buf", ["build", "test/integrated/fixtures", "-o", "-#format=binpb"], { stdio: ["ignore", "pipe", "pipe"] });

/** Says why a call was broken off, for the tests to see. */
export const brokenOff: Array<string> = [];

const forever = (name: string, signal: AbortSignal): Promise<never> =>
  new Promise((_, fail) => {
    const broken = (): void => {
      brokenOff.push(name);
      fail(signal.reason);
    };
    // On a busy machine that has happened before the handler is called.
    if (signal.aborted) broken();
    else signal.addEventListener("abort", broken);
  });

export const shop = (descriptors = shopDescriptors()): ServedService => {
  let number = 0n;
  return service(loadServices(descriptors).get("shop.v1.Shop")!, {
    order: (order) => ({ order, number: ++number }),
    async *count({ to }) {
      for (let each = 1; each <= to; each++) yield { number: each };
    },
    fail: ({ code, details }) => {
      throw new ServerError(code, details);
    },
    hang: (_, { signal }) => forever("Hang", signal),
    async *hangStream(_, { signal }) {
      yield { number: 1 };
      await forever("HangStream", signal);
    },
  });
};

/** Serves a unit in this process on a free port. */
export const serving = async <A>(options: Partial<UnitOptions>, use: (unit: ServedUnit) => Promise<A>): Promise<A> => {
  const unit = await serveUnit({ services: [], argv: [], port: 0, graceMillis: 100, exit: () => {}, ...options });
  try {
    return await use(unit);
  } finally {
    unit.shutdown();
    await unit.ended;
  }
};
