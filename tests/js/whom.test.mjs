// Descriptions of a participant (contract 8): in both dialects, in the generic shape, in custom dialects, and from the
// command. tests/selection.rs tests the matching itself.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { createSimulator, DisconnectError, disconnectIfConnected } from "./support/package.mjs";

const CLI = fileURLToPath(new URL("../../pkg/cli.js", import.meta.url));
const base = { conversationId: "c", accessToken: "a-secret-token", baseUrl: "https://api.example.test", settleMs: 150 };

const connected = [{ at: -1e6, state: "connected" }];
const conversation = (...participants) => ({
  conversations: [{ id: "c", participants: participants.map((one) => ({ schedule: connected, ...one })) }],
});
/** A supervisor listens to the agent; the customer's first attempt failed. */
const conference = () =>
  conversation(
    { id: "p-supervisor", purpose: "agent", userId: "u-2", name: "Grace", monitoredParticipantId: "p-agent" },
    { id: "p-failed", schedule: [{ at: -1e6, state: "terminated" }], address: "tel:+13175550142" },
    { id: "p-agent", purpose: "agent", userId: "u-1", name: "Ada", address: "sip:ada@example.com" },
    { id: "p-customer", address: "sip:+13175550142@edge.example;user=phone" },
    { id: "p-external", purpose: "external", address: "+1 317 555 0143" },
  );

const generic = {
  read: { path: "/api/v2/conversations/{conversationId}", participants: "participants" },
  write: {
    method: "PATCH",
    path: "/api/v2/conversations/calls/{conversationId}/participants/{participantId}",
    body: { state: "disconnected" },
  },
};

for (const [name, api] of [
  ["voice", "voice"],
  ["calls", "calls"],
  ["the generic conversation", generic],
]) {
  test(`a description is resolved in the same read: ${name}`, async () => {
    for (const [participant, found] of [
      [{ purpose: "customer" }, "p-customer"],
      [{ purpose: "Agent" }, "p-agent"],
      [{ purpose: ["ivr", "external"] }, "p-external"],
      [{ userId: "u-1" }, "p-agent"],
      [{ userId: "u-2" }, "p-supervisor"],
      [{ address: "+1 (317) 555-0143" }, "p-external"],
      [{ address: "tel:+13175550142" }, "p-customer"],
      [{ address: "sip:ada@example.com", name: undefined }, "p-agent"],
      [{ name: "Ada", purpose: "agent" }, "p-agent"],
      [{ id: "p-supervisor" }, "p-supervisor"],
      [{ id: "p-failed" }, undefined],
    ]) {
      const simulator = await createSimulator(conference());
      const result = await disconnectIfConnected({ ...base, api, participant, fetch: simulator.fetch });
      const expected = found
        ? { outcome: "disconnected", participantId: found, requests: 2 }
        : { outcome: "already-disconnected", participantId: "p-failed", requests: 1 };
      const { outcome, participantId, requests } = result;
      assert.deepEqual({ outcome, participantId, requests }, expected, JSON.stringify(participant));
      if (found) assert.equal(simulator.state("c", found), "disconnected");
    }
  });
}

test("several live matches: the error lists id, purpose and state, and only a read was sent", async () => {
  const simulator = await createSimulator(conference());
  const call = disconnectIfConnected({
    ...base,
    api: "calls",
    participant: { purpose: ["customer", "external"] },
    fetch: simulator.fetch,
  });
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof DisconnectError);
    assert.equal(error.code, "AMBIGUOUS_PARTICIPANT");
    assert.match(error.message, /described by purpose of conversation c /);
    assert.match(error.message, /: p-customer \(customer, connected\), p-external \(external, connected\)\. /);
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /555|Ada|u-1/);
    return true;
  });
  assert.deepEqual(
    simulator.log().map(({ method }) => method),
    ["GET"],
  );
});

test("listening legs do not match by purpose, name or address", async () => {
  const listener = { id: "p-1", purpose: "agent", userId: "u-1", name: "Ada", address: "+1555" };
  for (const listens of ["monitoredParticipantId", "coachedParticipantId", "bargedParticipantId"]) {
    const { fetch } = await createSimulator(conversation({ ...listener, [listens]: "p-2" }));
    for (const participant of [{ purpose: "agent" }, { userId: "u-1", name: "Ada" }, { address: "+1555" }]) {
      await assert.rejects(disconnectIfConnected({ ...base, api: "calls", participant, fetch }), {
        code: "PARTICIPANT_NOT_FOUND",
        message: /Check the description/,
      });
    }
    const result = await disconnectIfConnected({ ...base, api: "calls", participant: { userId: "u-1" }, fetch });
    assert.equal(result.participantId, "p-1");
  }
});

test("of several gone participants, the one that ended last", async () => {
  const ended = (at) => [
    { at: -1e6, state: "connected" },
    { at, state: "disconnected" },
  ];
  const config = conversation(
    { id: "p-1", schedule: ended(1000) },
    { id: "p-2", schedule: ended(3000) },
    { id: "p-3", schedule: ended(2000) },
  );
  for (const api of ["voice", "calls", generic]) {
    const { fetch } = await createSimulator({ ...config, now: () => 10_000 });
    const result = await disconnectIfConnected({ ...base, api, participant: { purpose: "customer" }, fetch });
    assert.deepEqual([result.outcome, result.participantId], ["already-disconnected", "p-2"]);
  }
});

test("userId matches userId and user.id", async () => {
  const two = { id: "p-1", state: "connected", userId: "u-other", user: { id: "u-1" } };
  const fetch = async (_, { method }) =>
    method === "GET" ? Response.json({ participants: [two] }) : new Response(null, { status: 202 });
  for (const userId of ["u-1", "u-other"]) {
    const result = await disconnectIfConnected({ ...base, api: "calls", participant: { userId }, fetch });
    assert.equal(result.outcome, "disconnected");
  }
});

test("once a write was sent, the call keeps the participant that it was for", async () => {
  const lists = [
    [{ id: "p-1", purpose: "customer", state: "alerting" }],
    [
      { id: "p-1", purpose: "customer", state: "terminated" },
      { id: "p-2", purpose: "customer", state: "connected" },
    ],
    // Another customer is connected now.
    [
      { id: "p-2", purpose: "customer", state: "disconnected" },
      { id: "p-3", purpose: "customer", state: "connected" },
    ],
  ];
  const writes = [];
  const fetch = async (url, { method }) => {
    if (method === "GET") return Response.json({ participants: lists.shift() });
    writes.push(new URL(url).pathname.split("/").at(-1));
    return new Response("", { status: 503 });
  };
  const result = await disconnectIfConnected({ ...base, api: "calls", participant: { purpose: "customer" }, fetch });
  assert.deepEqual(writes, ["p-2"]);
  const { outcome, participantId, acknowledged } = result;
  assert.deepEqual([outcome, participantId, acknowledged], ["disconnected", "p-2", false]);
});

test("a custom dialect names the fields of a participant", async () => {
  const fields = {
    id: "leg.id",
    state: "st",
    userId: "who.uid",
    purpose: "kind",
    address: "number",
    name: "who.label",
  };
  const api = {
    read: { path: "/legs/{conversationId}", participants: "", fields },
    write: { method: "DELETE", path: "/legs/{conversationId}/{participantId}" },
  };
  const legs = [
    { id: "wrong", leg: { id: "l-1" }, st: "connected", kind: "agent", who: { uid: "u-1", label: "Ada" }, number: "1" },
    { id: "wrong", leg: { id: "l-2" }, st: "connected", kind: "caller", who: { uid: 7, label: "Bob" }, number: "2 3" },
    { leg: 7, st: "connected", kind: "caller" },
    "no object",
  ];
  const urls = [];
  const fetch = async (url, { method }) => {
    urls.push(url);
    return method === "GET" ? Response.json(legs) : new Response(null, { status: 204 });
  };
  const descriptions = [{ purpose: "caller" }, { name: "Bob" }, { address: "23" }, { id: "l-2" }];
  for (const target of [...descriptions.map((participant) => ({ participant })), { participantId: "l-2" }]) {
    const result = await disconnectIfConnected({ ...base, api, fetch, ...target });
    assert.equal(result.participantId, "l-2", JSON.stringify(target));
    assert.equal(urls.at(-1), "https://api.example.test/legs/c/l-2");
  }
  const { participantId } = await disconnectIfConnected({ ...base, api, fetch, participant: { userId: "u-1" } });
  assert.equal(participantId, "l-1");
});

test("exactly one of participantId and participant, and a description that is not empty", async () => {
  const fetch = () => assert.fail("no request");
  for (const [target, option, words] of [
    [{}, "participantId", /or pass participant/],
    [{ participantId: "p", participant: { purpose: "customer" } }, "participant", /never both/],
    [{ participant: {} }, "participant", /empty description/],
    [{ participant: { purpose: undefined } }, "participant", /empty description/],
    [{ participant: "customer" }, "participant", /a description of the participant/],
    [{ participant: [] }, "participant", /an array/],
    [{ participant: null }, "participant", /null/],
    [{ participant: { role: "customer" } }, "participant.role", /purpose, userId, address, name, id/],
    [{ participant: { purpose: [] } }, "participant.purpose", /an empty array/],
    [{ participant: { purpose: ["customer", 7] } }, "participant.purpose", /got 7/],
    [{ participant: { purpose: "" } }, "participant.purpose", /got ""/],
    [{ participant: { userId: " u" } }, "participant.userId", /white space/],
    [{ participant: { id: ".." } }, "participant.id", /not "\."/],
    [{ participant: { address: 13175550142 } }, "participant.address", /got 13175550142/],
    [{ participant: { name: "" } }, "participant.name", /non-empty/],
  ]) {
    await assert.rejects(disconnectIfConnected({ ...base, ...target, fetch }), (error) => {
      assert.deepEqual([error.code, error.option], ["INVALID_ARGUMENT", option], error.message);
      assert.match(error.message, words);
      return true;
    });
  }
  const { read, write } = generic;
  for (const [wrong, option] of [
    [{ fields: { ids: "x" } }, "api.read.fields.ids"],
    [{ fields: { id: "" } }, "api.read.fields.id"],
    [{ fields: { id: "a..b" } }, "api.read.fields.id"],
    [{ fields: "id" }, "api.read.fields"],
  ]) {
    const api = { read: { ...read, ...wrong }, write };
    await assert.rejects(disconnectIfConnected({ ...base, api, participantId: "p", fetch }), { option });
  }
});

test("the command describes the participant by its options", async () => {
  const simulator = await createSimulator(conference());
  const { baseUrl, close } = await simulator.listen();
  const run = (...args) =>
    new Promise((resolve) => {
      const env = { ...process.env, GENESYS_CLOUD_ACCESS_TOKEN: "a-secret-token" };
      const all = [CLI, ...args, "--base-url", baseUrl, "--api", "calls"];
      execFile(process.execPath, all, { env }, (error, stdout, stderr) => {
        resolve({ code: error?.code ?? 0, stdout, stderr });
      });
    });
  try {
    const json = await run("c", "--participant-user", "u-1", "--participant-purpose", "agent", "--json");
    assert.equal(JSON.parse(json.stdout).participantId, "p-agent");
    const described = ["--participant-purpose", "customer", "--participant-address", "+1-317-555-0142"];
    assert.equal((await run("c", ...described)).code, 0);
    assert.equal(simulator.state("c", "p-customer"), "disconnected");
    const both = ["--participant-purpose", "agent", "--participant-purpose", "external"];
    assert.equal((await run("c", ...both)).code, 0);
    const ambiguous = await run("c", "--participant-purpose", "customer", "--participant-purpose", "external");
    assert.equal(ambiguous.code, 0, "one of the two is gone");
    for (const wrong of [["c"], ["c", "p", "--participant-user", "u"]]) {
      const { code, stderr } = await run(...wrong);
      assert.equal(code, 2);
      assert.match(stderr, /Pass either PARTICIPANT/);
    }
  } finally {
    await close();
  }
  const two = await createSimulator(conference());
  const listening = await two.listen();
  try {
    const args = [CLI, "c", "--participant-purpose", "customer", "--participant-purpose", "external"];
    const env = { ...process.env, GENESYS_CLOUD_ACCESS_TOKEN: "a-secret-token" };
    const code = await new Promise((resolve) => {
      execFile(process.execPath, [...args, "--base-url", listening.baseUrl], { env }, (error) => resolve(error?.code));
    });
    assert.equal(code, 15);
  } finally {
    await listening.close();
  }
});
