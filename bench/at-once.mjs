// One process of the part "1,000 at once" of `npm run bench:client`: `node at-once.mjs ORIGIN ROUNDS`. It prints the
// milliseconds of each round, by contender, as JSON.
import { byHandClient } from "./by-hand-client.mjs";
import { bare, clientOf, event } from "./client-contenders.mjs";
import { ids } from "./platform.mjs";
import { rounds, timed } from "./rounds.mjs";

const BATCH = 1_000;
const [origin, count] = process.argv.slice(2);
const { participantId } = ids;
const sketch = byHandClient(origin);
const at = (work) => () => Promise.all(Array.from({ length: BATCH }, (_, index) => work(`c-${index}`)));
/** The client is new in each round: it has no observation, and does not know the limits yet. */
const fresh = (work) => () => {
  const client = clientOf(origin);
  return at((conversationId) => work(client, conversationId))();
};
const contenders = {
  "bare fetch, read and write": at((id) => bare(origin, id)),
  "by hand": at((id) => sketch.remove(id, participantId)),
  "client, cold": fresh((client, conversationId) => client.disconnectIfConnected({ conversationId, participantId })),
  "client, observed": fresh((client, conversationId) => {
    client.observe(event(conversationId));
    return client.disconnectIfConnected({ conversationId, participantId });
  }),
  "client, all of one participant": fresh((client) => client.disconnectIfConnected(ids)),
};
const measured = Object.fromEntries(Object.entries(contenders).map(([name, work]) => [name, timed(work)]));
console.log(JSON.stringify(await rounds(measured, Number(count), 2)));
process.exit(0);
