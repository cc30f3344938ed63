// A `redis-server` for a test, on a free port, with its append-only file in a temporary folder.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const isThere = spawnSync("redis-server", ["--version"]).status === 0;
/** The option `skip` of tests with Redis: false, or the reason. */
export const withoutRedis = isThere ? false : "no redis-server found; on Debian: sudo apt-get install redis-server";

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts a Redis; `stop` and `start` keep its data, `close` removes them. */
export async function redis() {
  const folder = mkdtempSync(join(tmpdir(), "redis-"));
  const port = await freePort();
  const settings = { port, dir: folder, save: "", appendonly: "yes", loglevel: "notice", databases: 99 };
  const args = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
  let child;
  let exited;
  const start = async () => {
    child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "inherit"] });
    exited = new Promise((resolve) => child.on("close", resolve));
    await new Promise((resolve, reject) => {
      child.stdout.setEncoding("utf8").on("data", (text) => text.includes("Ready to accept") && resolve());
      exited.then((code) => reject(new Error(`redis-server ended with ${code}`)));
    });
  };
  const stop = async () => {
    child.kill("SIGTERM");
    await exited;
  };
  const close = async () => {
    await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  await start();
  const pause = () => child.kill("SIGSTOP");
  const resume = () => child.kill("SIGCONT");
  return { url: `redis://127.0.0.1:${port}`, pid: () => child.pid, start, stop, pause, resume, close };
}
