// The platform over HTTP, and a proxy that names on standard error what it connects to: for the example of a proxy.
import { writeSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { parentPort, workerData } from "node:worker_threads";
import { createSimulator } from "disconnect-if-connected/simulator";

const STANDARD_ERROR = 2;
const simulator = await createSimulator({ conversations: workerData });
const { baseUrl } = await simulator.listen();
const proxy = createServer();
proxy.on("connect", (request, socket) => {
  writeSync(STANDARD_ERROR, `tunnel to ${request.url}\n`);
  const [host, port] = request.url.split(":");
  const upstream = connect(Number(port), host, () => {
    socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
    upstream.pipe(socket).pipe(upstream);
  });
});
proxy.listen(0, "127.0.0.1", () => {
  parentPort.postMessage({ baseUrl, proxyUrl: `http://127.0.0.1:${proxy.address().port}` });
});
