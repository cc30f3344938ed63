// The async context of each call, in hosts that have AsyncLocalStorage: `accessToken`, `fetch` and `onEvent` run in the
// context in which their call was started, also where calls overlap.

/** What `context` returns where each call keeps its context. */
export const expected = "each call in its own context";

/** Makes overlapping calls, and returns `expected` or what ran in a wrong context. */
export async function context({ ConversationClient, disconnectIfConnected }, AsyncLocalStorage) {
  const storage = new AsyncLocalStorage();
  const wrong = [];
  const check = (owner, where) => {
    if (storage.getStore() !== owner) wrong.push(`${where} of ${owner} ran in the context of ${storage.getStore()}`);
  };
  const respond = (body, init) => new Response(JSON.stringify(body), init);

  /** A platform for one owner: unsettled, then connected, then a refusal; every request needs the owner's own token. */
  const platform = (owner) => {
    const states = ["alerting", "connected", "connected"];
    const writes = [respond({ code: "conflict" }, { status: 409 }), respond({}, { status: 202 })];
    return async (_, { method, headers }) => {
      check(owner, "fetch");
      if (headers.Authorization !== `Bearer token-of-${owner}`) wrong.push(`${owner} sent ${headers.Authorization}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
      return method === "GET" ? respond({ participants: [{ id: "p", state: states.shift() }] }) : writes.shift();
    };
  };
  const call = (owner, more) =>
    storage.run(owner, () =>
      disconnectIfConnected({
        conversationId: "c",
        participantId: "p",
        accessToken: () => {
          check(owner, "accessToken");
          return `token-of-${storage.getStore()}`;
        },
        region: "us-east-1",
        api: "calls",
        fetch: platform(owner),
        onEvent: () => check(owner, "onEvent"),
        ...more,
      }),
    );
  const ended = async (calls) => {
    for (const { outcome, requests } of await Promise.all(calls)) {
      if (outcome !== "disconnected" || requests !== 5) wrong.push(`${outcome} after ${requests} requests`);
    }
  };

  // Begun in one tick, each with settling waits.
  await ended(["A", "B", "C"].map((owner) => call(owner)));

  // Begun one after the other, all waiting on one promise for their token.
  let release;
  const shared = new Promise((resolve) => {
    release = resolve;
  });
  const waiting = [];
  for (const owner of ["D", "E", "F"]) {
    const accessToken = async () => {
      await shared;
      check(owner, "accessToken");
      return `token-of-${owner}`;
    };
    waiting.push(call(owner, { accessToken }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  release();
  await ended(waiting);

  // The same promise itself, from the same provider.
  const token = new Promise((resolve) => setTimeout(() => resolve("token-of-G"), 20));
  await ended([call("G", { accessToken: () => token }), call("G", { accessToken: () => token })]);

  // The global fetch, which is resolved when it is called.
  const original = globalThis.fetch;
  const platforms = Object.fromEntries(["H", "I", "J"].map((owner) => [owner, platform(owner)]));
  globalThis.fetch = (...rest) => platforms[storage.getStore()]?.(...rest) ?? Promise.reject(new Error("no context"));
  try {
    await ended(["H", "I", "J"].map((owner) => call(owner, { fetch: undefined })));
  } finally {
    globalThis.fetch = original;
  }

  // Two callers of one flight: its requests in the context of the first, the events of each in its own.
  const platformOfK = platform("K");
  const client = new ConversationClient({ region: "us-east-1", api: "calls", fetch: platformOfK });
  const accessToken = () => `token-of-${storage.getStore()}`;
  const flight = ["K", "L"].map((owner) =>
    storage.run(owner, () =>
      client.disconnectIfConnected({
        conversationId: "c",
        participantId: "p",
        accessToken,
        onEvent: () => check(owner, "onEvent of the client"),
      }),
    ),
  );
  await ended(flight);
  return wrong.length === 0 ? expected : [...new Set(wrong)].join("; ");
}
