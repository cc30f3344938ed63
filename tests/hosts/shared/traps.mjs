// Traps of the WebAssembly module, in every host: all calls under way end with INTERNAL, no error is uncaught, the next
// call works on a fresh instance. The module is a build for tests (`buildTraps` of scripts/build.mjs).

/** What `traps` returns where all of that holds. */
export const expected = "4 traps, each with 6 calls under way; nothing stray";

/** Traps four times; throws where something is wrong. `strays`: what reached the host's handlers of uncaught errors. */
export async function traps({ ConversationClient, disconnectIfConnected, DisconnectError, setTrap }, strays) {
  const options = { conversationId: "c", participantId: "p", accessToken: "tok-00000000", region: "us-east-1" };
  const answer = (status, body) => ({ status, headers: { get: () => null }, text: async () => JSON.stringify(body) });
  const listed = (state) => answer(200, { entities: [{ id: "p", state }] });
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const check = (holds, what) => {
    if (!holds) throw new Error(what);
  };
  const works = async () => {
    const fetch = async (_, { method }) => (method === "GET" ? listed("connected") : answer(204));
    const { outcome, requests } = await disconnectIfConnected({ ...options, fetch });
    check(outcome === "disconnected" && requests === 2, `the next call: ${outcome} after ${requests} requests`);
  };
  const failed = (call) =>
    call.then(
      ({ outcome }) => outcome,
      (error) => error,
    );

  // A client outlives the instance: it loses what it observed, and its budget starts afresh.
  const client = new ConversationClient({ ...options, participantId: undefined, requestsPerMinute: 1_000_000 });
  const observed = async () => {
    client.observe({ id: "c", participants: [{ id: "p", state: "terminated" }] });
    const { outcome, requests } = await client.disconnectIfConnected({
      ...options,
      fetch: async () => listed("queued"),
    });
    check(outcome === "already-disconnected" && requests === 0, `the client: ${outcome} after ${requests} requests`);
  };

  const hangs = () => new Promise(() => {});
  await works();
  await observed();
  let count = 0;
  for (const [kind, polls] of [
    // While a call begins; at a later step, by a panic, by exhausted memory, by an exception of JavaScript.
    ["panic", 0],
    ["panic", 2],
    ["memory", 1],
    ["throw", 3],
  ]) {
    const controller = new AbortController();
    const events = [];
    const running = [
      // Waits for a timer, for a response, for a token.
      disconnectIfConnected({
        ...options,
        fetch: async () => listed("queued"),
        onEvent: ({ type }) => events.push(type),
      }),
      disconnectIfConnected({ ...options, fetch: () => new Promise(() => {}), signal: controller.signal }),
      disconnectIfConnected({ ...options, accessToken: () => wait(40).then(() => "tok-00000000") }),
      // Two callers of one flight.
      client.disconnectIfConnected({ ...options, conversationId: "d", fetch: hangs }),
      client.disconnectIfConnected({ ...options, conversationId: "d", fetch: hangs }),
    ].map(failed);
    await wait(20);
    setTrap(kind, polls);
    running.push(failed(disconnectIfConnected({ ...options, fetch: async () => listed("queued") })));
    const errors = await Promise.all(running);
    for (const error of errors) {
      const is = error instanceof DisconnectError && error.code === "INTERNAL" && error.mayHaveDisconnected;
      check(is && error.cause instanceof Error, `${kind} after ${polls}: ${error?.stack ?? error}`);
    }
    await works();
    await observed();
    // What the old instance left behind does nothing: its timers, its promises, its listener.
    const before = events.length;
    const meanwhile = disconnectIfConnected({ ...options, settleMs: 200, fetch: async () => listed("queued") });
    controller.abort();
    await wait(200);
    const { outcome } = await meanwhile;
    check(outcome === "not-connected", `${kind} after ${polls}: ${outcome} of the call after it`);
    check(events.length === before, `${kind} after ${polls}: an event of a call that is over`);
    await works();
    count += 1;
  }
  check(strays.length === 0, `stray: ${strays.join(", ")}`);
  return `${count} traps, each with 6 calls under way; nothing stray`;
}
