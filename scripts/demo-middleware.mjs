// `npm run demo:middleware`: the middleware on the embedded simulator, asked by the story's signed webhook. It shows
// what goes over the wire.
import { spawn } from "node:child_process";
import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { build } from "./build.mjs";
import { bold, cyan, dim, green, installMiddleware, red, root, step } from "./run.mjs";

/** Starts the middleware; gives its URL, and a function that ends it. */
async function start(secret) {
  const child = spawn(process.execPath, ["server.js"], {
    cwd: join(root, "www", "middleware"),
    env: {
      ...process.env,
      ...{ PLATFORM: "simulator", PORT: "0", WEBHOOK_SECRET: secret, STATUS_TOKEN: "", LOG_LEVEL: "warn" },
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = new Promise((resolve) => child.on("close", resolve));
  const stop = () => {
    child.kill("SIGTERM");
    return exited;
  };
  return new Promise((resolve, reject) => {
    let printed = "";
    child.stdout.setEncoding("utf8").on("data", (text) => {
      printed += text;
      const line = printed.split("\n").find((one) => one.includes('"url"'));
      if (line) resolve({ url: JSON.parse(line).url, stop });
    });
    exited.then(() => reject(new Error("the middleware did not start")));
  });
}

/** The webhook, signed as Standard Webhooks 1.0 says: this is all that a sender needs. */
function signed(secret, id, body) {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const mac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${mac}` };
}

async function exchange(title, url, { method = "GET", headers, body }) {
  console.log(`\n${bold(title)}`);
  console.log(cyan(`> ${method} ${new URL(url).pathname}`));
  for (const [name, value] of Object.entries(headers)) console.log(dim(`> ${name}: ${value}`));
  if (body) console.log(`> ${body}`);
  const response = await fetch(url, { method, headers, body });
  const text = await response.text();
  console.log((response.ok ? green : red)(`< ${response.status} ${response.statusText}`));
  for (const name of ["content-type", "location", "retry-after"]) {
    if (response.headers.has(name)) console.log(dim(`< ${name}: ${response.headers.get(name)}`));
  }
  console.log(`< ${text}`);
  return { status: response.status, body: JSON.parse(text), location: response.headers.get("location") };
}

const expect = (is, what) => {
  if (!is) throw new Error(`expected ${what}`);
};

try {
  await build();
  await installMiddleware();
  const secret = `whsec_${randomBytes(32).toString("base64")}`;
  const { url, stop } = await start(secret);
  step(`www/middleware listens at ${url}, on the embedded simulator`);
  const path = `${url}/v1/removals`;
  const post = (title, id, order, more) => {
    const body = JSON.stringify(order);
    const headers = { "Content-Type": "application/json", ...signed(secret, id, body), ...more };
    return exchange(title, path, { method: "POST", headers, body });
  };
  const caller = { conversationId: "demo-1", participant: { purpose: "customer" } };

  const first = await post('The agent clicks "Remove Caller"', "click-1", caller);
  expect(first.body.outcome === "disconnected", "the caller to be removed");
  const again = await post(
    "The sender repeats the webhook: the same answer, and nothing is done again",
    "click-1",
    caller,
  );
  expect(JSON.stringify(again.body) === JSON.stringify(first.body), "the same answer");
  const second = await post("A second click is another webhook: the caller is gone already", "click-2", caller);
  expect(second.body.outcome === "already-disconnected", "the caller to be gone");

  const order = { conversationId: "demo-2", participantId: "customer" };
  const later = await post("A sender that does not wait", "click-3", order, { Prefer: "respond-async" });
  expect(later.status === 202, "a 202");
  await delay(500);
  const status = await exchange("… asks later, signed with an empty body", url + later.location, {
    headers: signed(secret, "poll-1", ""),
  });
  expect(status.body.outcome === "disconnected", "the caller to be removed");

  const nobody = { conversationId: "demo-3", participantId: "nobody", settleMs: 100 };
  expect((await post("An unknown participant", "click-4", nobody)).status === 404, "a 404");
  const forged = { "webhook-signature": "v1,Zm9yZ2Vk" };
  expect((await post("A forged signature", "click-5", order, forged)).status === 401, "a 401");

  const code = await stop();
  expect(code === 0, "the middleware to end with 0");
  console.log("");
  step("SIGTERM: the middleware ended with 0");
} catch (error) {
  console.error(`${red("✗")} ${error.message}`);
  process.exit(1);
}
