// The Fastify app: POST /v1/removals, and routes for operators. `removals` is also a plugin for an app of your own.
import swagger from "@fastify/swagger";
import underPressure from "@fastify/under-pressure";
import Ajv from "ajv";
import Fastify, { LogController } from "fastify";
import { Deliveries } from "./deliveries.js";
import { Problem, problemOf, shuttingDown } from "./problem.js";
import { remover } from "./removal.js";
import { metrics, whereOf } from "./telemetry.js";
import { bears, verify } from "./webhook.js";

const MAX_BODY_BYTES = 16_384;
/** The longest time that a sender may take for its request. */
const REQUEST_TIMEOUT_MS = 10_000;
/** How long connections stay open after the last removal, when the app closes. */
const LINGER_MS = 500;
/** The `Retry-After` of a pending removal. */
const POLL_AFTER_S = 1;

const id = { type: "string", minLength: 1, maxLength: 256 };
const milliseconds = { type: "number", minimum: 0, maximum: 600_000 };

const removal = {
  type: "object",
  required: ["conversationId"],
  additionalProperties: false,
  properties: {
    conversationId: id,
    participantId: id,
    participant: {
      type: "object",
      description: "What is known of the participant, where its id is not",
      additionalProperties: false,
      minProperties: 1,
      properties: {
        purpose: { anyOf: [id, { type: "array", items: id, minItems: 1, maxItems: 20 }] },
        userId: id,
        address: id,
        name: id,
        id,
      },
    },
    onBehalfOf: { ...id, description: "The user for whom the token acts" },
    confirm: { type: "boolean" },
    settleMs: milliseconds,
    timeoutMs: milliseconds,
    priority: { type: "boolean" },
  },
  oneOf: [{ required: ["participantId"] }, { required: ["participant"] }],
};

const text = { type: "string" };
const done = {
  type: "object",
  properties: {
    id: text,
    status: { const: "done" },
    outcome: { enum: ["disconnected", "already-disconnected", "not-connected"] },
    acknowledged: { type: "boolean" },
    confirmed: { type: "boolean" },
    state: text,
    conversationId: text,
    participantId: text,
    requests: { type: "integer" },
    elapsedMs: { type: "number" },
    correlationId: text,
  },
};
const pending = { type: "object", properties: { id: text, status: { const: "pending" } } };
const problem = {
  type: "object",
  properties: {
    type: text,
    title: text,
    status: { type: "integer" },
    detail: text,
    code: text,
    id: text,
    correlationId: text,
    retryAfterMs: { type: "number" },
    mayHaveDisconnected: { type: "boolean" },
  },
};
const responses = {
  200: { description: "What became of the participant", content: { "application/json": { schema: done } } },
  202: { description: "Not ended yet: see Location", content: { "application/json": { schema: pending } } },
  "4xx": { description: "RFC 9457", content: { "application/problem+json": { schema: problem } } },
  "5xx": { description: "RFC 9457", content: { "application/problem+json": { schema: problem } } },
};
const { 202: _, ...others } = responses;
const anyOf = [done, pending];
const statusResponses = {
  ...others,
  200: {
    description: "What became of it, or that it is pending",
    content: { "application/json": { schema: { anyOf } } },
  },
};
const signature = ["webhook-id", "webhook-timestamp", "webhook-signature"];
const headers = { type: "object", properties: Object.fromEntries(signature.map((name) => [name, text])) };

/** The problem of a body that does not match its schema: each wrong field, and why. */
function invalid(errors) {
  const relevant = errors.filter(({ schemaPath }) => !/oneOf\/\d/.test(schemaPath));
  const details = relevant.map(({ instancePath, message, params }) => {
    const field = instancePath.slice(1).replaceAll("/", ".") || "the body";
    if (params.additionalProperty) return `${params.additionalProperty} is not a field of ${field}`;
    if (params.passingSchemas !== undefined) return "participantId or participant is required, one of the two";
    if (params.limit === 1 && field === "participant") return "participant takes at least one field";
    return `${field} ${message}`;
  });
  return new Problem("INVALID_ARGUMENT", `${[...new Set(details)].join("; ")}.`);
}

/**
 * @typedef {object} RemovalsOptions
 * @property {import("disconnect-if-connected").ConversationClient} [client] carries out the removals in this process
 * @property {import("./queue.js").QueuedDeliveries} [deliveries] a queue for workers, instead of a client
 * @property {Buffer[]} secrets keys of `whsec_` secrets; a signature by any of them is accepted
 * @property {string} [statusToken] a bearer token for GET /v1/removals/{id}, as an alternative to a signature
 * @property {number} [answerWithinMs] default 2500
 * @property {number} [maxAgeMs] default 30000; with a queue, the workers' own applies
 * @property {() => Promise<unknown>} [isReady] rejects if no access token is available
 * @property {() => void} [onDrained] called while the app closes, when the last removal has ended
 */

/** The plugin with all routes. @param {import("fastify").FastifyInstance} app @param {RemovalsOptions} options */
export async function removals(app, options) {
  const { client, secrets, statusToken, answerWithinMs = 2_500, maxAgeMs = 30_000, isReady, onDrained } = options;
  const { deliveries = new Deliveries(remover({ client, maxAgeMs })) } = options;
  const counters = metrics(deliveries);
  // On `app.close()`, the removals under way end and are answered before the server stops listening.
  app.addHook("preClose", async () => {
    await deliveries.drain();
    onDrained?.();
  });

  const ajv = new Ajv({ allErrors: true, strict: false });
  app.setValidatorCompiler(({ schema, httpPart }) => {
    if (httpPart !== "body") return () => true;
    const validate = ajv.compile(schema);
    return (data) => validate(data) || { error: invalid(validate.errors) };
  });
  // The signature covers the bytes, whatever the content type is.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser("*", { parseAs: "buffer" }, (_request, body, parsed) => parsed(null, body));

  app.decorateRequest("webhookId", null);
  app.decorateRequest("bytes", null);
  app.decorateRequest("logFields", null);
  app.addHook("onRequest", async (request) => {
    request.logFields = {};
  });
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    counters.errors.inc({ code: problem.code });
    Object.assign(request.logFields, { code: problem.code });
    if (problem.status >= 500 && problem.cause) Object.assign(request.logFields, { cause: whereOf(problem.cause) });
    return send(reply, problem.answer(request.webhookId ?? undefined));
  });
  app.addHook("onResponse", async (request, reply) => {
    const { method, routeOptions, webhookId: id } = request;
    const fields = { id: id ?? undefined, method, route: routeOptions.url, status: reply.statusCode };
    request.log.info({ ...fields, ms: Math.round(reply.elapsedTime), ...request.logFields }, "answered");
  });

  const sendPending = (reply, id) => {
    const headers = { "Content-Type": "application/json", "Retry-After": String(POLL_AFTER_S) };
    const location = `${app.prefix}/v1/removals/${encodeURIComponent(id)}`;
    return send(reply.header("Location", location), { status: 202, headers, body: { id, status: "pending" } });
  };
  const addToLog = (request, { body }) => {
    const { id, outcome, code, conversationId, participantId, requests, correlationId } = body;
    // The detail of a sender's mistake is not logged: it may quote anything of the request.
    const detail = body.status >= 500 ? body.detail : undefined;
    const fields = { id, outcome, code, detail, conversationId, participantId, requests, correlationId };
    Object.assign(request.logFields, fields);
  };

  await app.register(async (signed) => {
    await signed.register(underPressure, {
      maxEventLoopDelay: 1_000,
      pressureHandler: () => {
        throw new Problem("OVERLOADED", "The event loop is late. Try again with the same webhook-id.");
      },
    });
    signed.addHook("onRequest", async ({ headers }) => {
      headers["content-type"] = "application/octet-stream";
    });
    signed.addHook("preValidation", async (request) => {
      request.bytes = request.body ?? Buffer.alloc(0);
      const { authorization } = request.headers;
      const isRead = request.method === "GET" && bears(statusToken, authorization);
      if (!isRead && authorization && !request.headers["webhook-id"]) {
        throw new Problem("BAD_SIGNATURE", "There is no signature, and the bearer token is not STATUS_TOKEN.");
      }
      if (!isRead) request.webhookId = verify(secrets, request.headers, request.bytes);
      if (request.method !== "POST") return;
      try {
        request.body = JSON.parse(request.bytes.toString("utf8"));
      } catch {
        throw new Problem("NOT_JSON", "The body has to be JSON: { conversationId, participantId | participant }.");
      }
    });

    const post = { bodyLimit: MAX_BODY_BYTES, schema: { headers, body: removal, response: responses } };
    signed.post("/v1/removals", post, async (request, reply) => {
      const { webhookId: id, bytes, body, log } = request;
      const delivery = await deliveries.accept({ id, bytes, body, log });
      const isAsync = /\brespond-async\b/i.test(request.headers.prefer ?? "");
      const answer = delivery.answer ?? (isAsync ? undefined : await delivery.within(answerWithinMs));
      if (!answer) return sendPending(reply, id);
      addToLog(request, answer);
      return send(reply, answer);
    });

    const get = { schema: { headers, security: [{ status: [] }, {}], response: statusResponses } };
    signed.get("/v1/removals/:id", get, async (request, reply) => {
      const { id } = request.params;
      const delivery = await deliveries.get(id);
      if (!delivery) throw new Problem("NOT_FOUND", `No removal ${id} is known: it may be older than 24 hours.`);
      addToLog(request, delivery.answer ?? { body: { id } });
      if (delivery.answer) return send(reply, delivery.answer);
      const headers = { "Content-Type": "application/json", "Retry-After": String(POLL_AFTER_S) };
      return send(reply, { status: 200, headers, body: { id, status: "pending" } });
    });
  });

  app.get("/healthz", { schema: { hide: true } }, async () => ({ status: "ok" }));
  app.get("/readyz", { schema: { hide: true } }, async () => {
    if (deliveries.isDraining) throw shuttingDown();
    try {
      await isReady?.();
    } catch (cause) {
      const detail = cause?.name === "DisconnectError" ? cause.message : "No access token is to be had.";
      throw new Problem("NOT_READY", detail);
    }
    await deliveries.check?.();
    return { status: "ready" };
  });
  app.get("/metrics", { schema: { hide: true } }, async (_request, reply) => {
    return reply.type(counters.registry.contentType).send(await counters.registry.metrics());
  });
}

const send = (reply, { status, headers, body }) => reply.code(status).headers(headers).send(JSON.stringify(body));

/**
 * The whole app.
 * @param {RemovalsOptions & { log?: import("fastify").FastifyBaseLogger, board?: Function }} options `board` is a
 *   plugin
 */
export async function createApp({ log, board, ...options }) {
  const app = Fastify({
    ...(log ? { loggerInstance: log } : {}),
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { connectionsCheckingInterval: 1_000 },
    // A webhook-id may have 256 characters, each of them percent-encoded.
    routerOptions: { maxParamLength: 768 },
    frameworkErrors: (error, _request, reply) => send(reply, new Problem("INVALID_ARGUMENT", error.message).answer()),
    // `removals` logs a selection of fields by itself.
    logController: new LogController({ disableRequestLogging: true }),
    // While it closes, `removals` itself refuses new work.
    return503OnClosing: false,
    forceCloseConnections: "idle",
  });
  await app.register(swagger, {
    openapi: {
      openapi: "3.1.0",
      info: { title: "Removals", version: "1.0.0", description: "Removes one participant from a live conversation." },
      components: { securitySchemes: { status: { type: "http", scheme: "bearer" } } },
    },
  });
  app.setNotFoundHandler((request, reply) => {
    const detail = `There is no ${request.method} ${request.url}.`;
    return send(reply, new Problem("NOT_FOUND", detail).answer());
  });
  // An idle connection, or half a request, would keep the server from closing.
  const onDrained = () => setTimeout(() => app.server.closeAllConnections(), LINGER_MS).unref();
  await app.register(removals, { ...options, onDrained });
  if (board) await app.register(board, { ...options, prefix: "/queue" });
  app.get("/openapi.json", { schema: { hide: true } }, async () => app.swagger());
  return app;
}
