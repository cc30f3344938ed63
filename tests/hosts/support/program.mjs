// Programs of a host: one that runs to its end, and a server.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";

const windows = process.platform === "win32";

/** Enough for a machine under load; not a measurement. */
const TIMEOUT_MS = 300_000;

/** Runs a program and returns what it printed; throws with all its output where it fails. */
export async function runProgram(command, args, { cwd, env = {} } = {}) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    timeout: TIMEOUT_MS,
  });
  let stdout = "";
  let all = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
    all += chunk;
  });
  child.stderr.on("data", (chunk) => {
    all += chunk;
  });
  const [code, signal] = await once(child, "close");
  if (code !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${signal ?? `code ${code}`}\n${all.slice(-2000)}`);
  return stdout.trim();
}

/**
 * Starts a server of a project and waits until it prints its address and `ready`.
 * @returns {Promise<{ url: string, stop: () => void }>}
 */
export async function startServer(command, args, { cwd, env, ready }) {
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
    detached: !windows,
  });
  const url = await new Promise((resolve, reject) => {
    let text = "";
    child.stdout.on("data", (chunk) => {
      text += stripVTControlCharacters(String(chunk));
      const [address] = /http:\/\/127\.0\.0\.1:[1-9]\d*/.exec(text) ?? [];
      if (address && ready.test(text)) resolve(address);
    });
    child.once("exit", (code) => reject(new Error(`${command} ended with code ${code}: ${text}`)));
  });
  const stop = () => (windows ? child.kill() : process.kill(-child.pid, "SIGKILL"));
  return { url, stop };
}
