/**
 * An integrated unit: upstream's EchoService under a master.
 *
 *   hsu up -d examples/integrated-typescript/hsu.yaml
 *   hsu call echo proto.EchoService/Echo '{"message":"hi"}'
 *
 * `echo_pb.ts` is what protoc-gen-es makes of `echo.proto`.
 */
import { serveUnit, service } from "../../src/integrated/index.ts";
import { EchoService } from "./echo_pb.ts";

let answered = 0;

const { port } = await serveUnit({
  services: [
    service(EchoService, {
      echo: ({ message }) => {
        answered += 1;
        return { message };
      },
    }),
  ],
  version: "1.0.0",
  status: () => ({ message: `${answered} answered` }),
  metrics: () => [{ name: "echoes_total", kind: "counter", value: answered }],
  onShutdown: (why) => console.log(`ends after ${answered} calls: ${why}`),
});
console.log(`listening on ${port}`);
