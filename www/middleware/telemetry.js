// Telemetry: metrics for Prometheus, spans for OpenTelemetry, and fields of the log. None of them contains a body, a
// header, a token or a whole error.
import { SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

const tracer = trace.getTracer("disconnect-if-connected");

/**
 * The metrics of one app.
 * @param {import("./deliveries.js").Deliveries | import("./queue.js").QueuedDeliveries} deliveries
 */
export function metrics(deliveries) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: "removals_under_way",
    help: "Removals that are under way",
    registers,
    collect() {
      this.set(deliveries.underWay);
    },
  });
  if (deliveries.state) queueMetrics(registers, deliveries);
  const counters = {
    registry,
    removals: new Counter({ name: "removals_total", help: "Removals by outcome", labelNames: ["outcome"], registers }),
    errors: new Counter({
      name: "errors_total",
      help: "Answers with a problem by code",
      labelNames: ["code"],
      registers,
    }),
    requests: new Counter({
      name: "platform_requests_total",
      help: "HTTP requests to the platform, by each removal that shared them",
      registers,
    }),
    seconds: new Histogram({
      name: "removal_duration_seconds",
      help: "From the webhook to the end of its removal",
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
      registers,
    }),
  };
  deliveries.onEnded = ({ result, problem, requests }, seconds) => {
    if (problem) counters.errors.inc({ code: problem.code });
    else counters.removals.inc({ outcome: result.outcome });
    counters.requests.inc(requests);
    counters.seconds.observe(seconds);
  };
  return counters;
}

/** The metrics of the queue as a whole, which are the same on every server. */
function queueMetrics(registers, deliveries) {
  let pending;
  const state = () => {
    pending ??= deliveries
      .state()
      .catch(() => undefined)
      .finally(() => {
        pending = undefined;
      });
    return pending;
  };
  const gauge = (name, help, labelNames, update) =>
    new Gauge({
      ...{ name, help, labelNames, registers },
      async collect() {
        this.reset();
        update(this, await state());
      },
    });
  gauge("queue_up", "Whether the queue answers", [], (self, now) => self.set(now ? 1 : 0));
  gauge("queue_jobs", "Jobs by state", ["state"], (self, now) => {
    for (const [name, count] of Object.entries(now?.jobs ?? {})) self.set({ state: name }, count);
  });
  gauge("queue_workers", "Workers that are connected", [], (self, now) => {
    if (now) self.set(now.workers);
  });
  gauge("queue_oldest_seconds", "How long the oldest job waits", [], (self, now) => {
    if (now) self.set(now.oldestMs / 1_000);
  });
  new Counter({
    name: "queue_takeovers_total",
    help: "Removals whose worker was gone, since this server's start",
    registers,
    collect() {
      this.reset();
      this.inc(deliveries.takeovers);
    },
  });
}

/**
 * Runs `work` in a span with the outcome of its result or error.
 * @template T
 * @param {{ conversationId: string, participantId?: string }} order
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export function traced({ conversationId, participantId }, work) {
  const attributes = {
    "conversation.id": conversationId,
    ...(participantId ? { "participant.id": participantId } : {}),
  };
  return tracer.startActiveSpan("remove participant", { kind: SpanKind.CLIENT, attributes }, async (span) => {
    try {
      const result = await work();
      span.setAttributes({ "removal.outcome": result.outcome, "removal.requests": result.requests });
      if (result.correlationId) span.setAttribute("platform.correlation_id", result.correlationId);
      return result;
    } catch (error) {
      const { code = "INTERNAL", correlationId } = error ?? {};
      span.setAttribute("error.type", String(code));
      if (correlationId) span.setAttribute("platform.correlation_id", correlationId);
      span.setStatus({ code: SpanStatusCode.ERROR });
      throw error;
    } finally {
      span.end();
    }
  });
}

/** The code of an error of Redis: the word in capitals at its start (`WRONGPASS`, `OOM`). */
export const refusalOf = (error) => /^[A-Z]{3,}\b/.exec(error?.message)?.[0];

/** The fields of an unexpected error that may be logged: where it was thrown, never its message. */
export const whereOf = (error) => ({
  name: error?.name,
  errorCode: error?.code ?? refusalOf(error),
  at: String(error?.stack ?? "")
    .split("\n")
    .filter((line) => /^\s*at /.test(line))
    .slice(0, 5)
    .map((line) => line.trim()),
});
