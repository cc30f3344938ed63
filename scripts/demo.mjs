// `npm run demo`: the story this project began with, live against the simulator over HTTP.
import { build } from "./build.mjs";
import { bold, cyan, dim, green, red, yellow } from "./run.mjs";

await build().catch((error) => {
  console.error(`${red("✗")} ${error.message}`);
  process.exit(1);
});
const { disconnectIfConnected } = await import("../pkg/index.node.mjs");
const { createSimulator } = await import("../pkg/simulator.js");

const CONVERSATION = "3f2a9c10-7d5e-4b8a-9c41-5d2f6e8b1a07";
const CALLER = "b71c02de-1f4a-4e0c-8a6b-90d3c5e7f218";
const ACCESS_TOKEN = "demo-token-0123456789";
const ago = -1e6; // true for long before the click

/** Runs `scene` against a platform where the caller goes through `schedule`, and tears the platform down. */
async function on(schedule, scene, config = {}) {
  const participants = [
    { id: "5d0e4f7a-agent", purpose: "agent", name: "Ada", schedule: [{ at: ago, state: "connected" }] },
    { id: CALLER, purpose: "customer", name: "Grace", held: config.held, schedule },
  ];
  const simulator = await createSimulator({
    conversations: [{ id: CONVERSATION, participants }],
    readLagMs: 120,
    effectDelayMs: 80,
  });
  const server = await simulator.listen();
  try {
    return await scene(server.baseUrl, simulator);
  } finally {
    await server.close();
  }
}

const headers = { Authorization: `Bearer ${ACCESS_TOKEN}`, "Content-Type": "application/json" };
const voice = (baseUrl) => `${baseUrl}/api/v2/conversations/voice`;

const plainPost = (baseUrl) =>
  fetch(`${voice(baseUrl)}/participants`, {
    method: "POST",
    headers,
    body: JSON.stringify({ participantId: CALLER, action: "disconnect" }),
  });

async function readCheckPost(baseUrl) {
  const { entities } = await (await fetch(`${voice(baseUrl)}/${CONVERSATION}/participants`, { headers })).json();
  const { state } = entities.find(({ id }) => id === CALLER) ?? {};
  return { state, response: state === "connected" ? await plainPost(baseUrl) : undefined };
}

const ours = (baseUrl, more) =>
  disconnectIfConnected({
    conversationId: CONVERSATION,
    participantId: CALLER,
    accessToken: ACCESS_TOKEN,
    baseUrl,
    ...more,
  });

// The platform is still moving the caller from the queue to the agent; the agent's screen says Active already.
const joining = [
  { at: ago, state: "connected", changing: true },
  { at: 250, state: "connected" },
];

/** Prints the events as they come, an exchange a line. */
function narrator() {
  let exchange;
  const at = (event) => dim(`${event.at.toFixed(0).padStart(7)} ms  `);
  const flush = (said = "") => {
    if (exchange) console.log(exchange + said);
    exchange = undefined;
  };
  return (event) => {
    if (event.type === "request") {
      flush();
      const path = event.path.replace("/api/v2/conversations", "…").replace(CONVERSATION, "3f2a…");
      exchange = `${at(event)}${cyan(event.method.padEnd(4))} ${path.padEnd(28)}`;
    } else if (event.type === "response") {
      const status = event.status < 300 ? green(event.status) : red(event.status);
      exchange += ` ${status} ${dim(event.correlationId.slice(0, 8))} ${event.platformCode ?? ""}`;
    } else if (event.type === "state") flush(bold(event.state ?? "not listed"));
    else {
      flush();
      if (event.type === "wait") console.log(at(event) + dim(`wait ${event.ms.toFixed(0)} ms (${event.reason})`));
      else console.log(at(event) + bold(green(`= ${event.outcome}`)));
    }
  };
}

console.log(
  `\n${bold("An agent clicks “Remove Caller”.")} Her screen says Grace is Active; the platform is still busy with her leg.\n`,
);

await on(joining, async (baseUrl) => {
  const response = await plainPost(baseUrl);
  const { message } = await response.json();
  console.log(`${bold("1  The plain POST")}          ${red(`${response.status} Conflict`)}  ${dim(`“${message}”`)}`);
});
await on(joining, async (baseUrl) => {
  const { state, response } = await readCheckPost(baseUrl);
  console.log(
    `${bold("2  Read, check, POST")}       read says ${green(state)}, POST says ${red(response.status)}  ${dim("the check is right, and of no use")}`,
  );
});
await on(joining, async (baseUrl, simulator) => {
  console.log(`${bold("3  disconnectIfConnected")}`);
  const { outcome } = await ours(baseUrl, { confirm: true, onEvent: narrator() });
  console.log(
    `   It says ${green(outcome)}; on the platform Grace is truly ${bold(simulator.state(CONVERSATION, CALLER))}.\n`,
  );
});

const rows = [
  ["connected", [{ state: "connected" }]],
  ["connected, on hold", [{ state: "connected" }], { held: true }],
  ["alerting, connected after 200 ms", [{ state: "alerting" }, { at: 200, state: "connected" }]],
  [
    "connected, hangs up after 60 ms",
    [
      { state: "connected", changing: true },
      { at: 60, state: "disconnected" },
    ],
  ],
  ...["alerting", "dialing", "contacting", "offering", "queued", "parked"].map((state) => [state, [{ state }]]),
  ["a state not known today", [{ state: "teleporting" }]],
  ["disconnected", [{ state: "disconnected" }]],
  ["terminated", [{ state: "terminated" }]],
  ["not in the conversation", [{}]],
];
const told = await Promise.all(
  rows.map(async ([name, states, config]) => {
    const schedule = states.map((step) => ({ at: ago, ...step }));
    const [plain, end] = await Promise.all([
      on(schedule, async (baseUrl) => (await plainPost(baseUrl)).status, config),
      on(schedule, (baseUrl) => ours(baseUrl, { settleMs: 700 }).catch((error) => error), config),
    ]);
    return {
      name,
      plain,
      end: end.outcome ?? end.code,
      requests: end.requests ?? end.timeline.filter(({ type }) => type === "request").length,
    };
  }),
);
const cell = (text, width, paint = String) => paint(text) + " ".repeat(Math.max(0, width - String(text).length));
console.log(bold(`${cell("Grace is truly", 34)}${cell("plain POST", 12)}${cell("disconnectIfConnected", 24)}requests`));
for (const { name, plain, end, requests } of told) {
  const paint = { disconnected: green, "already-disconnected": green, "not-connected": yellow }[end] ?? red;
  console.log(`${cell(name, 34)}${cell(plain, 12, plain < 300 ? green : red)}${cell(end, 24, paint)}${requests}`);
}
console.log(dim("\nNext: npm start (the same in a browser) · npm test · README.md"));
