// A Redis of Debian's `redis-server` for a test: on a port of its own, with its append-only file in a folder of its
// own.
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const isThere = spawnSync("redis-server", ["--version"]).status === 0;
/** Why tests with Redis are skipped here, if they are: the option `skip` of a test. */
export const withoutRedis = isThere ? false : "no redis-server found; on Debian: sudo apt-get install redis-server";

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts one; `stop` and `start` keep what it holds, `close` removes it. */
export async function redis() {
  const folder = mkdtempSync(join(tmpdir(), "redis-"));
  const port = await freePort();
  const args = [
    "--port",
    String(port),
    "--dir",
    folder,
    "--save",
    "",
    "--appendonly",
    "yes",
    "--loglevel",
    "notice",
    "--databases",
    "99",
  ];
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
