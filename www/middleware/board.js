// Bull Board: a read-only page about the queue, protected by STATUS_TOKEN.
import { createBullBoard } from "@bull-board/api";
import { BullMQAdapter } from "@bull-board/api/bullMQAdapter";
import { FastifyAdapter } from "@bull-board/fastify";
import { bears } from "./webhook.js";

/** The plugin. @param {import("fastify").FastifyInstance} app */
export async function board(app, { deliveries, statusToken, prefix }) {
  const serverAdapter = new FastifyAdapter();
  serverAdapter.setBasePath(prefix);
  const queues = [new BullMQAdapter(deliveries.queue, { readOnlyMode: true })];
  createBullBoard({ queues, serverAdapter, options: { uiConfig: { boardTitle: "Removals" } } });
  // A browser asks for a user name and a password: any name, and the token as the password.
  app.addHook("onRequest", async ({ headers: { authorization = "" } }, reply) => {
    const [, basic = ""] = /^basic (.*)$/i.exec(authorization) ?? [];
    const password = Buffer.from(basic, "base64")
      .toString("utf8")
      .replace(/^[^:]*:/, "");
    const isOpen = bears(statusToken, basic ? `Bearer ${password}` : authorization);
    if (!isOpen)
      return reply.code(401).header("WWW-Authenticate", 'Basic realm="removals"').send("STATUS_TOKEN, please.");
  });
  await app.register(serverAdapter.registerPlugin());
}
